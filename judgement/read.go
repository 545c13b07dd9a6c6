package judgement

import (
	"context"
	"io"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
)

// Read calls each with every event that has a learner in a recording of NDJSON, gzipped or not, in the order of the lines, and with when a stream would have taken it in. What cannot be
// read as an event is left out: it is a dead letter. onRead hears how many events have been read; it may be nil.
func Read(ctx context.Context, events io.Reader, dec simulate.Decoder, onRead func(events int), each func(ev *engine.Event, stored time.Time)) error {
	lines, err := simulate.Decompress(events)
	if err != nil {
		return err
	}
	var d catalog.Decoded
	_, err = simulate.Scan(ctx, lines, simulate.ScanOptions{Decoder: dec, Progress: onRead}, func(s *simulate.Scanned) error {
		if problem := simulate.DecodeRecorded(dec, &d, s.Body, s.Arrival); problem == nil {
			each(&d.Event, s.Arrival)
		}
		return nil
	})
	return err
}
