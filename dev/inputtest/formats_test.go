package inputtest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nats-io/nats.go"

	"homeroom/engine"
	"homeroom/internal/clitest"
	"homeroom/subjects"
)

// Whatever format a platform publishes, workflows, profiles and standings get the same.
func TestEveryFormatArrivesTheSame(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	const (
		properties = `"certificate_id":"cert_1","course_id":"crs_go"`
		traits     = `"traits":{"email":"LEARNER@example.org","first_name":"Ada"}`
	)
	formats := []struct {
		learner string
		header  nats.Header
		body    string
	}{
		{"native", nil, `{"id":"e1","time":"2026-03-02T10:00:00Z","properties":{` + properties + `},` + traits + `}`},
		{"structured", nats.Header{"Content-Type": {"application/cloudevents+json"}},
			`{"specversion":"1.0","id":"e1","source":"/lms","type":"certificate.earned","subject":"LEARNER","time":"2026-03-02T10:00:00Z","data":{` + properties + `,` + traits + `}}`},
		{"bare", nil,
			`{"specversion":"1.0","id":"e1","source":"/lms","type":"org.example.certificate.earned","time":"2026-03-02T10:00:00Z","data":{` + properties + `,` + traits + `}}`},
		{"binary", nats.Header{"ce-specversion": {"1.0"}, "ce-id": {"e1"}, "ce-source": {"/lms"}, "ce-type": {"certificate.earned"}, "ce-time": {"2026-03-02T10:00:00Z"}, "ce-subject": {"binary"}},
			`{` + properties + `,` + traits + `}`},
		{"canonical", nats.Header{"Ce-Specversion": {"1.0"}, "Ce-Id": {"e1"}, "Ce-Type": {"certificate.earned"}, "Ce-Time": {"2026-03-02T10:00:00Z"}},
			`{` + properties + `,` + traits + `}`},
		{"segment", nil,
			`{"type":"track","messageId":"e1","userId":"segment","event":"Certificate Earned","timestamp":"2026-03-02T10:00:00Z","properties":{` + properties + `},"context":{"traits":{"email":"segment@example.org","firstName":"Ada"}}}`},
	}
	for _, f := range formats {
		if f.header == nil {
			f.header = nats.Header{}
		}
		f.header.Set("Nats-Msg-Id", f.learner+":e1")
		body := strings.ReplaceAll(f.body, "LEARNER", f.learner)
		w.Send(subjects.Publish(f.learner, "certificate.earned"), f.header, body)
		started := engine.Decision{
			ID:      f.learner,
			Learner: f.learner,
			Rule:    "certificate-share",
			Scope:   "certificate_id=cert_1",
			Run:     "r1",
			Kind:    engine.KindStarted,
			At:      time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
			Detail:  "certificate.earned",
		}
		if err := w.Store.Decisions.Publish(t.Context(), []engine.Decision{started}); err != nil {
			t.Fatal(err)
		}
	}
	w.StartTriggers()
	w.WaitUntilRead()
	handed := map[string]engine.Event{}
	for _, ev := range w.Events() {
		handed[ev.Learner] = ev
	}
	if n := w.CountStored(subjects.DeadStream); n > 0 {
		t.Fatalf("%d dead letters:\n%s", n, w.MustRun(0, "deadletters", "list"))
	}
	same := cmpopts.IgnoreFields(engine.Event{}, "Learner", "Seq", "StoredAt", "Stream")
	for _, f := range formats {
		if diff := cmp.Diff(handed["native"], handed[f.learner], same); diff != "" {
			t.Errorf("%s (-native +got):\n%s", f.learner, diff)
		}
		p := w.Profile(f.learner)
		if p.Email != f.learner+"@example.org" || p.FirstName != "Ada" {
			t.Errorf("%s: the profile is %+v", f.learner, p)
		}
		if diff := cmp.Diff(w.Standing("native"), w.Standing(f.learner)); diff != "" {
			t.Errorf("%s: the standing (-native +got):\n%s", f.learner, diff)
		}
	}
	for _, f := range formats { // the story reads the stream, formats and all
		clitest.WantParts(t, w.MustRun(0, "learner", "why", f.learner, "--since", "all"), "2026-03-02 10:00:00  certificate.earned  certificate cert_1, course crs_go")
	}
}
