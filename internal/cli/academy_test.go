package cli_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/internal/cli"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

var rewrite = flag.Bool("rewrite", false, "write what the commands print to testdata; then read the diff")

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// academy is a NATS server as Homeroom leaves it.
type academy struct {
	t     *testing.T
	js    jetstream.JetStream
	store *store.Store
	n     int // numbers events
}

func open(t *testing.T) *academy {
	srv, js, st := natstest.Open(t)
	nc, _ := srv.Connect()
	t.Setenv("HOMEROOM_NATS_URL", nc.ConnectedUrl())
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody
	t.Setenv("TEMPORAL_NAMESPACE", "growth")
	t.Setenv("HOMEROOM_TEMPORAL_UI", "https://temporal.example/")
	return &academy{t: t, js: js, store: st}
}

// homeroom runs a command and returns its exit code and what it printed.
func (a *academy) homeroom(args ...string) (code int, out, complaints string) {
	a.t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Main(a.t.Context(), args, cli.IO{Out: &stdout, Err: &stderr, Now: time.Now})
	return code, stdout.String(), stderr.String()
}

// prints runs a command that must succeed and compares what it prints with a file of testdata.
func (a *academy) prints(golden string, args ...string) {
	a.t.Helper()
	code, out, complaints := a.homeroom(args...)
	if code != 0 {
		a.t.Fatalf("homeroom %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, complaints)
	}
	file := filepath.Join("testdata", golden)
	if *rewrite {
		if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
			a.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		a.t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out); diff != "" {
		a.t.Errorf("homeroom %s (-%s +got):\n%s", strings.Join(args, " "), file, diff)
	}
}

// decided publishes decisions as production does, and once more as a repeat that the stream's window no longer knows.
func (a *academy) decided(decisions ...engine.Decision) {
	a.t.Helper()
	for i := range decisions {
		d := &decisions[i]
		if d.ID == "" {
			d.ID = fmt.Sprintf("%s %s %s %s %s %s", d.Learner, d.Run, d.Kind, d.Reason, d.Message, d.At)
		}
	}
	if err := a.store.Decisions.Publish(a.t.Context(), decisions); err != nil {
		a.t.Fatal(err)
	}
	for _, d := range decisions {
		body, err := json.Marshal(d)
		if err != nil {
			a.t.Fatal(err)
		}
		if _, err := a.js.Publish(a.t.Context(), subjects.Decision(d.Learner, d.Rule, string(d.Kind)), body); err != nil {
			a.t.Fatal(err)
		}
	}
}

// happened publishes an event, twice like decided.
func (a *academy) happened(learner, name string, at time.Time, properties map[string]any) {
	a.t.Helper()
	a.n++
	id := fmt.Sprint("ev-", a.n)
	if err := a.store.Events.Publish(a.t.Context(), learner, name, id, at, properties); err != nil {
		a.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"id": id, "time": at, "properties": properties})
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.js.Publish(a.t.Context(), subjects.Publish(learner, name), body); err != nil {
		a.t.Fatal(err)
	}
}

type props = map[string]any

// theLoop is ada's story: a certificate, a prompt after quiet hours, a post, visits, a friend.
func (a *academy) theLoop(learner string) {
	const scope, run, send = "certificate_id=cert_1", "3f2a9c1d44aa", "5e0d77aa10ff"
	on := func(kind engine.Kind, at time.Time) engine.Decision {
		return engine.Decision{Learner: learner, Rule: "certificate-share", Scope: scope, Run: run, Kind: kind, At: at}
	}
	night := monday.Add(13 * time.Hour)
	morning := monday.Add(22 * time.Hour)
	a.happened(learner, "lesson.completed", monday, props{"lesson_id": "l1", "course_id": "crs_go"})
	a.happened(learner, "certificate.earned", night, props{"certificate_id": "cert_1", "course_id": "crs_go", "course_title": "Go"})
	started := on(engine.KindStarted, night)
	deferred := on(engine.KindDeferred, night)
	started.Detail = "certificate.earned"
	deferred.Message = "certificate-ready"
	deferred.Reason = engine.ReasonQuietHours
	deferred.Until = morning
	unsure := on(engine.KindUncertain, morning)
	sent := on(engine.KindSent, morning)
	unsure.Message = "certificate-ready"
	unsure.Send = send
	unsure.Reason = engine.ReasonProvider
	unsure.Detail = "no answer within 10s"
	sent.Message = "certificate-ready"
	sent.Send = send
	sent.Detail = "settled by the provider's report"
	a.decided(started, deferred, unsure, sent)

	about := props{"send_id": send, "message": "certificate-ready", "rule": "certificate-share", "topic": "achievements"}
	mail := func(name string, after time.Duration, more props) {
		p := props{}
		for _, m := range []props{about, more} {
			for key, value := range m {
				p[key] = value
			}
		}
		a.happened(learner, name, morning.Add(after), p)
	}
	certificate := props{"certificate_id": "cert_1", "course_id": "crs_go"}
	mail("email.delivered", time.Minute, nil)
	mail("email.opened", 2*time.Minute, props{"machine": true})
	mail("email.opened", time.Hour, props{"machine": false})
	mail("email.clicked", time.Hour+10*time.Second, props{"url": "https://www.linkedin.com/sharing/share-offsite/"})
	mail("share.link_clicked", time.Hour+11*time.Second, props{"certificate_id": "cert_1", "course_id": "crs_go", "share_platform": "linkedin_post"})
	for i := range 3 {
		mail("share.link_visited", time.Duration(2+i)*time.Hour, certificate)
	}
	a.happened(learner, "certificate.shared", morning.Add(6*time.Hour), props{"certificate_id": "cert_1", "share_platform": "linkedin", "share_method": "post"})
	left := on(engine.KindExited, morning.Add(6*time.Hour))
	left.Reason = engine.ReasonUntil
	left.Detail = "certificate.shared"
	a.decided(left)
	a.happened("u_77", "referral.converted", morning.Add(100*time.Hour), props{"referrer_id": learner, "referred_id": "u_77", "reward_type": "month"})
}

// aTrial is a rule with a holdout, tried on a few hundred people.
func (a *academy) aTrial() {
	var all []engine.Decision
	add := func(d engine.Decision) {
		d.Rule = "halfway"
		d.Scope = "course_id=crs_go"
		d.Run = d.Learner + "-halfway"
		all = append(all, d)
	}
	for i := range 160 {
		learner := fmt.Sprintf("t_%03d", i)
		at := monday.Add(time.Duration(i) * time.Minute)
		add(engine.Decision{Learner: learner, Kind: engine.KindStarted, At: at, Detail: "course.progress_updated"})
		switch {
		case i < 40:
			add(engine.Decision{Learner: learner, Kind: engine.KindWithheld, At: at, Reason: engine.ReasonHoldout, Message: "halfway"})
		case i < 43:
			add(engine.Decision{Learner: learner, Kind: engine.KindSkipped, At: at, Reason: engine.ReasonNoConsent, Message: "halfway"})
		default:
			add(engine.Decision{Learner: learner, Kind: engine.KindSent, At: at, Message: "halfway", Send: learner + "-send"})
		}
		if i < 8 || i >= 100 {
			add(engine.Decision{Learner: learner, Kind: engine.KindConverted, At: at.Add(time.Hour), Reason: engine.ReasonGoal, Detail: "course.completed"})
		}
	}
	a.decided(all...)
	for i := 43; i < 160; i++ {
		learner := fmt.Sprintf("t_%03d", i)
		a.happened(learner, "email.delivered", monday.Add(3*time.Hour), props{"send_id": learner + "-send"})
		if i%2 == 0 {
			a.happened(learner, "email.opened", monday.Add(4*time.Hour), props{"send_id": learner + "-send", "machine": i%10 == 0})
		}
	}
	a.happened("t_050", "email.unsubscribed", monday.Add(5*time.Hour), props{"send_id": "t_050-send", "topic": "progress"})
	a.happened("t_001", "certificate.shared", monday.Add(5*time.Hour), props{"certificate_id": "cert_9"})
}
