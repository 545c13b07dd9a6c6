package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// What needs a server is tested in setup_test.go and its neighbors.

func TestWhatDiffers(t *testing.T) {
	events := Options{}.Streams()[0]
	for _, tc := range []struct {
		name   string
		change func(*jetstream.StreamConfig)
		want   string // part of what is said; empty: it will do
	}{
		{"nothing", func(c *jetstream.StreamConfig) {}, ""},
		{"replicas and age are the operator's", func(c *jetstream.StreamConfig) {
			c.Replicas = 3
			c.MaxAge = 24 * time.Hour
			c.Discard = jetstream.DiscardNew
			c.MaxMsgSize = 1 << 20
		}, ""},
		{"so many bytes", func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 30 }, "`nats stream edit LEARNING --max-bytes=-1`"},
		{"so many messages", func(c *jetstream.StreamConfig) { c.MaxMsgs = 1000 }, "`nats stream edit LEARNING --max-msgs=-1`"},
		{"so many messages, and new ones are refused", func(c *jetstream.StreamConfig) {
			c.MaxMsgs = 1000
			c.Discard = jetstream.DiscardNew
		}, "max_msgs is 1000"},
		{"less than a day", func(c *jetstream.StreamConfig) { c.MaxAge = 23 * time.Hour }, "`nats stream edit LEARNING --max-age=30d`"},
		{"small messages only", func(c *jetstream.StreamConfig) { c.MaxMsgSize = 1<<20 - 1 }, "`nats stream edit LEARNING --max-msg-size=-1`"},
		{"in memory", func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage }, "lost with the server"},
		{"other subjects", func(c *jetstream.StreamConfig) { c.Subjects = []string{"events.>"} }, "subjects is [events.>], needed is [learning.*.>]"},
		{"no transform", func(c *jetstream.StreamConfig) { c.SubjectTransform = nil }, "subject transform is none"},
		{"other partitions", func(c *jetstream.StreamConfig) {
			c.SubjectTransform = &jetstream.SubjectTransformConfig{Source: "learning.*.>", Destination: "learning.{{partition(4,1)}}.{{wildcard(1)}}.>"}
		}, "partition(4,1)"},
		{"a work queue", func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy }, "retention"},
		{"a short duplicates window", func(c *jetstream.StreamConfig) { c.Duplicates = time.Second }, "duplicates window is 1s, needed is at least 2m0s: `nats stream edit LEARNING --dupe-window=2m0s`"},
		{"a mirror", func(c *jetstream.StreamConfig) { c.Mirror = &jetstream.StreamSource{Name: "OTHER"} }, "another stream"},
		{"without acknowledgements", func(c *jetstream.StreamConfig) { c.NoAck = true }, "`nats stream edit LEARNING --ack`"},
		{"sealed", func(c *jetstream.StreamConfig) { c.Sealed = true }, "sealed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			have := events
			tc.change(&have)
			got := JoinDifferences(Differences(events, have))
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("said %q, want %q", got, tc.want)
			}
		})
	}
}

// Nobody is told to remove a stream that something else mends: the events would be lost with it. And a stream in memory is not taken for somebody else's.
func TestWhatAnEditMendsIsNotToBeRemoved(t *testing.T) {
	needed := (Options{Replicas: 1}).Streams()[0]
	limited := needed
	limited.MaxMsgs = 1000
	inMemory := needed
	inMemory.Storage = jetstream.MemoryStorage
	for _, have := range []jetstream.StreamConfig{limited, inMemory} {
		if advice := DifferencesAdvice(Differences(needed, have)); !strings.Contains(advice, "remove nothing else") || strings.Contains(advice, "another NATS account") {
			t.Errorf("of %v it says %q", Differences(needed, have), advice)
		}
	}
	other := limited
	other.Subjects = []string{"events.>"}
	if advice := DifferencesAdvice(Differences(needed, other)); !strings.Contains(advice, "another NATS account") || !strings.Contains(advice, "nats stream backup") {
		t.Errorf("of a stream of another shape it says %q", advice)
	}
}

// A bucket that keeps more revisions than are needed, or all, is fine: to limit it would remove some.
func TestABucketMayKeepMoreHistory(t *testing.T) {
	for _, needed := range (Options{Replicas: 1}).Streams() {
		if needed.MaxMsgsPerSubject <= 1 {
			continue
		}
		for history, want := range map[int64]int{-1: 0, 64: 0, 1: 1} {
			have := needed
			have.MaxMsgsPerSubject = history
			if diffs := Differences(needed, have); len(diffs) != want {
				t.Errorf("%s with a history of %d: %v", needed.Name, history, diffs)
			}
		}
	}
}

func TestNoBucketAnswersFromAReplica(t *testing.T) {
	for _, c := range (Options{Replicas: 3}).Streams() {
		if strings.HasPrefix(c.Name, "KV_") && c.AllowDirect {
			t.Errorf("%s allows direct reads", c.Name)
		}
	}
}

// The values are what nats-server 2.15 stored; setup_test.go compares more with a live one.
func TestPartitionOf(t *testing.T) {
	if got := PartitionOf("u_42"); got != 11 {
		t.Errorf("PartitionOf(u_42) = %d, want 11", got)
	}
	for i := range 1000 {
		if p := PartitionOf(fmt.Sprintf("auth0|%d", i)); p < 0 || p >= subjects.Partitions {
			t.Fatalf("partition %d", p)
		}
	}
}

func TestABundleComesBack(t *testing.T) {
	want := Bundle{Hash: "abcdef12", Files: map[string][]byte{"rules/a.yaml": []byte("rule: a\n"), "empty": {}}, Author: "ada", Note: "first", At: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	packed, err := packBundle(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpackBundle(packed, want.Hash)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bundle (-want +got):\n%s", diff)
	}
	if _, err := unpackBundle(packed[:len(packed)/2], want.Hash); err == nil {
		t.Error("half a bundle was read without an error")
	}
}

func TestTheCacheForgetsWhatWasUnusedLongest(t *testing.T) {
	l := newLRU[int](2)
	l.put("a", 1)
	l.put("b", 2)
	if v, ok := l.take("a"); !ok || v != 1 {
		t.Errorf("take(a) = %d, %v", v, ok)
	}
	if _, ok := l.take("a"); ok {
		t.Error("a value was given to two")
	}
	l.put("a", 3)
	l.put("c", 4)
	if _, ok := l.take("b"); ok {
		t.Error("b should have been forgotten")
	}
	if v, _ := l.take("a"); v != 3 {
		t.Errorf("a = %d, want 3", v)
	}
}

func FuzzUnpack(f *testing.F) {
	seed, err := packBundle(Bundle{Hash: "abcdef12"})
	f.Add(seed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err != nil {
			t.Fatal(errors.Unwrap(err))
		}
		_, _ = unpackBundle(data, "abcdef12")
	})
}
