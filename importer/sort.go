package importer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/subjects"
)

// sortLines reads NDJSON, appends each event of a learner to its shard, and rejects lines that are no event.
func (run *importRun) sortLines(ctx context.Context, in io.Reader, out *shards, rejected *rejectedLines) error {
	br := bufio.NewReaderSize(in, 1<<16)
	var buf []byte
	for number := 1; ; number++ {
		var err error
		buf, err = readLine(br, buf[:0])
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read line %d: %w", number, err)
		}
		if body := bytes.TrimSpace(buf); len(body) > 0 {
			if err := run.sortLine(inputLine{number: number, body: body}, out, rejected); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		if number%1000 == 0 {
			run.OnRead(int64(number), 0)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
}

// sortLine appends one line to its learner's shard or to the rejected lines.
func (run *importRun) sortLine(l inputLine, out *shards, rejected *rejectedLines) error {
	d, bad := run.decodeEvent(l.body)
	switch {
	case bad.IsIgnored():
		run.result.Ignored++
		return nil
	case bad != nil:
		return rejected.addLine(l, bad)
	case d.Event.Learner == subjects.NoLearner:
		run.result.Platform++
		return nil
	}
	if engine.PreviousOf(&d.Event) != "" {
		run.result.Aliased++
	}
	return out.appendLine(d.Event.Learner, l)
}

// decodeEvent decodes a recorded event. It may have any age; it must not be newer than catalog.MaxAhead from now.
func (run *importRun) decodeEvent(body []byte) (catalog.Decoded, *catalog.DecodeError) {
	d, bad := run.Catalog.Decode("", "", body, time.Time{})
	if bad == nil && d.Event.Time.After(run.Now.Add(catalog.MaxAhead)) {
		bad = &catalog.DecodeError{
			Code:    catalog.CodeBadTime,
			Message: "the event is in the future",
			Hint:    "check the platform's clock",
		}
	}
	return d, bad
}

// readLine appends the next line to buf; what it has beyond the longest body is dropped. At the end of the file the error
// is io.EOF, and the line may hold the last event.
func readLine(br *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		part, err := br.ReadSlice('\n')
		buf = append(buf, part[:min(len(part), catalog.MaxBody+1-min(len(buf), catalog.MaxBody+1))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, err
		}
	}
}
