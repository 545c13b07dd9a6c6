package securitytest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// TestLimitsAtTheBoundary publishes what is just allowed and what is just too much, as the platform does, and looks at what was
// handed over and what became a dead letter.
func TestLimitsAtTheBoundary(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	handed := runTriggers(t, f)
	_, platform := f.Connect("platform")
	tests := []struct {
		name   string
		body   string
		reason string // of the dead letter; empty: it is handed over
	}{
		{"256 KB", eventOfSize(t, catalog.MaxBody), ""},
		{"a byte more", eventOfSize(t, catalog.MaxBody+1), catalog.CodeTooLarge},
		{"as much as NATS takes", eventOfSize(t, 1<<20), catalog.CodeTooLarge},
		{"200 properties", eventWithEntries("properties", catalog.MaxEntries-2), ""}, // two are there anyway
		{"201 properties", eventWithEntries("properties", catalog.MaxEntries-1), catalog.CodeTooComplex},
		{"200 traits", eventWithEntries("traits", catalog.MaxEntries), ""},
		{"201 traits", eventWithEntries("traits", catalog.MaxEntries+1), catalog.CodeTooComplex},
		{"8 deep", nestedEvent(catalog.MaxNesting - 2), ""}, // the body and its properties are two
		{"9 deep", nestedEvent(catalog.MaxNesting - 1), catalog.CodeTooComplex},
		{"40,000 deep", nestedEvent(40_000), catalog.CodeTooComplex},
		{"an id of 128 bytes", fmt.Sprintf(`{"id":%q,"properties":{"lesson_id":"l","course_id":"c"}}`, strings.Repeat("x", catalog.MaxID)), ""},
		{"an id of 129 bytes", fmt.Sprintf(`{"id":%q,"properties":{"lesson_id":"l","course_id":"c"}}`, strings.Repeat("x", catalog.MaxID+1)), catalog.CodeBadID},
		{"a key of 256 bytes", fmt.Sprintf(`{"id":"k","properties":{"lesson_id":%q,"course_id":"c"}}`, strings.Repeat("x", catalog.MaxKey)), ""},
		{"a key of 257 bytes", fmt.Sprintf(`{"id":"k","properties":{"lesson_id":%q,"course_id":"c"}}`, strings.Repeat("x", catalog.MaxKey+1)), catalog.CodeBadID},
	}
	dead, err := operator.Stream(deadlineOf(t), subjects.DeadStream)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			learner := fmt.Sprintf("u_%d", i)
			if _, err := platform.Publish(deadlineOf(t), subjects.Publish(learner, "lesson.completed"), []byte(tt.body)); err != nil {
				t.Fatal(err)
			}
			reason := ""
			awaitCondition(t, "the event to be settled", func() bool {
				msg, err := dead.GetLastMsgForSubject(t.Context(), subjects.Dead(learner, "lesson.completed"))
				if err == nil {
					reason = msg.Header.Get(triggers.HeaderReason)
				}
				return err == nil || handed.has(learner)
			})
			if reason != tt.reason {
				t.Errorf("the reason is %q, want %q", reason, tt.reason)
			}
		})
	}
	nc, _ := f.Connect("platform")
	if err := nc.Publish("learning.u_42.lesson.completed", make([]byte, 1<<20+1)); err != nats.ErrMaxPayload {
		t.Errorf("more than a megabyte: %v, want %v", err, nats.ErrMaxPayload)
	}
}

// TestAForgedHeaderDoesNotStopAPartition: consumers are pinned to one replica by a header that the server writes into what it
// delivers. A publisher who writes it into an event must not be able to confuse them: who asks the server under a pin that is none gets
// nothing until PinTTL is over, which in this test is after its end.
func TestAForgedHeaderDoesNotStopAPartition(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	f.Setup()
	handed := runTriggers(t, f, func(o *triggers.Options) { o.PinTTL = time.Hour })
	_, platform := f.Connect("platform")
	for i := range 6 {
		msg := nats.NewMsg(subjects.Publish("u_42", "lesson.completed"))
		msg.Data = fmt.Appendf(nil, `{"id":"e%d","properties":{"lesson_id":"l%d","course_id":"c"}}`, i, i)
		msg.Header.Set("Nats-Pin-Id", fmt.Sprintf("forged-%d", i/2))
		if _, err := platform.PublishMsg(deadlineOf(t), msg); err != nil {
			t.Fatal(err)
		}
		awaitCondition(t, "the event after a forged header", func() bool { return handed.count("u_42") == i+1 })
	}
}

// TestAnEventThatLooksLikeAnAnswerOfTheServer: under the rights that triggers have, it is read from the stream and becomes a dead letter.
func TestAnEventThatLooksLikeAnAnswerOfTheServer(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	f.Setup()
	handed := runTriggers(t, f, func(o *triggers.Options) { o.AckWait = 2 * time.Second })
	_, platform := f.Connect("platform")
	msg := nats.NewMsg(subjects.Publish("u_42", "lesson.completed"))
	msg.Header.Set("Status", "409")
	msg.Header.Set("Description", "Consumer Deleted")
	if _, err := platform.PublishMsg(deadlineOf(t), msg); err != nil {
		t.Fatal(err)
	}
	if _, err := platform.Publish(deadlineOf(t), subjects.Publish("u_42", "lesson.completed"), []byte(`{"id":"e","properties":{"lesson_id":"l","course_id":"c"}}`)); err != nil {
		t.Fatal(err)
	}
	_, operator := f.Connect("operator")
	awaitCondition(t, "the dead letter", func() bool {
		dead, err := operator.Stream(deadlineOf(t), subjects.DeadStream)
		return err == nil && dead.CachedInfo().State.Msgs == 1
	})
	awaitCondition(t, "the event after it", func() bool { return handed.count("u_42") == 1 })
}

// handed counts the events that triggers handed to the workflow service, by learner.
type handed struct {
	mu sync.Mutex
	by map[string]int
}

// HandOver implements triggers.Starter.
func (h *handed) HandOver(_ context.Context, b triggers.Batch) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.by[b.Learner] += len(b.Events)
	return nil
}

func (h *handed) has(learner string) bool { return h.count(learner) > 0 }

func (h *handed) count(learner string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.by[learner]
}

// runTriggers runs triggers as the user homeroom-triggers, with options that the test may change. At the end of the test nothing may have been refused.
func runTriggers(t *testing.T, f *natstest.Accounts, tune ...func(*triggers.Options)) *handed {
	t.Helper()
	_, js := f.Connect("homeroom-triggers")
	st, err := store.Open(deadlineOf(t), js, store.OpenOptions{Secret: []byte("a secret of the test")})
	if err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	rules := &engine.Ruleset{Hash: "test", Rules: []*engine.Rule{{Name: "r", When: engine.Trigger{Match: engine.Match{Event: "lesson.completed"}}}}}
	h := &handed{by: map[string]int{}}
	opts := triggers.Options{
		JS:         js,
		Catalog:    func() *catalog.Catalog { return cat },
		Ruleset:    func() *engine.Ruleset { return rules },
		Starter:    h,
		Standings:  st.Standings,
		Profiles:   st.Profiles,
		Watermarks: st.Control,
		Grace:      time.Second,
	}
	for _, change := range tune {
		change(&opts)
	}
	tr, err := triggers.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tr.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		st.Control.Close()
		if refused := f.Refused(); len(refused) > 0 {
			t.Errorf("the server refused %q", refused)
		}
	})
	return h
}

// eventOfSize is an event of exactly n bytes.
func eventOfSize(t *testing.T, n int) string {
	t.Helper()
	const frame = `{"id":"s","properties":{"lesson_id":"l","course_id":"c","note":""}}`
	body := strings.Replace(frame, `""`, `"`+strings.Repeat("x", n-len(frame))+`"`, 1)
	if len(body) != n || !json.Valid([]byte(body)) {
		t.Fatalf("the body has %d bytes, want %d", len(body), n)
	}
	return body
}

// eventWithEntries is an event with n more entries in its traits or properties.
func eventWithEntries(where string, n int) string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = fmt.Sprintf(`"p%d":%d`, i, i)
	}
	if where == "traits" {
		return `{"id":"w","properties":{"lesson_id":"l","course_id":"c"},"traits":{` + strings.Join(entries, ",") + `}}`
	}
	return `{"id":"w","properties":{"lesson_id":"l","course_id":"c",` + strings.Join(entries, ",") + `}}`
}

// nestedEvent is an event with a property of n objects inside one another.
func nestedEvent(n int) string {
	return `{"id":"n","properties":{"lesson_id":"l","course_id":"c","deep":` + strings.Repeat(`{"a":`, n-1) + `{}` + strings.Repeat("}", n-1) + `}}`
}
