package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"homeroom/catalog"
	"homeroom/subjects"
)

// manyDrawers is how many parts an import is sorted into: one of them at a time is held in memory.
const manyDrawers = 256

// drawers are temporary files that an import is sorted into by learner, so that each learner's events are taken in
// together, whatever their order. Nobody else can open the files, and they are gone when the process is.
type drawers struct {
	files   [manyDrawers]*os.File
	writers [manyDrawers]*bufio.Writer
	events  int
}

func openDrawers() (*drawers, error) {
	d := &drawers{}
	for i := range d.files {
		f, err := os.CreateTemp("", "homeroom-import-*") // mode 0600
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sorting the import needs room for temporary files; TMPDIR says where: %w", err), d.close())
		}
		_ = os.Remove(f.Name()) // where a file cannot be removed while it is open, close does it
		d.files[i], d.writers[i] = f, bufio.NewWriterSize(f, 16<<10)
	}
	return d, nil
}

func (d *drawers) close() error {
	var errs error
	for _, f := range d.files {
		if f != nil {
			errs = errors.Join(errs, f.Close())
			_ = os.Remove(f.Name())
		}
	}
	return errs
}

// line is one event of an import.
type line struct {
	number int
	body   []byte
}

// put adds an event to its learner's drawer.
func (d *drawers) put(learner string, l line) error {
	h := fnv.New32a()
	h.Write([]byte(learner))
	w := d.writers[h.Sum32()%manyDrawers]
	head := binary.AppendUvarint(nil, uint64(l.number))
	head = binary.AppendUvarint(head, uint64(len(learner)))
	head = append(head, learner...)
	head = binary.AppendUvarint(head, uint64(len(l.body)))
	_, err := w.Write(head)
	if err == nil {
		_, err = w.Write(l.body)
	}
	if err != nil {
		return fmt.Errorf("write a temporary file; TMPDIR says where: %w", err)
	}
	d.events++
	return nil
}

// learners reads a drawer: each learner's events in the order in which they were put in.
func (d *drawers) learners(i int) (map[string][]line, error) {
	err := d.writers[i].Flush()
	if err == nil {
		_, err = d.files[i].Seek(0, io.SeekStart)
	}
	var all []byte
	if err == nil {
		all, err = io.ReadAll(d.files[i])
	}
	if err != nil {
		return nil, fmt.Errorf("read a temporary file: %w", err)
	}
	learners := map[string][]line{}
	number := func() int {
		v, n := binary.Uvarint(all)
		all = all[n:]
		return int(v)
	}
	text := func() []byte {
		n := number()
		s := all[:n:n]
		all = all[n:]
		return s
	}
	for len(all) > 0 {
		l := line{number: number()}
		learner := string(text())
		l.body = text()
		learners[learner] = append(learners[learner], l)
	}
	return learners, nil
}

// sort reads NDJSON, puts what is an event of a learner into drawers, and rejects what is none.
func (run *importing) sort(ctx context.Context, in io.Reader, out *drawers, rejected *rejects, told func(int)) error {
	br := bufio.NewReaderSize(in, 1<<16)
	var buf []byte
	for number := 1; ; number++ {
		var err error
		buf, err = readLine(br, buf[:0])
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read line %d: %w", number, err)
		}
		if body := bytes.TrimSpace(buf); len(body) > 0 {
			if err := run.file(line{number, body}, out, rejected); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		if number%1000 == 0 {
			told(number)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
}

// file puts one line where it belongs.
func (run *importing) file(l line, out *drawers, rejected *rejects) error {
	d, bad := run.decode(l.body)
	switch {
	case bad != nil:
		return rejected.add(l, bad)
	case d.Event.Learner == subjects.NoLearner:
		run.report.Platform++
		return nil
	}
	return out.put(d.Event.Learner, l)
}

// decode reads a recorded event; it may be as old as it likes, and no newer than one that was just published.
func (run *importing) decode(body []byte) (catalog.Decoded, *catalog.DecodeError) {
	d, bad := run.known.Decode("", "", body, time.Time{})
	if bad == nil && d.Event.Time.After(run.now.Add(catalog.MaxAhead)) {
		bad = &catalog.DecodeError{Code: catalog.CodeBadTime, Message: "the event is in the future", Hint: "check the platform's clock"}
	}
	return d, bad
}

// readLine appends the next line to buf; what it has beyond the longest body is dropped. At the end of the file the error
// is io.EOF, and the line may be the last.
func readLine(br *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		part, err := br.ReadSlice('\n')
		buf = append(buf, part[:min(len(part), catalog.MaxBody+1-min(len(buf), catalog.MaxBody+1))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, err
		}
	}
}

// rejects are the lines of an import that cannot be used. The file is made with the first of them, for its owner's eyes
// only: it holds what the lines hold.
type rejects struct {
	path    string
	reasons map[string]int
	file    *os.File
	out     *bufio.Writer
}

func (r *rejects) add(l line, bad *catalog.DecodeError) error {
	if r.file == nil {
		f, err := os.OpenFile(r.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("write the lines that cannot be used; --rejected says where: %w", err)
		}
		r.file, r.out, r.reasons = f, bufio.NewWriter(f), map[string]int{}
	}
	r.reasons[bad.Code]++
	body := l.body
	if len(body) > catalog.MaxBody {
		body = body[:1<<10] // it was cut when it was read
	}
	data, err := json.Marshal(struct {
		Line    int    `json:"line"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
		Body    string `json:"body"` // as it came
	}{l.number, bad.Code, bad.Message, bad.Hint, toText(body)})
	if err == nil {
		_, err = r.out.Write(append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", r.path, err)
	}
	return nil
}

func toText(body []byte) string {
	if utf8.Valid(body) {
		return string(body)
	}
	return string(bytes.ToValidUTF8(body, []byte("\uFFFD")))
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.out.Flush(), r.file.Close())
	r.file = nil
	if err != nil {
		return fmt.Errorf("write %s: %w", r.path, err)
	}
	return nil
}
