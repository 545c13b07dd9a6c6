package simulate_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"strings"
	"testing"

	"homeroom/catalog"
	"homeroom/simulate"
)

// FuzzRun: whatever a recording holds, every line is an event or a dead letter, and the result does not depend on how many
// goroutines read it.
func FuzzRun(f *testing.F) {
	known, err := catalog.Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(story))
	f.Add([]byte(strings.ReplaceAll(story, "\n", "\r\n")))
	f.Add([]byte("\n\n{}\n[]\n\x00\nnull"))
	f.Add([]byte("\x1f\x8b\x08\x00broken"))
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(story)); err != nil || w.Close() != nil {
		f.Fatal("cannot zip")
	}
	f.Add(zipped.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		var reports []*simulate.Result
		for _, workers := range []int{1, 3} {
			r, err := simulate.Decompress(bytes.NewReader(data))
			if err != nil {
				return
			}
			report, err := simulate.Run(context.Background(), &bounded{r, 256 << 10}, simulate.Options{
				Ruleset:     ruleset(),
				Decoder:     known,
				Workers:     workers,
				SummaryOnly: true,
			})
			if err != nil {
				return // a broken archive; the engine misbehaving would be found below
			}
			reports = append(reports, report)
		}
		one := reports[0].Summary
		three := reports[1].Summary
		if one.Events != three.Events || len(reports[0].DeadLetters) != len(reports[1].DeadLetters) {
			t.Errorf("one goroutine found %d events and %d dead letters, three %d and %d", one.Events, len(reports[0].DeadLetters), three.Events, len(reports[1].DeadLetters))
		}
		for _, dead := range reports[0].DeadLetters {
			if dead.Line < 1 || dead.Err.Code == "" {
				t.Errorf("a dead letter without a place or a reason: %+v", dead)
			}
		}
	})
}

var errTooMuch = errors.New("more than this test reads")

// bounded ends after `left` bytes: an archive may hold a thousand times its size.
type bounded struct {
	from interface{ Read([]byte) (int, error) }
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
