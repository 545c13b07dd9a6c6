package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/subjects"
	"homeroom/triggers"
)

// badInput is what a platform may publish by mistake, and the reason its dead letter gives.
var badInput = []struct {
	about   string
	subject string
	body    string
	reason  string
	hint    string // part of what it says besides
}{
	{"no JSON", "learning.bad.assessment.graded", `{"id": "b1", "properties": {`, "unreadable", ""},
	{"no object", "learning.bad.assessment.graded", `[1, 2]`, "unreadable", ""},
	{"nothing at all", "learning.bad.assessment.graded", ``, "unreadable", ""},
	{"text for a truth value", "learning.bad.assessment.graded", `{"id":"b2","properties":{"assessment_id":"q","score_pct":4,"passed":"no"}}`, "wrong_type", "without quotes"},
	{"text for a number", "learning.bad.assessment.graded", `{"id":"b3","properties":{"assessment_id":"q","score_pct":"40","passed":false}}`, "wrong_type", ""},
	{"an event misspelled", "learning.bad.lesson.complete", `{"id":"b4"}`, "unknown_event", "lesson.completed"},
	{"an event nobody knows", "learning.bad.x.y.z.x.y.z", `{"id":"b5"}`, "unknown_event", ""},
	{"another learner in the body", "learning.bad.lesson.completed", `{"id":"b6","learner_id":"other","properties":{"lesson_id":"l","course_id":"c"}}`, "learner_mismatch", ""},
	{"another event in the body", "learning.bad.lesson.completed", `{"id":"b7","event":"lesson.started","properties":{"lesson_id":"l","course_id":"c"}}`, "event_mismatch", ""},
	{"the far future", "learning.bad.assessment.graded", `{"id":"b8","time":"2199-01-01T00:00:00Z","properties":{"assessment_id":"q","score_pct":4,"passed":false}}`, "bad_time", ""},
	{"the far past", "learning.bad.assessment.graded", `{"id":"b9","time":"1970-01-01T00:00:00Z","properties":{"assessment_id":"q","score_pct":4,"passed":false}}`, "bad_time", ""},
	{"no time at all", "learning.bad.assessment.graded", `{"id":"b10","time":"yesterday","properties":{"assessment_id":"q","score_pct":4,"passed":false}}`, "bad_time", ""},
	{"no id", "learning.bad.lesson.completed", `{"properties":{"lesson_id":"l","course_id":"c"}}`, "bad_id", ""},
	{"no course", "learning.bad.enrollment.created", `{"id":"b11","properties":{"enrollment_type":"free"}}`, "missing_key", ""},
	{"a megabyte", "learning.bad.assessment.graded", `{"id":"b12","properties":{"assessment_id":"q","passed":false,"essay":"` + strings.Repeat("x", 1_000_000) + `"}}`, "too_large", ""},
	{"nested too deeply", "learning.bad.assessment.graded", `{"id":"b13","properties":{"assessment_id":"q","passed":false,"x":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}}`, "too_complex", ""},
	{"a learner who is not escaped", "learning.ada@example+org.lesson.completed", `{"id":"b14"}`, "bad_subject", ""},
	{"a learner escaped wrongly", "learning.ada=zz.lesson.completed", `{"id":"b15"}`, "bad_subject", ""},
	{"a learner who is too long", "learning." + strings.Repeat("a", 129) + ".lesson.completed", `{"id":"b16","properties":{"lesson_id":"l","course_id":"c"}}`, "bad_learner", ""},
}

// TestBadInputHurtsOnlyItself is guarantee 14: whatever is published becomes a dead letter that says why, or a bounded
// state, and somebody else's good event is answered as ever.
func TestBadInputHurtsOnlyItself(t *testing.T) {
	w := open(t, harness.Academy(t, map[string]string{
		"settings.yaml": `sender: {from: hello@academy.example, name: Academy, postal_address: "1 Harbour Lane"}
caps: [{max: 1, per: 1d}]
`,
		"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do: [send: nudge]
`,
		"rules/quiet.yaml": `rule: quiet
when: {inactive: 7d, in: course}
do: [send: nudge]
`,
		"rules/not-started.yaml": `rule: not-started
when: {event: enrollment.created}
per: course_id
until: [{event: course.started}]
do:
  - wait: 1d
  - send: nudge
`,
	}), instance.Options{})
	const courses, grades = 10_000, 3_000

	b := &burst{t: t, js: w.instance.JS}
	for _, bad := range badInput {
		b.add(bad.subject, "", []byte(bad.body))
	}
	b.add("learning._.content.published", "", []byte(`{"id":"admin","properties":{}}`))
	b.add("learning._.accreditation.milestone_reached", "", []byte(`not even JSON`))
	for n := range courses {
		b.event("hoarder", "enrollment.created", fmt.Sprintf("h%d", n), fmt.Sprintf(`{"course_id":"course-%d","enrollment_type":"free"}`, n))
	}
	for n := range grades {
		b.event("restless", "assessment.graded", fmt.Sprintf("r%d", n), fmt.Sprintf(`{"assessment_id":"quiz-%d","score_pct":4,"passed":false}`, n))
	}
	good := []string{"auth0|7", "ada@example.org", "Zoë 🎓", "u_42"}
	for _, learner := range good {
		b.event(learner, "assessment.graded", learner+"-1", `{"assessment_id":"q1","score_pct":40,"passed":false}`)
	}
	b.flush(w.ctx)

	for _, learner := range good {
		w.wait(1, of(learner, engine.KindSent))
		if got := len(w.stack.Mail.Messages(address(learner))); got != 1 {
			t.Errorf("%s has %d mails, want 1", learner, got)
		}
	}
	harness.Eventually(t, w.ctx, "every event is accounted for", func() error {
		s := w.instance.App.Stats()
		stored, err := storedEvents(w.ctx, w.instance.JS) // what the provider reports is stored there too
		if sum := s.HandedOver + s.Unneeded + s.NoLearner + s.Dead; err == nil && (sum != stored || stored < int64(b.published)) {
			err = fmt.Errorf("%d of %d stored, %d published: %+v", sum, stored, b.published, s)
		}
		return err
	})
	if s := w.instance.App.Stats(); s.Dead != int64(len(badInput)) || s.NoLearner != 2 {
		t.Errorf("%d dead letters and %d without a learner, want %d and 2", s.Dead, s.NoLearner, len(badInput))
	}
	t.Run("dead letters", func(t *testing.T) { checkDead(t, w) })
	for _, learner := range []string{"hoarder", "restless"} {
		t.Run("the state of the "+learner, func(t *testing.T) { checkBounded(t, w, learner) })
	}
}

// checkDead compares the dead letters with what was published.
func checkDead(t *testing.T, w *world) {
	stream, err := w.instance.JS.Stream(w.ctx, subjects.DeadStream)
	if err != nil {
		t.Fatal(err)
	}
	letters := map[string]*jetstream.RawStreamMsg{} // by the sequence of the original, which counts from 1
	for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
		m, err := stream.GetMsg(w.ctx, seq)
		if err != nil {
			t.Fatal(err)
		}
		letters[m.Header.Get(triggers.HeaderSequence)] = m
	}
	for i, bad := range badInput {
		m := letters[fmt.Sprint(i+1)]
		if m == nil {
			t.Errorf("%s: no dead letter", bad.about)
			continue
		}
		h := m.Header
		if got := h.Get(triggers.HeaderReason); got != bad.reason {
			t.Errorf("%s: reason %q (%s), want %q", bad.about, got, h.Get(triggers.HeaderMessage), bad.reason)
		}
		words := h.Get(triggers.HeaderMessage) + " " + h.Get(triggers.HeaderHint)
		if words == " " || !strings.Contains(words, bad.hint) {
			t.Errorf("%s: it says %q, want something with %q", bad.about, words, bad.hint)
		}
		if whole := string(m.Data) == bad.body; !whole && h.Get(triggers.HeaderTruncated) == "" || !strings.HasPrefix(bad.body, string(m.Data)) {
			t.Errorf("%s: the original is not in the dead letter: %.200q", bad.about, m.Data)
		}
	}
}

// checkBounded looks at what the workflow of a learner who had far too many events carries along.
func checkBounded(t *testing.T, w *world, learner string) {
	var st engine.State
	harness.Eventually(t, w.ctx, "all events have been taken in", func() (err error) {
		// At most 100 at a time: one less if the first mail was through only after the last event had come.
		if st, err = w.state(learner); err == nil && len(st.Runs) < 99 {
			err = errNotYet
		}
		return err
	})
	body, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes: %d runs, %d past, %d sends", len(body), len(st.Runs), len(st.PastRuns), len(st.PastSends))
	if len(body) > 64<<10 {
		t.Errorf("the state has %d bytes, want at most 64 KiB", len(body))
	}
	standing, err := w.instance.App.Store().Standings.Get(w.ctx, learner)
	if err != nil {
		t.Fatal(err)
	}
	if body, err = json.Marshal(standing); err != nil || len(body) > 64<<10 {
		t.Errorf("the standing has %d bytes, want at most 64 KiB (%v)", len(body), err)
	}
}

// burst publishes without waiting for each.
type burst struct {
	t         *testing.T
	js        jetstream.JetStream
	acks      []jetstream.PubAckFuture
	published int
}

func (b *burst) event(learner, event, id, properties string) {
	b.t.Helper()
	body := fmt.Sprintf(`{"id":%q,"properties":%s,"traits":{"email":%q}}`, id, properties, address(learner))
	b.add(subjects.Publish(learner, event), subjects.MsgID(learner, id), []byte(body))
}

func (b *burst) add(subject, id string, body []byte) {
	b.t.Helper()
	m := &nats.Msg{Subject: subject, Data: body, Header: nats.Header{}}
	if id != "" {
		m.Header.Set(jetstream.MsgIDHeader, id)
	}
	ack, err := b.js.PublishMsgAsync(m, jetstream.WithStallWait(harness.MaxWait))
	if err != nil {
		b.t.Fatal(err)
	}
	b.acks = append(b.acks, ack)
	b.published++
}

// flush waits until the stream has everything.
func (b *burst) flush(ctx context.Context) {
	b.t.Helper()
	for _, ack := range b.acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			b.t.Fatalf("%s: %v", ack.Msg().Subject, err)
		case <-ctx.Done():
			b.t.Fatal(ctx.Err())
		}
	}
	b.acks = nil
}
