package segments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fakeStream is a stream in memory.
type fakeStream struct {
	created  time.Time
	first    uint64
	last     uint64
	messages []Stored // by sequence
	reads    int      // messages that were read
}

var streamStart = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func partitionOf(learner string) int { return len(learner) % 2 }

func (f *fakeStream) publish(learner string, size int) {
	f.last++
	s := Stored{Seq: f.last, StoredAt: streamStart.Add(time.Duration(f.last) * time.Second), Learner: learner}
	if size > 0 {
		s.Time = s.StoredAt
		s.Body = bytes.Repeat([]byte{'a' + byte(f.last%26)}, size)
	}
	f.messages = append(f.messages, s)
}

// remove takes messages away, as an erasure does.
func (f *fakeStream) remove(is func(*Stored) bool) {
	var rest []Stored
	for i := range f.messages {
		if !is(&f.messages[i]) {
			rest = append(rest, f.messages[i])
		}
	}
	f.messages = rest
}

func (f *fakeStream) expire(first uint64) {
	f.first = first
	f.remove(func(s *Stored) bool { return s.Seq < first })
}

func (f *fakeStream) Bounds(context.Context) (time.Time, uint64, error) {
	return f.created, f.first, nil
}

func (f *fakeStream) Count(_ context.Context, partition int, from uint64) (n uint64, err error) {
	for i := range f.messages {
		if s := &f.messages[i]; s.Seq >= from && partitionOf(s.Learner) == partition {
			n++
		}
	}
	return n, nil
}

func (f *fakeStream) Read(_ context.Context, partition int, from uint64, each func(*Stored) error) error {
	for i := range f.messages {
		s := &f.messages[i]
		if s.Seq < from || partitionOf(s.Learner) != partition {
			continue
		}
		f.reads++
		if err := each(s); err != nil {
			return err
		}
	}
	return nil
}

// mustAgree refreshes a history and compares it with the stream.
func (f *fakeStream) mustAgree(t *testing.T, h *EventCopy, when string) {
	t.Helper()
	if err := h.Refresh(context.Background(), f, nil); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	for part := range h.Parts() {
		var got, want []string
		err := h.ReadPart(context.Background(), part, func(r *Record) error {
			if len(r.Body) > 0 {
				got = append(got, fmt.Sprintf("%d %s %s %s", r.Seq, r.Learner, r.Arrival.Format(time.RFC3339), r.Body))
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		for i := range f.messages {
			if s := &f.messages[i]; partitionOf(s.Learner) == part && len(s.Body) > 0 {
				want = append(want, fmt.Sprintf("%d %s %s %s", s.Seq, s.Learner, s.Time.Format(time.RFC3339), s.Body))
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%s: part %d holds %d events, want %d", when, part, len(got), len(want))
		}
	}
}

func openHistory(t *testing.T, dir string) *EventCopy {
	t.Helper()
	h, err := OpenEventCopy(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Whatever happens to the stream or to the files, after a refresh the history holds what the stream holds.
func TestHistoryAgreesWithTheStream(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	f := &fakeStream{created: streamStart, first: 1}
	h := openHistory(t, dir)
	publish := func(n int) {
		for range n {
			f.publish([]string{"ada", "bo", "cleo", "d"}[random.IntN(4)], random.IntN(3000))
		}
	}
	publish(400)
	f.mustAgree(t, h, "at first")
	for i := range 60 {
		publish(random.IntN(100))
		when := ""
		switch i % 6 {
		case 0:
			when = "after an erasure"
			f.remove(func(s *Stored) bool { return s.Learner == "bo" })
		case 1:
			when = "after expiry"
			f.expire(f.first + uint64(random.IntN(120)))
		case 2:
			when = "after the process ended within a block"
			file := filepath.Join(dir, "00.zst")
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, whole[:random.IntN(len(whole)+1)], 0o600); err != nil {
				t.Fatal(err)
			}
			h = openHistory(t, dir)
		case 3:
			when = "after the stream was made anew"
			f.created = f.created.Add(time.Hour)
		case 4:
			when = "after the stream went back"
			back := f.last - uint64(random.IntN(20))
			f.remove(func(s *Stored) bool { return s.Seq > back })
			f.last = back
			publish(10)
		case 5:
			when = "after everything expired"
			if i == 5 {
				f.expire(f.last + 1)
			}
		}
		f.mustAgree(t, h, fmt.Sprintf("%d %s", i, when))
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestHistoryReadsOnlyWhatIsNew(t *testing.T) {
	f := &fakeStream{created: streamStart, first: 1}
	dir := t.TempDir()
	h := openHistory(t, dir)
	for range 1000 {
		f.publish("ada", 100)
	}
	f.mustAgree(t, h, "at first")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = openHistory(t, dir)
	defer h.Close()
	f.reads = 0
	f.publish("ada", 100)
	f.mustAgree(t, h, "later")
	if f.reads > 2 { // the last that was taken, and the new one
		t.Errorf("%d messages were read", f.reads)
	}
	if first, last := h.Span(); !first.Equal(streamStart.Add(time.Second)) || !last.Equal(streamStart.Add(1001*time.Second)) {
		t.Errorf("the span is %s to %s", first, last)
	}
}

func TestHistoryThatIsDamagedIsMadeAnew(t *testing.T) {
	f := &fakeStream{created: streamStart, first: 1}
	dir := t.TempDir()
	h := openHistory(t, dir)
	defer h.Close()
	for range 1000 {
		f.publish("ada", 500)
	}
	f.mustAgree(t, h, "at first")
	file, err := os.OpenFile(filepath.Join(dir, "01.zst"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("no such bytes"), headSize+headerSize+20); err != nil {
		t.Fatal(err)
	}
	err = h.ReadPart(context.Background(), 1, func(*Record) error { return nil })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want that it is damaged", err)
	}
	if err := h.Clear(); err != nil {
		t.Fatal(err)
	}
	f.mustAgree(t, h, "after it was cleared")
}

func TestHistoryIsForOneProcessAndTouchesNoOtherFile(t *testing.T) {
	dir := t.TempDir()
	h := openHistory(t, dir)
	if _, err := OpenEventCopy(dir, 2); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want that it is in use", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	const poem = "no part of a history"
	if err := os.WriteFile(filepath.Join(dir, "00.zst"), []byte(poem), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenEventCopy(dir, 2); !errors.Is(err, errForeign) {
		t.Errorf("got %v, want that the file is somebody else's", err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "00.zst")); string(text) != poem || err != nil {
		t.Errorf("the file holds %q, %v", text, err)
	}
}
