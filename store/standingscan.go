package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
)

// StandingRange is a part of the bucket of standings: the sequences from First to Last. A standing that is written again goes to the end of the bucket, under a
// sequence above all others, so a scan has seen every standing only when it has read on to the end.
type StandingRange struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"` // inclusive; below First: the range is empty
}

// ScannedStanding is one standing of a scan.
type ScannedStanding struct {
	Learner  string // empty: it was written before standings named their learner
	Standing *engine.Standing
	Sequence uint64
	Damage   error // it cannot be read: Standing is empty
}

// Ranges divides what the bucket of standings holds after a sequence into parts of about the same number of sequences; some may be empty. total is how many
// standings there are, those before the sequence included.
func (s *Standings) Ranges(ctx context.Context, after uint64, parts int) (ranges []StandingRange, total int, err error) {
	info, err := s.bucketInfo(ctx)
	if err != nil {
		return nil, 0, err
	}
	first := max(after+1, info.State.FirstSeq)
	size := max(first, info.State.LastSeq+1) - first
	ranges = make([]StandingRange, parts)
	for i := range ranges {
		ranges[i].First = first + size*uint64(i)/uint64(parts)
		ranges[i].Last = first + size*uint64(i+1)/uint64(parts) - 1
	}
	return ranges, int(info.State.Msgs), nil
}

func (s *Standings) bucketInfo(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	info, err := s.stream.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the bucket %s: %w", s.kv.Bucket(), err)
	}
	return info, nil
}

// Scan calls each with the standings of a range, in the order of their sequences, until there are no more or each returns an error, which it returns. It makes a
// consumer of its own, which the role triggers alone may do; it may not delete one.
func (s *Standings) Scan(ctx context.Context, r StandingRange, each func(ScannedStanding) error) error {
	if r.Last < r.First {
		return nil
	}
	reader := StreamReader{JS: s.js, From: max(1, r.First), LeavesConsumer: true}
	err := reader.Read(ctx, "KV_"+BucketStanding, []string{"$KV." + BucketStanding + ".>"}, func(m Message) error {
		if m.Sequence > r.Last {
			return errRangeEnds
		}
		if len(m.Header["KV-Operation"]) == 0 { // else it was deleted
			one := scannedStanding(m)
			if one.Standing.MergedInto == "" { // else the learner is met under the other id
				if err := each(one); err != nil {
					return err
				}
			}
		}
		if m.Sequence == r.Last {
			return errRangeEnds
		}
		return nil
	})
	if errors.Is(err, errRangeEnds) {
		return nil
	}
	return err
}

// errRangeEnds says that a scan has come to the end of its range.
var errRangeEnds = errors.New("the range ends")

func scannedStanding(m Message) ScannedStanding {
	one := ScannedStanding{Sequence: m.Sequence, Standing: &engine.Standing{}}
	var record standingRecord
	if one.Damage = decodeRecord(m.Data, &record); one.Damage == nil {
		one.Learner = record.Learner
		one.Standing = &record.Standing
	}
	return one
}
