package deadletters

import (
	"context"

	"homeroom/store"
)

// Find returns the sequences of the letters of a selection. It reads no bodies. OnRead hears how many letters have been read;
// it may be nil.
func (d *DeadLetters) Find(ctx context.Context, s Selection, onRead func(done, total int64)) ([]uint64, error) {
	var found []uint64
	err := d.eachSelected(ctx, store.StreamReader{HeadersOnly: true, OnRead: onRead}, s, func(l Letter) error {
		found = append(found, l.Sequence)
		return nil
	})
	return found, err
}

// Purge deletes letters for good and returns how many it deleted, with an error too. The events themselves stay in the
// stream of events as long as it keeps them.
func (d *DeadLetters) Purge(ctx context.Context, sequences []uint64) (deleted int, err error) {
	for _, seq := range sequences {
		if err := d.store.Delete(ctx, seq); err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}
