package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/store"
)

// TestAPersonBroadcasts: a dry run counts whom a broadcast reaches and who is left out, and writes to nobody; the broadcast reaches those, and is listed and recorded.
func TestAPersonBroadcasts(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, map[string]string{
		"rules/announce.yaml": "rule: announce\nwhen: {broadcast: true, audience: {in: course}}\ndo: [{send: nudge}]\n",
		"rules/welcome.yaml":  "rule: welcome\nwhen: {event: user.signed_up}\ndo: [{send: nudge}]\n",
	}), instance.Options{})
	for n := range 4 {
		w.publish(fmt.Sprintf("u%d", n), "enrollment.created", map[string]any{"course_id": "crs_go"})
	}
	w.publish("elsewhere", "enrollment.created", map[string]any{"course_id": "crs_sql"})
	w.waitForStandings(5)
	i, err := admin.Connect(w.ctx, admin.ConnectOptions{
		Name:      "broadcast test",
		NATS:      admin.NATSOptions{URL: w.stack.NATSURL},
		Temporal:  w.instance.Temporal,
		Namespace: w.stack.Namespace,
		Actor:     admin.Actor{Name: "ada", Way: admin.WayCLI},
		Now:       time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	for _, wrong := range []admin.BroadcastOptions{
		{Rule: "announce"}, // for which course?
		{Rule: "welcome"},  // an event starts it
		{Rule: "none"},
		{Rule: "announce", Course: "crs_go", At: "noon"},
		{Rule: "announce", Course: "crs_go", Audience: `sent("nudge", "7d")`},
		{Rule: "announce", Course: "crs_go", PerSecond: -1},
	} {
		var input *admin.InputError
		if _, err := i.StartBroadcast(w.ctx, wrong); !errors.As(err, &input) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	o := admin.BroadcastOptions{Rule: "announce", Course: "crs_go", Audience: `learner.id != "u3"`}
	counted, err := i.CountBroadcast(w.ctx, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if counted.Counts.Reached != 3 || counted.Counts.Seen != 5 || len(counted.LeftOut()) != 2 || counted.Writable() != 3 {
		t.Errorf("counted %+v", counted)
	}
	if sent := w.heard.all(of("", engine.KindSent)); len(sent) > 0 {
		t.Errorf("a dry run has sent %d messages", len(sent))
	}
	started, err := i.StartBroadcast(w.ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if p := w.waitForBroadcast(started.ID); p.Counts.Reached != 3 || p.By != "ada" {
		t.Errorf("it ended as %+v", p)
	}
	if about := learners(w.wait(3, of("", engine.KindSent))); about["u3"] || about["elsewhere"] {
		t.Errorf("it has reached %v", about)
	}
	harness.Eventually(t, w.ctx, "it is listed", func() error {
		list, err := i.Broadcasts(w.ctx, 10)
		if err == nil && (len(list) != 1 || list[0].ID != started.ID || list[0].Live() || list[0].Percent() != 100) {
			err = fmt.Errorf("%+v", list)
		}
		return err
	})
	for learner, says := range map[string]string{
		"u0":        "it was sent",
		"u3":        `the condition of the audience does not hold: learner.id != "u3"`,
		"elsewhere": "left this learner out: not in the course",
	} {
		why, err := i.WhyNot(w.ctx, admin.WhyNotOptions{Learner: learner, Rule: "announce"})
		if err != nil || len(why.Rules) != 1 || !strings.Contains(why.Rules[0].Messages[0].Says, says) {
			t.Errorf("why not %s: %+v, %v; want %q", learner, why, err, says)
		}
	}
	if err := i.ControlBroadcast(w.ctx, started.ID, admin.BroadcastPause); !errors.Is(err, admin.ErrNoBroadcast) {
		t.Errorf("pausing one that is over: %v", err)
	}
	log, err := i.AuditLog(w.ctx, admin.AuditOptions{Action: string(store.ActionBroadcast)})
	if err != nil || len(log.Records) != 1 || log.Records[0].Target != "announce" {
		t.Errorf("recorded: %+v, %v", log, err)
	}
	if done, err := i.NameLearners(w.ctx, nil); err != nil || done.Named != 0 || done.Seen != 5 {
		t.Errorf("named %+v, %v", done, err)
	}
}
