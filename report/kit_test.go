package report

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// A past is what the streams hold, a line each: when, who, and what was decided or happened.
//
//	1 10:00  ada  started    certificate-share  scope=certificate_id=c1  detail=certificate.earned
//	1 10:00  ada  sent       certificate-share  message=certificate-ready
//	1 12:00  ada  email.opened                  send=ada/certificate-share/certificate-ready
//
// Days count from 1 March 2026. The run is <learner>/<rule> unless run= says otherwise, a message's id <run>/<message>.
// promise=10/5/7 makes it an exposure under a holdout of 10 %, a control group of 5 % and a goal within 7 days; channel= alone, a transactional
// message. "assigned" takes arm=split=arm and arms=a:75,none:25, of which the arm none sends nothing.
// Ids are the line itself: the same line twice is the same thing, told twice.
type past struct {
	decisions []engine.Decision
	events    []engine.Event
}

func read(t testing.TB, text string) past {
	t.Helper()
	var p past
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		var day int
		var clock string
		if _, err := fmt.Sscan(line, &day, &clock); err != nil || len(fields) < 4 {
			t.Fatalf("cannot read %q", line)
		}
		at, err := time.Parse("15:04:05", (clock + ":00")[:8])
		if err != nil {
			t.Fatalf("cannot read %q: %v", line, err)
		}
		at = time.Date(2026, 3, day, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		learner := fields[2]
		what := fields[3]
		rest := fields[4:]
		values := map[string]string{}
		for _, f := range rest {
			if key, value, ok := strings.Cut(f, "="); ok {
				values[key] = value
			} else {
				values["rule"] = f
			}
		}
		id := strings.Join(fields, " ")
		if strings.Contains(what, ".") {
			p.events = append(p.events, event(id, learner, what, at, values))
		} else {
			p.decisions = append(p.decisions, decision(t, id, learner, what, at, values))
		}
	}
	return p
}

func event(id, learner, name string, at time.Time, values map[string]string) engine.Event {
	ev := engine.Event{ID: cmp.Or(values["id"], id), Name: name, Learner: learner, Time: at, Properties: map[string]any{}}
	for key, value := range values {
		switch key {
		case "id":
		case "send":
			ev.Properties["send_id"] = value
		case "certificate", "course", "referrer", "referred":
			ev.Properties[key+"_id"] = value
		case "machine":
			ev.Properties[key] = value == "true"
		default:
			ev.Properties[key] = value
		}
	}
	return ev
}

func decision(t testing.TB, id, learner, kind string, at time.Time, values map[string]string) engine.Decision {
	t.Helper()
	d := engine.Decision{
		ID:      id,
		At:      at,
		Learner: learner,
		Rule:    values["rule"],
		Scope:   values["scope"],
		Kind:    engine.Kind(kind),
		Reason:  engine.Reason(values["reason"]),
		Message: values["message"],
		Detail:  values["detail"],
		Arm:     values["arm"],
		Run:     cmp.Or(values["run"], learner+"/"+values["rule"]),
	}
	d.Channel = values["channel"]
	d.Exposure = exposure(t, &d, values)
	switch d.Kind {
	case engine.KindSent, engine.KindUncertain, engine.KindFailed:
		d.Send = d.Run + "/" + d.Message
	case engine.KindSkipped:
		if d.Message == "" {
			d.Run = ""
		}
	case engine.KindDeferred:
		until, err := time.Parse(time.RFC3339, values["until"])
		if err != nil {
			t.Fatal(err)
		}
		d.Until = until
	case engine.KindStarted, engine.KindWithheld, engine.KindExited, engine.KindConverted, engine.KindAssigned:
	default:
		t.Fatalf("there is no decision of the kind %q", kind)
	}
	return d
}

func exposure(t testing.TB, d *engine.Decision, values map[string]string) *engine.Exposure {
	t.Helper()
	promise := values["promise"]
	if promise == "" {
		return nil
	}
	x := &engine.Exposure{Group: engine.GroupTreated}
	if d.Reason == engine.ReasonHoldout {
		x.Group = engine.GroupHoldout
	} else if d.Reason == engine.ReasonControl {
		x.Group = engine.GroupControl
	}
	days := int64(0)
	if _, err := fmt.Sscanf(promise, "%g/%g/%d", &x.Holdout, &x.Control, &days); err != nil {
		t.Fatalf("cannot read promise=%s: %v", promise, err)
	}
	x.Within = days * 24 * 3600
	for _, arm := range strings.FieldsFunc(values["arms"], func(r rune) bool { return r == ',' }) {
		name, percent, _ := strings.Cut(arm, ":")
		share := engine.ArmShare{
			Name:  name,
			Sends: name != "none",
		}
		if _, err := fmt.Sscan(percent, &share.Percent); err != nil {
			t.Fatalf("cannot read arms=%s: %v", values["arms"], err)
		}
		x.Arms = append(x.Arms, share)
	}
	return x
}

func (p past) count(o Options) Report {
	c := NewCounter(o)
	for i := range p.decisions {
		c.Decision(&p.decisions[i])
	}
	for i := range p.events {
		c.Event(&p.events[i])
	}
	return c.Report()
}

// short writes what is not zero, a rule a line.
func (r *Report) short() string {
	var b strings.Builder
	for i := range r.Rules {
		b.WriteString(r.Rules[i].short() + "\n")
	}
	u := r.Uncredited
	if u != (Uncredited{}) {
		b.WriteString("unprompted:" + nonzero([]string{"left", "spam", "shared", "visits", "referred"},
			u.Unsubscribed, u.SpamReported, u.CertificatesShared, u.ReferralVisits, u.ReferralsConverted) + "\n")
	}
	return b.String()
}

func (r *Rule) short() string {
	text := r.Rule + ":" + nonzero([]string{"runs", "sent", "holdout", "control", "delivered", "opened", "machine", "clicked", "dismissed", "bounced", "left", "spam",
		"share clicks", "share visits", "shared", "referral visits", "referred"},
		r.Started, r.Sent, r.Withheld.Holdout, r.Withheld.Control, r.Delivered, r.Opened, r.OpenedByMachine, r.Clicked, r.Dismissed, r.Bounced,
		r.Unsubscribed, r.SpamReported, r.ShareClicks, r.ShareVisits, r.CertificatesShared, r.ReferralVisits, r.ReferralsConverted)
	for _, part := range []struct {
		name string
		by   map[string]int
	}{{"uncertain", r.Uncertain}, {"failed", r.Failed}, {"skipped", r.Skipped}, {"deferred", r.Deferred}, {"exited", r.Exited}} {
		if len(part.by) > 0 {
			text += fmt.Sprintf(" %s=%v", part.name, part.by)
		}
	}
	if e := r.Experiment; e != nil {
		text += fmt.Sprintf(" goal=%d/%d:%d/%d:%d/%d", e.Treated.Reached, e.Treated.People, e.Holdout.Reached, e.Holdout.People, e.Control.Reached, e.Control.People)
	}
	return text
}

func nonzero(names []string, numbers ...int) string {
	text := ""
	for i, n := range numbers {
		if n != 0 {
			text += fmt.Sprintf(" %s=%d", strings.ReplaceAll(names[i], " ", "_"), n)
		}
	}
	return text
}
