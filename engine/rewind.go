package engine

import "time"

// Rewind says that the stream gave a sequence out again: NATS went back to older files.
type Rewind struct {
	From   uint64    // the learner's last sequence before
	FromAt time.Time // when the stream stored the event under it
	To     uint64    // the sequence that was given out again
	At     time.Time // when the stream stored the event under it
}

// FindRewind returns the first rewind that a learner's new inputs show; found is false if they show none. A process that was started after the stream had
// gone back knows nothing of what was stored before, but each learner's state does.
func FindRewind(st *State, inputs []Input) (r Rewind, found bool) {
	seq := st.Seq
	at := st.SeqAt
	for _, in := range inputs {
		ev := in.Event
		switch {
		case ev == nil || ev.Seq == 0:
		case ev.Stream != st.Stream: // it was made anew, and counts from the beginning
			return Rewind{}, false
		case ev.Seq > seq:
			seq = ev.Seq
			at = ev.StoredAt
		case !at.IsZero() && ev.StoredAt.After(at):
			return Rewind{
				From:   seq,
				FromAt: at,
				To:     ev.Seq,
				At:     ev.StoredAt,
			}, true
		}
	}
	return Rewind{}, false
}
