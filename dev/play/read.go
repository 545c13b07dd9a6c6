package play

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"homeroom/dev/instance"
	"homeroom/simulate"
)

// maxLine is the longest line that is read, in bytes. NATS does not take longer messages either.
const maxLine = 8 << 20

// Recording is the events of a file, ready to be published.
type Recording struct {
	Messages []instance.Message
	Learners map[string]bool
	// Unpublishable counts the lines without a learner or an event name, which have no subject to be published on.
	Unpublishable int
}

// Read reads NDJSON, gzipped or not. Each line is published as it stands, at its time or, if that is earlier, at the time
// of the line before it: the order of the file is the order of the stream.
func Read(r io.Reader) (*Recording, error) {
	plain, err := simulate.Decompress(r)
	if err != nil {
		return nil, err
	}
	rec := &Recording{Learners: map[string]bool{}}
	scan := bufio.NewScanner(plain)
	scan.Buffer(make([]byte, 1<<16), maxLine)
	var at time.Time
	for n := 1; scan.Scan(); n++ {
		line := bytes.TrimSpace(scan.Bytes())
		if len(line) == 0 {
			continue
		}
		var head struct {
			ID      string `json:"id"`
			Event   string `json:"event"`
			Learner string `json:"learner_id"`
			Time    string `json:"time"`
		}
		if json.Unmarshal(line, &head) != nil || head.Event == "" || head.Learner == "" {
			rec.Unpublishable++
			continue
		}
		if t, err := time.Parse(time.RFC3339, head.Time); err == nil && t.After(at) {
			at = t
		}
		if head.ID == "" {
			head.ID = fmt.Sprintf("line-%d", n)
		}
		rec.Learners[head.Learner] = true
		rec.Messages = append(rec.Messages, instance.Message{
			Learner: head.Learner,
			Event:   head.Event,
			ID:      head.ID,
			Body:    bytes.Clone(line),
			At:      at,
		})
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("reading the events: %w", err)
	}
	if len(rec.Messages) == 0 || at.IsZero() {
		return nil, fmt.Errorf("there are no events with a time; each line needs a \"time\" in RFC 3339")
	}
	for i := range rec.Messages {
		if rec.Messages[i].At.IsZero() { // lines before the first time
			rec.Messages[i].At = rec.Messages[len(rec.Messages)-1].At
		}
	}
	return rec, nil
}

// End is the time of the last event.
func (r *Recording) End() time.Time { return r.Messages[len(r.Messages)-1].At }
