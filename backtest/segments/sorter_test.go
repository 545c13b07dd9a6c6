package segments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

// readSorted reads what a sorter holds: per learner the bodies in order, and the part that they are in.
func readSorted(t *testing.T, s *Sorter) (bodies map[string][]string, parts map[string]int) {
	t.Helper()
	bodies = map[string][]string{}
	parts = map[string]int{}
	for part := range s.Parts() {
		err := s.ReadPart(context.Background(), part, func(r *Record) error {
			learner := string(r.Learner)
			if before, known := parts[learner]; known && before != part {
				t.Errorf("learner %s is in parts %d and %d", learner, before, part)
			}
			parts[learner] = part
			bodies[learner] = append(bodies[learner], fmt.Sprintf("%d %s %s", r.Seq, r.Arrival.Format(time.RFC3339), r.Body))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return bodies, parts
}

func TestSorterKeepsLearnersTogetherAndInOrder(t *testing.T) {
	for _, budget := range []int{0, 1000} { // in memory, and mostly in files
		s, err := NewSorter(SorterOptions{Dir: t.TempDir(), Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
		want := map[string][]string{}
		for i := range 5000 {
			learner := fmt.Sprintf("u_%d", i*i%97)
			r := Record{Learner: []byte(learner), Seq: uint64(i), Arrival: start.Add(time.Duration(i) * time.Minute), Body: fmt.Appendf(nil, `{"n":%d}`, i)}
			if err := s.Add(&r); err != nil {
				t.Fatal(err)
			}
			want[learner] = append(want[learner], fmt.Sprintf("%d %s %s", r.Seq, r.Arrival.Format(time.RFC3339), r.Body))
		}
		got, _ := readSorted(t, s)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("budget %d: the events of a learner are missing or out of order", budget)
		}
		if first, last := s.Span(); s.Events() != 5000 || !first.Equal(start) || !last.Equal(start.Add(4999*time.Minute)) {
			t.Errorf("budget %d: %d events from %s to %s", budget, s.Events(), first, last)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A damaged file is an error, whatever is damaged, and never an event that nobody recorded.
func TestDamagedBlocks(t *testing.T) {
	enc, err := newEncoder()
	if err != nil {
		t.Fatal(err)
	}
	dec, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var b block
	for i := range 20 {
		b.add(&Record{Learner: []byte("u_1"), Seq: uint64(i), Arrival: time.Unix(int64(i), 0), Body: []byte(`{"id":"1"}`)})
	}
	var whole bytes.Buffer
	if err := b.writeTo(&whole, enc); err != nil {
		t.Fatal(err)
	}
	read := func(r io.Reader) (n int, err error) {
		err = eachBlock(context.Background(), r, dec, func(_ blockHeader, records []byte) error {
			return eachRecord(records, func(*Record) error {
				n++
				return nil
			})
		})
		return n, err
	}
	if n, err := read(bytes.NewReader(whole.Bytes())); n != 20 || err != nil {
		t.Fatalf("read %d records, %v", n, err)
	}
	for length := 1; length < whole.Len(); length++ {
		if n, err := read(bytes.NewReader(whole.Bytes()[:length])); n != 0 || !errors.Is(err, errDamaged) {
			t.Errorf("cut to %d bytes: %d records, %v", length, n, err)
		}
	}
	for at := headerSize; at < whole.Len(); at++ {
		damaged := bytes.Clone(whole.Bytes())
		damaged[at] ^= 0x55
		if n, err := read(bytes.NewReader(damaged)); err == nil && n != 20 || err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("byte %d changed: %d records, %v", at, n, err)
		}
	}
}

func FuzzEachRecord(f *testing.F) {
	f.Add(appendRecord(nil, &Record{Learner: []byte("u_1"), Seq: 7, Arrival: time.Unix(1, 2), Body: []byte("{}")}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		err := eachRecord(data, func(r *Record) error {
			again = appendRecord(again, r)
			return nil
		})
		if err != nil && !errors.Is(err, errDamaged) {
			t.Fatal(err)
		}
	})
}
