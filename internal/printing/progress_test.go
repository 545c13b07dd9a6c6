package printing

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgressIsForTerminals(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	var out bytes.Buffer
	p := NewProgress(IO{Err: &out, Terminal: true, Now: clock}, 100)
	if _, err := p.Reader(strings.NewReader(strings.Repeat("x", 50))).Read(make([]byte, 50)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Second)
	p.Draw(1000)
	p.Draw(2000) // a moment later: not drawn again
	p.Clear()
	want := "\r\x1b[K████████████░░░░░░░░░░░░  50% 1,000 events · 500/s\r\x1b[K"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	out.Reset()
	quiet := NewProgress(IO{Err: &out, Now: clock}, 100)
	quiet.Draw(1000)
	quiet.Clear()
	if out.Len() > 0 {
		t.Errorf("drew %q where nobody looks", out.String())
	}
}
