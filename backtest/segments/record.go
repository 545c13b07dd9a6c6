package segments

import (
	"encoding/binary"
	"errors"
	"time"
)

// Record is one recorded event. Its slices are parts of the block it was read from and stay valid.
type Record struct {
	Learner []byte
	Seq     uint64    // orders the events of a learner
	Arrival time.Time // when the event was taken in
	Body    []byte    // native, with learner and event; empty: the message is counted, and no event can be read in it
}

// ErrInUse says that another process has an event copy.
var ErrInUse = errors.New("another process uses this folder: give each process one of its own")

// errDamaged says that a block does not hold what its header promises.
var errDamaged = errors.New("a file of recorded events is damaged")

// appendRecord writes a record behind what is in room.
func appendRecord(room []byte, r *Record) []byte {
	room = binary.AppendUvarint(room, r.Seq)
	room = binary.AppendVarint(room, r.Arrival.UnixNano())
	room = binary.AppendUvarint(room, uint64(len(r.Learner)))
	room = append(room, r.Learner...)
	room = binary.AppendUvarint(room, uint64(len(r.Body)))
	return append(room, r.Body...)
}

// eachRecord calls each with every record of a block that is not compressed.
func eachRecord(block []byte, each func(*Record) error) error {
	rest := block
	for len(rest) > 0 {
		var r Record
		var n int
		if r.Seq, n = binary.Uvarint(rest); n <= 0 {
			return errDamaged
		}
		rest = rest[n:]
		nanos, n := binary.Varint(rest)
		if n <= 0 {
			return errDamaged
		}
		r.Arrival = time.Unix(0, nanos).UTC()
		rest = rest[n:]
		var ok bool
		if r.Learner, rest, ok = cutText(rest); !ok {
			return errDamaged
		}
		if r.Body, rest, ok = cutText(rest); !ok {
			return errDamaged
		}
		if err := each(&r); err != nil {
			return err
		}
	}
	return nil
}

// cutText takes a text with its length before it from the front of data.
func cutText(data []byte) (text, rest []byte, ok bool) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return nil, nil, false
	}
	end := n + int(size)
	return data[n:end:end], data[end:], true
}
