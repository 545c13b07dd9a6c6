package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"homeroom/catalog"
)

// rejectedLines writes the lines of an import that cannot be used. The output is opened with the first of them.
type rejectedLines struct {
	open    func() (io.WriteCloser, error)
	reasons map[string]int
	file    io.WriteCloser
	out     *bufio.Writer
}

func (r *rejectedLines) addLine(l inputLine, bad *catalog.DecodeError) error {
	if r.file == nil {
		file, err := r.open()
		if err != nil {
			return err
		}
		r.file = file
		r.out = bufio.NewWriter(file)
		r.reasons = map[string]int{}
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
	}{l.number, bad.Code, bad.Message, bad.Hint, string(bytes.ToValidUTF8(body, []byte("\uFFFD")))})
	if err == nil {
		_, err = r.out.Write(append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write a rejected line: %w", err)
	}
	return nil
}

// close may be called more than once.
func (r *rejectedLines) close() error {
	if r.file == nil {
		return nil
	}
	err := errors.Join(r.out.Flush(), r.file.Close())
	r.file = nil
	if err != nil {
		return fmt.Errorf("write the rejected lines: %w", err)
	}
	return nil
}
