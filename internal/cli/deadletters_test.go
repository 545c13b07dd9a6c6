package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"homeroom/internal/clitest"
	"homeroom/internal/clock"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

const lesson = `"properties":{"lesson_id":"l1","course_id":"c1"}`

// A morning with dead letters: what is there, why, what would help, and then it is helped.
func TestDeadLettersAreListedMendedAndReplayed(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	for i := range 3 {
		w.Send("learning.u_1.lesson.complete", nil, fmt.Sprintf(`{"id":"typo-%d",%s}`, i, lesson))
	}
	w.Send("learning.u_2.mentor.met", nats.Header{"Nats-Msg-Id": {"u_2:own-1"}}, `{"id":"own-1","properties":{"mentor_id":"m_1"}}`)
	w.Send("learning.auth0=7C7.certificate.earned", nats.Header{"Traceparent": {"00-1"}}, `{"id":"bad-1","properties":{"course_id":"crs_go"},"traits":{"email":"ada@example.org"}}`)
	w.Send("learning.u=zz.lesson.completed", nil, `{"id":"lost-1",`+lesson+`}`)
	w.StartTriggers()
	w.WaitUntilRead()

	listed := w.MustRun(0, "deadletters", "list")
	clitest.WantParts(t, listed, "6 dead letters.", "unknown_event  4", "lesson.complete 3, mentor.met 1", "for example ", "missing_key  1",
		"certificate.earned needs certificate_id", "add it to properties", "bad_subject  1", "SEQ", "auth0|7", "homeroom deadletters show")
	if strings.Contains(listed, "ada@") {
		t.Error("the list shows what only show may")
	}
	var report struct {
		Total   int
		Reasons []struct {
			Reason string
			Count  int
			Events map[string]int
		}
		Letters []struct {
			Seq            uint64
			Learner, Event string
		}
	}
	code, out, _ := w.Run("", "deadletters", "list", "--reason", "unknown_event", "--learner", "u_1", "--limit", "2", "--format", "json")
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil || report.Total != 3 || len(report.Letters) != 2 || report.Reasons[0].Events["lesson.complete"] != 3 {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}

	// One by one.
	var certificate, mentor uint64
	for _, seq := range w.DeadSequences() {
		shown := w.MustRun(0, "deadletters", "show", fmt.Sprint(seq))
		if strings.Contains(shown, "certificate.earned") {
			certificate = seq
			clitest.WantParts(t, shown, "missing_key", "add it to properties", "header Traceparent", "00-1", "refused again", `    "email": "ada@example.org"`)
		}
		if strings.Contains(shown, "mentor.met") {
			mentor = seq
		}
	}

	// Nothing is good yet; looking changes nothing.
	clitest.WantParts(t, w.MustRun(1, "deadletters", "replay", "--all", "--dry-run"), "0 events would be published again, 6 skipped", "did you mean lesson.completed?", "subject of the form")
	if len(w.DeadSequences()) != 6 {
		t.Fatalf("%d letters are left", len(w.DeadSequences()))
	}

	// A name was misspelled: all of them at once.
	clitest.WantParts(t, w.MustRun(1, "deadletters", "replay", "--reason", "unknown_event", "--as", "lesson.completed"), "3 events published again, 1 skipped")
	// The team's own event: once its catalog is in force, it is as good as any.
	w.PutInForce(exampleWithOwnEvent(t))
	clitest.WantParts(t, w.MustRun(0, "deadletters", "show", fmt.Sprint(mentor)), "it would be accepted: homeroom deadletters replay")
	clitest.WantParts(t, w.MustRun(0, "deadletters", "replay", fmt.Sprint(mentor)), "1 event published again, 0 skipped") // within the stream's window of two minutes
	// A body is mended by hand.
	mended := filepath.Join(t.TempDir(), "mended.json")
	_, raw, _ := w.Run("", "deadletters", "show", fmt.Sprint(certificate), "--raw")
	if err := os.WriteFile(mended, []byte(strings.Replace(raw, `"course_id"`, `"certificate_id":"cert_1","course_id"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	clitest.WantParts(t, w.MustRun(0, "deadletters", "replay", fmt.Sprint(certificate), "--body", mended), "1 event published again")
	w.WaitUntilRead()
	if left := w.DeadSequences(); len(left) != 1 {
		t.Errorf("letters left: %v", left)
	}
	if p := w.Profile("auth0|7"); p.Email != "ada@example.org" {
		t.Errorf("the profile is %+v", p)
	}
	if len(w.Standing("u_1").Courses["c1"].Active) == 0 {
		t.Error("the lessons did not count")
	}
	earned := 0
	for _, ev := range w.Events() {
		if ev.ID == "bad-1" && ev.Properties["certificate_id"] == "cert_1" {
			earned++
		}
	}
	if earned != 1 {
		t.Errorf("the certificate was handed over %d times", earned)
	}

	// What is left is beyond help.
	last := fmt.Sprint(w.DeadSequences()[0])
	w.MustRun(1, "deadletters", "replay", last, "--force")
	w.MustRun(2, "deadletters", "purge", last)
	clitest.WantParts(t, w.MustRun(0, "deadletters", "purge", last, "--dry-run"), "1 dead letter would be deleted; nothing was done.")
	clitest.WantParts(t, w.MustRun(0, "deadletters", "purge", last, "--yes"), "1 dead letter deleted.")
	clitest.WantParts(t, w.MustRun(0, "deadletters", "list"), "No dead letters.")
	clitest.WantParts(t, w.MustRun(1, "deadletters", "show", last), "there is no dead letter")
}

// exampleWithOwnEvent is the example academy with an event of its own.
func exampleWithOwnEvent(t *testing.T) *rules.Academy {
	return changeExample(t, func(files map[string][]byte) {
		files["catalog.yaml"] = append(files["catalog.yaml"], "  mentor.met: {about: A learner met their mentor., properties: {mentor_id: string}}\n"...)
	})
}

// Stopped between publishing and deleting, a replay is repeated: the stream knows it, and there is one event.
func TestAReplayThatWasStoppedIsRepeatedOnce(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	w.Send("learning.u_1.lesson.complete", nil, `{"id":"e1",`+lesson+`}`)
	stop := w.StartTriggers()
	w.WaitUntilRead()
	stop()
	seq := w.DeadSequences()[0]
	letters := store.NewDeadLetters(w.JS)
	m, err := letters.Get(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	if repeated, err := letters.Replay(t.Context(), seq, 1, "u_1", "lesson.completed", nil, m.Data); err != nil || repeated {
		t.Fatal(repeated, err)
	}
	before := w.CountStored(subjects.Stream)
	clitest.WantParts(t, w.MustRun(0, "deadletters", "replay", fmt.Sprint(seq), "--as", "lesson.completed"), "1 event published again")
	if now := w.CountStored(subjects.Stream); now != before {
		t.Errorf("the stream has %d events, had %d", now, before)
	}
	if len(w.DeadSequences()) != 0 {
		t.Error("the letter is still there")
	}
}

// An event that says no time happened when it arrived, not when somebody got around to mending it.
func TestAReplayKeepsTheTimeOfArrival(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	w.Send("learning.u_1.lesson.complete", nil, `{"id":"e1",`+lesson+`}`)
	stop := w.StartTriggers()
	w.WaitUntilRead()
	stop()
	stream, err := w.JS.Stream(t.Context(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	original, err := stream.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	w.MustRun(0, "deadletters", "replay", "--all", "--as", "lesson.completed")
	replayed, err := stream.GetMsg(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Time time.Time }
	if err := json.Unmarshal(replayed.Data, &body); err != nil || !body.Time.Equal(original.Time) {
		t.Errorf("it happened at %s, arrived at %s, %v", body.Time, original.Time, err)
	}
}

// A binary CloudEvent is replayed with its headers, and a letter that dies again dies with a reason of its own.
func TestAReplayKeepsHeadersAndDiesAnew(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	ce := nats.Header{"ce-specversion": {"1.0"}, "ce-id": {"e1"}, "ce-type": {"lesson.complete"}, "Homeroom-Note": {"from the publisher"}}
	w.Send("learning.u_1.lesson.complete", ce, `{"lesson_id":"l1","course_id":"c1"}`)
	w.StartTriggers()
	w.WaitUntilRead()
	seq := w.DeadSequences()[0]
	// The type is in the headers, so another subject alone does not help.
	clitest.WantParts(t, w.MustRun(1, "deadletters", "replay", fmt.Sprint(seq), "--as", "lesson.completed"), `the headers say ce-type "lesson.complete"`, "0 events published again, 1 skipped")
	clitest.WantParts(t, w.MustRun(0, "deadletters", "replay", fmt.Sprint(seq), "--as", "lesson.completed", "--force"), "1 event published again, 0 skipped")
	w.WaitUntilRead()
	again := w.DeadSequences()
	if len(again) != 1 || again[0] == seq {
		t.Fatalf("letters %v, the first was %d", again, seq)
	}
	clitest.WantParts(t, w.MustRun(0, "deadletters", "show", fmt.Sprint(again[0])), "event_mismatch", "header ce-id")
	// A whole native body needs no headers.
	mended := filepath.Join(t.TempDir(), "mended.json")
	if err := os.WriteFile(mended, []byte(`{"id":"e1",`+lesson+`}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.MustRun(0, "deadletters", "replay", fmt.Sprint(again[0]), "--body", mended)
	w.WaitUntilRead()
	if len(w.DeadSequences()) != 0 || len(w.Standing("u_1").Courses["c1"].Active) == 0 {
		t.Errorf("letters %v, standing %+v", w.DeadSequences(), w.Standing("u_1"))
	}
}

// A body that was too large to be kept twice is taken from the stream of events.
func TestATruncatedLetterIsShownWhole(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	w.Send("learning.u_1.lesson.completed", nil, `{"id":"e1",`+lesson+`,"padding":"`+strings.Repeat("x", 2<<20-300)+`"}`)
	w.StartTriggers()
	w.WaitUntilRead()
	seq := fmt.Sprint(w.DeadSequences()[0])
	if shown := w.MustRun(0, "deadletters", "show", seq, "--raw"); len(shown) < 2<<20-300 {
		t.Errorf("%d bytes are shown", len(shown))
	}
	clitest.WantParts(t, w.MustRun(1, "deadletters", "replay", seq), "at most 262144 are read", "1 skipped")
	stream, err := w.JS.Stream(t.Context(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	clitest.WantParts(t, w.MustRun(1, "deadletters", "replay", seq, "--force"), "the original is gone")
	clitest.WantParts(t, w.MustRun(0, "deadletters", "show", seq), "of 2,0", "the rest is gone")
}

func TestWhichDeadLettersMustBeSaid(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	for _, args := range [][]string{
		{"replay"}, {"replay", "1", "--all"}, {"replay", "--all", "--body", "root.go"}, {"purge", "--yes"}, {"purge", "--older", "soon"},
		{"list", "--since", "soon"}, {"list", "--learner", "_x\x00"}, {"replay", "--learner", ""},
	} {
		w.MustRun(2, append([]string{"deadletters"}, args...)...)
	}
	w.Send("learning.u_1.lesson.complete", nil, `{"id":"e1"}`)
	w.StartTriggers()
	w.WaitUntilRead()
	clitest.WantParts(t, w.MustRun(0, "deadletters", "purge", "--older", "1h", "--yes"), "0 dead letters would be deleted")
	now := time.Now()
	fast := clock.New(now, now, 1e8) // an hour passes in 36 microseconds
	if err := w.Store.Control.PublishInstance(t.Context(), store.Instance{Name: "campus", Clock: &fast}); err != nil {
		t.Fatal(err)
	}
	clitest.WantParts(t, w.MustRun(0, "deadletters", "purge", "--older", "1h", "--dry-run"), "1 dead letter would be deleted")
	clitest.WantParts(t, w.MustRun(0, "deadletters", "purge", "--learner", "u_1", "--reason", "unknown_event", "--yes"), "1 dead letter deleted.")
}
