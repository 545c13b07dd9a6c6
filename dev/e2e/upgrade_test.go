package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/admin"
	"homeroom/deadletters"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/store"
)

// TestFirstVersionsDataUnderThisBuild starts this build on what the first version left behind: streams, buckets, consumers and
// workflow runs. Nobody gets a mail again that was sent, what was waited for comes, and what was known and said is heeded.
func TestFirstVersionsDataUnderThisBuild(t *testing.T) {
	w, old, messages := openRecorded(t)

	t.Run("a wait that was pending ends in its mail, in the words of the profile", func(t *testing.T) {
		w := w.in(t)
		w.wait(1, of("ben", engine.KindSent))
		if m := w.mail("ben"); !strings.Contains(m.Text, "Hi Ada, have another go.") {
			t.Errorf("the mail reads\n%s", m.Text)
		}
	})
	t.Run("a send whose claim is kept is not sent again, though its state knows nothing of it", func(t *testing.T) {
		w := w.in(t)
		harness.Eventually(t, w.ctx, "cem's run is over", func() error {
			state, err := w.state("cem")
			if err == nil && len(state.Runs)+len(state.PendingDeliveries) > 0 {
				err = errNotYet
			}
			return err
		})
		w.expectMails("cem", 0)
	})
	t.Run("an event that was applied is no new one", func(t *testing.T) {
		w := w.in(t)
		w.repeat("ada", messages)
		w.publish("ada", "course.completed", map[string]any{"course_id": "c2"})
		w.wait(2, of("ada", engine.KindSent))
		w.expectMails("ada", 1)
	})
	t.Run("once stays once for a learner whose workflow had ended", func(t *testing.T) {
		w := w.in(t)
		w.publish("hal", "course.completed", map[string]any{"course_id": "c1"})
		w.publish("hal", "course.completed", map[string]any{"course_id": "c2"})
		w.wait(2, of("hal", engine.KindSent))
		w.expectMails("hal", 1)
	})
	t.Run("a wait for an event is ended by it", func(t *testing.T) {
		w := w.in(t)
		w.publish("dora", "certificate.shared", map[string]any{"certificate_id": "cert1", "share_platform": "linkedin", "share_method": "profile"})
		w.wait(1, because("dora", engine.KindExited, engine.ReasonStop))
		w.expectMails("dora", 0)
	})
	t.Run("a standing goes on", func(t *testing.T) {
		w := w.in(t)
		w.publish("ivy", "lesson.completed", map[string]any{"course_id": "c9", "lesson_id": "l3"})
		w.wait(1, of("ivy", engine.KindSent))
		standing, err := w.instance.App.Store().Standings.Get(w.ctx, "ivy")
		if err != nil {
			t.Fatal(err)
		}
		if course := standing.Courses["c9"]; course.EnrolledAt.IsZero() {
			t.Errorf("the enrollment is not known: %+v", standing.Courses)
		}
	})
	t.Run("who unsubscribed and whose address bounced is left alone", func(t *testing.T) {
		w := w.in(t)
		for _, learner := range []string{"eve", "fay"} {
			w.publish(learner, "course.completed", map[string]any{"course_id": "c2"})
			w.wait(1, of(learner, engine.KindSkipped))
			w.expectMails(learner, 0)
		}
	})
	t.Run("links of mails that went out work", func(t *testing.T) {
		w := w.in(t)
		w.followLinks(old, "gus")
		w.came("gus", "email.unsubscribed")
		w.publish("gus", "course.completed", map[string]any{"course_id": "c2"})
		w.wait(1, because("gus", engine.KindSkipped, engine.ReasonUnsubscribed))
	})
	for _, mail := range w.stack.Mail.Messages("") {
		if slices.ContainsFunc(old.Mails, func(sent recordedMail) bool { return sent.Send == mail.SendID }) {
			t.Errorf("the mail %q to %v was sent before", mail.Subject, mail.To)
		}
	}
	w.checkCounts(len(old.Mails))
}

// openRecorded starts Homeroom on a stack with the recorded installation. Its clock goes on a quarter of an hour after that of
// the recording stopped; ten minutes take a second.
func openRecorded(t *testing.T) (*world, recordedInstallation, []recordedMessage) {
	t.Helper()
	old, messages := readRecorded(t, recordedVersion)
	w := &world{
		t:       t,
		ctx:     harness.Deadline(t),
		academy: harness.Academy(t, victimRules), // for its catalog; what is in force stays
		seq:     1000,                            // event ids of the recording are lower
	}
	w.stack = harness.StartStack(t, w.ctx, stack.Options{})
	nc, err := nats.Connect(w.stack.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	restoreStreams(t, w.ctx, js, old, messages)
	if err := store.Setup(w.ctx, js, store.Options{}); err != nil {
		t.Fatal(err)
	}
	temporal, err := client.DialContext(w.ctx, client.Options{HostPort: w.stack.TemporalAddress, Namespace: w.stack.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(temporal.Close)
	restoreRuns(t, w.ctx, temporal, old)
	w.instance = harness.OpenInstance(t, w.ctx, w.stack, instance.Options{Clock: clock.New(time.Now(), old.Now.Add(15*time.Minute), 600)})
	w.heard = listen(t, w.ctx, w.instance)
	return w, old, messages
}

// expectMails checks how many mails a learner got from this build.
func (w *world) expectMails(learner string, want int) {
	w.t.Helper()
	if got := len(w.stack.Mail.Messages(address(learner))); got != want {
		w.t.Errorf("%s got %d mails, want %d. All decisions:\n%s", learner, got, want, w.heard.story())
	}
}

// repeat publishes the learner's recorded events again, under new message ids, so that the stream takes them.
func (w *world) repeat(learner string, messages []recordedMessage) {
	w.t.Helper()
	repeated := 0
	for _, m := range messages {
		if !strings.HasPrefix(m.Subject, "learning."+learner+".") {
			continue
		}
		m.Header = nil
		repeated++
		if _, err := w.instance.JS.Publish(w.ctx, m.Subject, []byte(m.Data)); err != nil {
			w.t.Fatal(err)
		}
	}
	if repeated == 0 {
		w.t.Fatalf("no event of %s is recorded", learner)
	}
}

// followLinks opens the preferences page of a learner's recorded mail and unsubscribes as a mail program does.
func (w *world) followLinks(old recordedInstallation, learner string) {
	w.t.Helper()
	at := slices.IndexFunc(old.Mails, func(m recordedMail) bool { return m.Learner == learner })
	page, err := http.Get(w.instance.EdgeURL + old.Mails[at].Preferences)
	if err != nil {
		w.t.Fatal(err)
	}
	page.Body.Close()
	answer, err := http.PostForm(w.instance.EdgeURL+old.Mails[at].Unsubscribe, url.Values{"List-Unsubscribe": {"One-Click"}})
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	if page.StatusCode != http.StatusOK || answer.StatusCode != http.StatusOK {
		w.t.Errorf("preferences: %s, one click: %s", page.Status, answer.Status)
	}
}

// checkCounts looks at the report, the dead letters and the history of publications: what the earlier version did is in them.
func (w *world) checkCounts(sentBefore int) {
	w.t.Helper()
	installation, err := admin.Connect(w.ctx, admin.ConnectOptions{
		Name:      "upgrade",
		NATS:      admin.NATSOptions{URL: w.stack.NATSURL},
		Temporal:  w.instance.Temporal,
		Namespace: w.stack.Namespace,
		Directly:  true,
		Now:       w.instance.Clock.Now,
		Real:      time.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(installation.Close)
	harness.Eventually(w.t, w.ctx, "the report counts what was sent before and since", func() error {
		report, err := installation.Report(w.ctx, admin.ReportOptions{})
		if want := sentBefore + len(w.stack.Mail.Messages("")); err == nil && report.Total.Sent != want {
			err = fmt.Errorf("%d sent, want %d", report.Total.Sent, want)
		}
		return err
	})
	letters, err := installation.ListDeadLetters(w.ctx, deadletters.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	history, err := installation.PublicationHistory(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	if letters.Total != 1 || len(history.Publications) != 1 {
		w.t.Errorf("%d dead letters, %d publications, want one each", letters.Total, len(history.Publications))
	}
}
