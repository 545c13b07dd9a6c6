package api

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
)

// Limits of a request.
const (
	MaxRequest = 16 << 20 // bytes of a body, before and after it is decompressed
	MaxItems   = 10_000   // events in a request
)

// DefaultMaxHeld is how many bytes of bodies a process holds at once.
const DefaultMaxHeld = 256 << 20

// heldBytes counts the bytes of bodies that are held, of all requests together, so that many large ones at once do not use up
// the memory. A slow client holds what it has sent and no more.
type heldBytes struct {
	most int64
	now  atomic.Int64
}

// errTooMuchHeld says that there is no room for more of a body.
var errTooMuchHeld = errors.New("too many bodies at once")

// share is what one request holds.
type share struct {
	of   *heldBytes
	held int64
}

func (s *share) add(n int) error {
	s.held += int64(n)
	if s.of.now.Add(int64(n)) > s.of.most {
		return errTooMuchHeld
	}
	return nil
}

func (s *share) release() { s.of.now.Add(-s.held) }

// errTooLarge says that a body exceeds MaxRequest.
var errTooLarge = errors.New("the body is too large")

// errSignedTooLarge says that a signed body exceeds maxSigned.
var errSignedTooLarge = errors.New("the signed body is too large")

// clientReader reads what a client sends, and remembers the error with which that ended, so that it is not taken for one of
// what it holds.
type clientReader struct {
	from io.Reader
	left int64
	err  error
}

// Read implements io.Reader.
func (c *clientReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		c.err = errTooLarge
		return 0, c.err
	}
	n, err := c.from.Read(p)
	if c.left -= int64(n); err == nil && c.left <= 0 {
		return n, nil
	}
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// readBody reads and decompresses the body of a request.
func readBody(r *http.Request, held *share) ([]byte, *problem) {
	zipped, p := isZipped(r)
	if p != nil {
		return nil, p
	}
	if r.ContentLength > MaxRequest {
		return nil, describeReadError(errTooLarge, nil)
	}
	client := &clientReader{from: r.Body, left: MaxRequest + 1}
	var from io.Reader = client
	if zipped {
		unzip, err := gzip.NewReader(client)
		if err != nil {
			return nil, describeReadError(client.err, err)
		}
		from = unzip
	}
	body, err := readAll(from, int(max(0, r.ContentLength)), held)
	if err != nil {
		return nil, describeReadError(client.err, err)
	}
	if !zipped && bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return nil, newProblem(http.StatusBadRequest, codeEncoding, "the body is compressed with gzip, and no header says so", "add the header Content-Encoding: gzip")
	}
	return body, nil
}

// isZipped reports whether the headers say that the body is compressed.
func isZipped(r *http.Request) (bool, *problem) {
	encoding := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ",")))
	switch encoding {
	case "", "identity":
		return false, nil
	case "gzip", "x-gzip":
		return true, nil
	}
	return false, newProblem(http.StatusUnsupportedMediaType, codeEncoding, "a body may be compressed with gzip only", "send it with Content-Encoding: gzip, or without compression")
}

// readSize is how much is asked of a body at least.
const readSize = 32 << 10

// readAll reads to the end, at most MaxRequest bytes. hint is how many bytes are expected; what a client announces is not
// believed beyond readSize, so that it holds no memory without having sent anything.
func readAll(from io.Reader, hint int, held *share) ([]byte, error) {
	body := make([]byte, 0, min(hint+1, readSize))
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if len(body) > MaxRequest {
			return nil, errTooLarge
		}
		if full := held.add(n); full != nil {
			return nil, full
		}
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// describeReadError says why a body could not be read: by the client's fault, or by what it holds.
func describeReadError(client, content error) *problem {
	var corrupt flate.CorruptInputError
	var signed *http.MaxBytesError
	switch err := errors.Join(client, content); {
	case errors.Is(err, errSignedTooLarge), errors.As(err, &signed):
		return newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("the signed body has more than %d MB", maxSigned>>20), "send smaller batches")
	case errors.Is(err, errTooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("the body has more than %d MB, compressed or not", MaxRequest>>20), "send smaller batches")
	case errors.Is(err, errTooMuchHeld):
		p := newProblem(http.StatusServiceUnavailable, codeBusy, "too many large requests are being read", "send it again a little later")
		p.retry = retryBusy
		return p
	case errors.Is(client, os.ErrDeadlineExceeded):
		return newProblem(http.StatusRequestTimeout, codeSlow, "the body did not come in time", "send smaller batches, or send them faster")
	case client != nil:
		return newProblem(http.StatusBadRequest, codeUnreadable, "the body ended before it was complete", "send it again")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return newProblem(http.StatusBadRequest, codeEncoding, "the header says that the body is compressed with gzip, and it is not, or not wholly", "compress it, or leave out Content-Encoding")
	}
	return newProblem(http.StatusBadRequest, codeUnreadable, "the body could not be read", "send it again")
}
