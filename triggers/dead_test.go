package triggers_test

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"homeroom/catalog"
	"homeroom/subjects"
	"homeroom/triggers"
)

func TestDeadLetters(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		name, subject, body string
		reason, hint, says  string
		dead                string // subject of the dead letter
	}{
		{"a misspelled event", "learning.u_1.lesson.complete", `{"id":"1"}`,
			catalog.CodeUnknownEvent, "", "did you mean lesson.completed?", "dead.u_1.lesson.complete"},
		{"not JSON", "learning.u_1.lesson.completed", `{"id":`,
			catalog.CodeUnreadable, "", "not JSON", "dead.u_1.lesson.completed"},
		{"a number as text", "learning.u_1.assessment.graded", `{"id":"1","properties":{"assessment_id":"a","score_pct":"40"}}`,
			catalog.CodeWrongType, "", "score_pct", "dead.u_1.assessment.graded"},
		{"no entity key", "learning.u_1.assessment.graded", `{"id":"1","properties":{}}`,
			catalog.CodeMissingKey, "", "assessment_id", "dead.u_1.assessment.graded"},
		{"somebody else's event", "learning.auth0=7C7.lesson.completed", `{"id":"1","learner_id":"u_2","properties":{"lesson_id":"l","course_id":"c"}}`,
			catalog.CodeLearnerMismatch, "agree", "", "dead.auth0=7C7.lesson.completed"},
		{"a time far in the future", "learning.u_1.lesson.completed", `{"id":"1","time":"2099-01-01T00:00:00Z","properties":{"lesson_id":"l","course_id":"c"}}`,
			catalog.CodeBadTime, "clock", "", "dead.u_1.lesson.completed"},
		{"1 MB", "learning.u_1.lesson.completed", `{"id":"1","x":"` + strings.Repeat("x", 1<<20) + `"}`,
			catalog.CodeTooLarge, "", "", "dead.u_1.lesson.completed"},
		{"a subject that cannot be read", "learning.u=zz.lesson.completed", `{"id":"1"}`,
			triggers.CodeBadSubject, "publish to learning.<learner>.<event>", "u=zz", "dead.u=3Dzz.lesson.completed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w.t = t
			purge(t, w)
			seq := w.publishRaw(tc.subject, []byte(tc.body))
			run := w.run()
			defer run.stop()
			letter := w.deadLetters(1)[0]
			if letter.Subject != tc.dead {
				t.Errorf("subject %s, want %s", letter.Subject, tc.dead)
			}
			if got := letter.Header.Get(triggers.HeaderReason); got != tc.reason {
				t.Errorf("reason %s, want %s", got, tc.reason)
			}
			if got := letter.Header.Get(triggers.HeaderHint); !strings.Contains(got, tc.hint) {
				t.Errorf("hint %q, want %q", got, tc.hint)
			}
			if got := letter.Header.Get(triggers.HeaderMessage); !strings.Contains(got, tc.says) {
				t.Errorf("message %q, want %q", got, tc.says)
			}
			if got := letter.Header.Get(triggers.HeaderSequence); got != strconv.FormatUint(seq, 10) {
				t.Errorf("sequence %s, want %d", got, seq)
			}
			if !bytes.Equal(letter.Data, []byte(tc.body)) {
				t.Errorf("the body is not the original: %d bytes, want %d", len(letter.Data), len(tc.body))
			}
			w.until("its acknowledgement", func() bool { return w.unfinished() == 0 })
			if w.learn.distinct() != 0 {
				t.Error("it reached a workflow")
			}
		})
	}
}

func purge(t *testing.T, w *world) {
	t.Helper()
	stream, err := w.js.Stream(context.Background(), subjects.DeadStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.js.DeleteStream(context.Background(), subjects.DeadStream); err != nil {
		t.Fatal(err)
	}
	if _, err := w.js.CreateStream(context.Background(), stream.CachedInfo().Config); err != nil {
		t.Fatal(err)
	}
}

func TestADeadLetterThatDoesNotFitIsCut(t *testing.T) {
	w := newWorld(t)
	body := bytes.Repeat([]byte("x"), 2<<20-200) // the server takes 2 MB, headers included
	w.publishRaw("learning.u_1.lesson.completed", body)
	w.run()
	letter := w.deadLetters(1)[0]
	if got := letter.Header.Get(triggers.HeaderTruncated); got != strconv.Itoa(len(body)) || len(letter.Data) == 0 {
		t.Errorf("truncated %q, %d bytes kept", got, len(letter.Data))
	}
}

func TestADeadLetterKeepsItsHeaders(t *testing.T) {
	w := newWorld(t)
	msg := &nats.Msg{Subject: "learning.u_1.nonsense", Data: []byte("{}"), Header: nats.Header{"Ce-Type": {"nonsense"}, "Nats-Msg-Id": {"u_1:1"}}}
	if _, err := w.js.PublishMsg(context.Background(), msg); err != nil {
		t.Fatal(err)
	}
	w.run()
	letter := w.deadLetters(1)[0]
	if letter.Header.Get("Ce-Type") != "nonsense" || letter.Header.Get("Nats-Msg-Id") == "u_1:1" {
		t.Errorf("headers %v", letter.Header)
	}
}

// The stream takes 64 KiB of headers, and a dead letter has some more than its original.
func TestADeadLetterWhoseHeadersDoNotFitGoesWithoutThem(t *testing.T) {
	w := newWorld(t)
	msg := &nats.Msg{Subject: "learning.u_1.nonsense", Data: []byte("{}"), Header: nats.Header{"Ce-Type": {strings.Repeat("x", 65_400)}}}
	if _, err := w.js.PublishMsg(context.Background(), msg); err != nil {
		t.Fatal(err)
	}
	w.run()
	letter := w.deadLetters(1)[0]
	if letter.Header.Get("Ce-Type") != "" || letter.Header.Get(triggers.HeaderReason) != catalog.CodeUnknownEvent || letter.Header.Get(triggers.HeaderTruncated) == "" {
		t.Errorf("headers %v", letter.Header)
	}
}

func TestNoDeadLetterIsLostOrDoubled(t *testing.T) {
	w := newWorld(t)
	stream, err := w.js.Stream(context.Background(), subjects.DeadStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.js.DeleteStream(context.Background(), subjects.DeadStream); err != nil {
		t.Fatal(err)
	}
	run := w.run()
	w.publish("u_1", "nonsense", map[string]any{"id": "1"})
	w.until("failed tries", func() bool { return run.Stats().Retries > 3 })
	if w.unfinished() != 1 {
		t.Fatalf("%d unfinished, want 1: nothing may be acknowledged yet", w.unfinished())
	}
	if _, err := w.js.CreateStream(context.Background(), stream.CachedInfo().Config); err != nil {
		t.Fatal(err)
	}
	w.deadLetters(1)
	run.crash() // perhaps before the acknowledgement arrived
	again := w.run()
	w.lesson("u_1", 1)
	w.until("the next event", func() bool { return w.learn.distinct() == 1 })
	if letters := w.deadLetters(1); len(letters) != 1 {
		t.Errorf("%d dead letters for one event", len(letters))
	}
	again.stop()
}
