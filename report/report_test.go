package report

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

func TestWhatIsCounted(t *testing.T) {
	cases := []struct{ name, past, want string }{
		{"the growth loop, all the way", `
			1 10:00 ada started share scope=certificate_id=c1 detail=certificate.earned
			1 10:00 ada sent    share scope=certificate_id=c1 message=ready
			1 10:01 ada email.delivered send=ada/share/ready
			1 11:00 ada email.opened send=ada/share/ready
			1 11:01 ada email.clicked send=ada/share/ready
			1 11:01 ada share.link_clicked send=ada/share/ready share_platform=linkedin_post
			2 09:00 ada share.link_visited send=ada/share/ready
			2 10:00 ada share.link_visited send=ada/share/ready
			2 11:00 ada share.link_visited send=ada/share/ready
			2 12:00 ada certificate.shared certificate=c1 share_platform=linkedin
			2 12:00 ada exited  share reason=until detail=certificate.shared
			9 12:00 ada referral.converted referrer=ada referred=ben`,
			"share: runs=1 sent=1 delivered=1 opened=1 clicked=1 share_clicks=1 share_visits=3 shared=1 referred=1 exited=map[until:1]\n"},

		{"everything told twice counts once", `
			1 10:00 ada started share scope=certificate_id=c1 detail=certificate.earned
			1 10:00 ada started share scope=certificate_id=c1 detail=certificate.earned
			1 10:00 ada deferred share message=ready reason=cap until=2026-03-02T10:00:00Z
			1 10:00 ada deferred share message=ready reason=cap until=2026-03-02T10:00:00Z
			2 10:00 ada sent    share scope=certificate_id=c1 message=ready
			2 10:00 ada sent    share scope=certificate_id=c1 message=ready
			2 10:01 ada email.delivered send=ada/share/ready
			2 10:01 ada email.delivered send=ada/share/ready
			2 11:00 ada share.link_visited send=ada/share/ready
			2 11:00 ada share.link_visited send=ada/share/ready
			2 12:00 ada certificate.shared certificate=c1
			2 12:00 ada certificate.shared certificate=c1`,
			"share: runs=1 sent=1 delivered=1 share_visits=1 shared=1 deferred=map[cap:1]\n"},

		{"a message that was opened and clicked five times was opened and clicked", `
			1 10:00 ada sent    welcome message=welcome
			1 11:00 ada email.opened send=ada/welcome/welcome
			1 12:00 ada email.opened send=ada/welcome/welcome
			1 13:00 ada email.clicked send=ada/welcome/welcome
			1 14:00 ada email.clicked send=ada/welcome/welcome`,
			"welcome: sent=1 opened=1 clicked=1\n"},

		{"a nudge in the app was seen, clicked or dismissed", `
			1 10:00 ada sent    welcome message=welcome channel=inapp
			1 10:00 ben sent    welcome message=welcome channel=inapp
			1 10:00 eve sent    welcome message=welcome channel=inapp
			1 11:00 ada nudge.seen send=ada/welcome/welcome
			1 11:00 ada nudge.clicked send=ada/welcome/welcome
			1 11:00 ben nudge.seen send=ben/welcome/welcome
			1 12:00 ben nudge.dismissed send=ben/welcome/welcome
			1 12:00 ben nudge.dismissed send=ben/welcome/welcome
			1 12:00 eve nudge.seen send=ada/welcome/welcome`,
			"welcome: sent=3 opened=2 clicked=1 dismissed=1\n"},

		{"a mail client that fetches ahead is no reader; a person who opens it later is", `
			1 10:00 ada sent    welcome message=welcome
			1 10:00 ada email.opened send=ada/welcome/welcome machine=true
			1 10:00 ben sent    welcome message=welcome
			1 10:00 ben email.opened send=ben/welcome/welcome machine=true
			1 12:00 ben email.opened send=ben/welcome/welcome machine=false`,
			"welcome: sent=2 opened=1 machine=1\n"},

		{"uncertain, and settled by the provider's report either way, or never", `
			1 10:00 ada uncertain welcome message=welcome reason=provider
			1 10:00 ben uncertain welcome message=welcome reason=provider
			1 10:00 eve uncertain welcome message=welcome reason=provider
			1 10:00 ada sent      welcome message=welcome
			1 10:00 ben failed    welcome message=welcome reason=template_error
			1 10:00 ben uncertain welcome message=welcome reason=provider detail=told_again`,
			"welcome: sent=1 uncertain=map[provider:1] failed=map[template_error:1]\n"},

		{"what was not sent, by reason", `
			1 10:00 ada skipped welcome message=welcome reason=no_consent
			1 10:00 ben skipped welcome message=welcome reason=no_consent
			1 10:00 eve skipped welcome message=welcome reason=late
			1 10:00 ada skipped welcome reason=again detail=never
			1 10:00 joe failed  welcome message=welcome reason=template_error
			1 10:00 ann withheld welcome message=welcome reason=control`,
			"welcome: control=1 failed=map[template_error:1] skipped=map[again:1 late:1 no_consent:2] goal=0/1:0/0:0/1\n"},

		{"bounced, reported, left; and left without a message", `
			1 10:00 ada sent welcome message=welcome
			1 10:00 ben sent welcome message=welcome
			1 10:00 eve sent welcome message=welcome
			1 11:00 ada email.bounced send=ada/welcome/welcome bounce_type=bounce
			1 11:00 ben email.spam_reported send=ben/welcome/welcome
			1 11:00 ben email.unsubscribed send=ben/welcome/welcome topic=offers
			1 11:00 eve email.unsubscribed`,
			"welcome: sent=3 bounced=1 left=1 spam=1\nunprompted: left=1\n"},

		{"people reach goals, not runs; a failure is an exposure; who was in both groups is in neither", `
			1 10:00 ada sent      halfway run=a1 message=halfway
			1 11:00 ada converted halfway run=a1
			1 12:00 ada sent      halfway run=a2 message=halfway
			1 13:00 ada converted halfway run=a2
			1 10:00 ben sent      halfway message=halfway
			1 10:00 eve withheld  halfway message=halfway reason=holdout
			1 13:00 eve converted halfway
			1 10:00 joe withheld  halfway message=halfway reason=holdout
			1 10:00 pia sent      halfway run=p1 message=halfway
			5 10:00 pia withheld  halfway run=p2 message=halfway reason=holdout
			1 10:00 kim failed    halfway message=halfway reason=provider`,
			"halfway: sent=4 holdout=3 failed=map[provider:1] goal=1/3:1/2:0/0\n"},

		{"a run that was withheld one message and sent a transactional one is held out", `
			1 10:00 eve sent      trial message=receipt
			1 11:00 eve withheld  trial message=tips reason=holdout
			1 13:00 eve converted trial`,
			"trial: sent=1 holdout=1 goal=0/0:1/1:0/0\n"},

		{"a message of an earlier time, or a test, is nobody's", `
			1 10:00 ada email.opened send=unknown
			1 10:00 ada share.link_visited send=unknown`,
			""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, c.past).count(Options{})
			if text := got.short(); text != c.want {
				t.Errorf("got\n%swant\n%s", text, c.want)
			}
		})
	}
}

func TestWhoseMeritItIs(t *testing.T) {
	prompts := func(message string) bool { return message == "invite" }
	cases := []struct{ name, past, want string }{
		{"the latest message about that certificate", `
			1 10:00 ada sent share  run=r1 scope=certificate_id=c1 message=ready
			2 10:00 ada sent remind run=r2 scope=certificate_id=c1 message=reminder
			3 10:00 ada sent share  run=r3 scope=certificate_id=c2 message=ready
			4 10:00 ada certificate.shared certificate=c1`,
			"remind: sent=1 shared=1\nshare: sent=2\n"},
		{"a message about the course will do", `
			1 10:00 ada sent halfway scope=course_id=go message=halfway
			1 11:00 ada sent quiz    scope=course_id=rust message=quiz
			4 10:00 ada certificate.shared certificate=c1 course=go`,
			"halfway: sent=1 shared=1\nquiz: sent=1\n"},
		{"the same course, but another certificate: no", `
			1 10:00 ada sent share scope=certificate_id=c1&course_id=go message=ready
			4 10:00 ada certificate.shared certificate=c2 course=go`,
			"share: sent=1\nunprompted: shared=1\n"},
		{"a rule for each learner, begun by a certificate that it does not name", `
			1 10:00 ada started share detail=certificate.earned
			1 10:00 ada sent    share message=ready
			4 10:00 ada certificate.shared certificate=c1`,
			"share: runs=1 sent=1 shared=1\n"},
		{"the same, and the share link told which certificate it was: another one", `
			1 10:00 ada started share detail=certificate.earned
			1 10:00 ada sent    share message=ready
			1 11:00 ada share.link_clicked send=ada/share/ready certificate=c1
			4 10:00 ada certificate.shared certificate=c2`,
			"share: runs=1 sent=1 share_clicks=1\nunprompted: shared=1\n"},
		{"not a message to somebody else", `
			1 10:00 ben sent share scope=certificate_id=c1 message=ready
			4 10:00 ada certificate.shared certificate=c1`,
			"share: sent=1\nunprompted: shared=1\n"},
		{"not a message that came afterwards, nor one of more than 30 days before", `
			1 10:00 ada sent share  run=r1 scope=certificate_id=c1 message=ready
			31 10:01 ada certificate.shared certificate=c1
			31 10:02 ada sent remind run=r2 scope=certificate_id=c1 message=reminder`,
			"remind: sent=1\nshare: sent=1\nunprompted: shared=1\n"},
		{"30 days to the minute is in time", `
			1 10:00 ada sent share  scope=certificate_id=c1 message=ready
			31 10:00 ada certificate.shared certificate=c1`,
			"share: sent=1 shared=1\n"},
		{"not a message that failed, or that was settled as failed", `
			1 10:00 ada sent      share  run=r1 scope=certificate_id=c1 message=ready
			2 10:00 ada failed    remind run=r2 scope=certificate_id=c1 message=reminder reason=provider
			2 11:00 ada uncertain remind run=r3 scope=certificate_id=c1 message=reminder reason=provider
			2 11:00 ada failed    remind run=r3 scope=certificate_id=c1 message=reminder reason=provider
			4 10:00 ada certificate.shared certificate=c1`,
			"remind: failed=map[provider:2]\nshare: sent=1 shared=1\n"},
		{"a referral: the latest message that asked to share or refer, and not the welcome after it", `
			1 10:00 ada sent share   scope=certificate_id=c1 message=ready
			2 10:00 ada sent refer   message=invite
			3 10:00 ada sent welcome message=welcome
			4 10:00 ada referral.link_visited referral_code=K7QX2MPA
			5 10:00 ben referral.converted referrer=ada referred=ben`,
			"refer: sent=1 referral_visits=1 referred=1\nshare: sent=1\nwelcome: sent=1\n"},
		{"a referral after more than 90 days", `
			1 10:00 ada sent refer message=invite
			91 10:01 ada referral.converted referrer=ada referred=ben`,
			"refer: sent=1\nunprompted: referred=1\n"},
		{"one friend is one referral, whatever they go on to do", `
			1 10:00 ada sent refer message=invite
			4 10:00 ada referral.converted referrer=ada referred=ben
			5 10:00 ada referral.converted referrer=ada referred=ben
			6 10:00 ada referral.converted referrer=ada referred=eve`,
			"refer: sent=1 referred=2\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, c.past).count(Options{AsksToShare: prompts})
			if text := got.short(); text != c.want {
				t.Errorf("got\n%swant\n%s", text, c.want)
			}
		})
	}
}

func TestTheTotalIsTheSumWithoutAGoal(t *testing.T) {
	r := read(t, `
		1 10:00 ada sent     welcome message=welcome
		1 10:00 ada deferred halfway message=halfway reason=cap until=2026-03-02T10:00:00Z
		2 10:00 ada sent     halfway message=halfway
		2 10:00 ben withheld halfway message=halfway reason=holdout
		2 11:00 ada converted halfway
		2 12:00 ada email.opened send=ada/halfway/halfway`).count(Options{})
	r.Total.Rule = "total"
	if got, want := r.Total.short(), "total: sent=2 holdout=1 opened=1 deferred=map[cap:1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if again := r.Rules[0].short(); !strings.Contains(again, "goal=1/1:0/1") {
		t.Errorf("the rule itself has lost its goal: %s", again)
	}
}

func TestAReportMayBeTakenTwice(t *testing.T) {
	c := NewCounter(Options{})
	p := read(t, "1 10:00 ada sent welcome message=welcome\n1 10:00 ben failed welcome message=welcome reason=provider")
	for i := range p.decisions {
		c.Decision(&p.decisions[i])
	}
	first := c.Report()
	second := c.Report()
	if first.short() != second.short() {
		t.Errorf("first\n%sthen\n%s", first.short(), second.short())
	}
}

// crowd feeds n messages: each to another learner, each with a run, delivered and opened, every fourth put off before.
func crowd(c *Counter, n int) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	id := func(what string, i int) string { return fmt.Sprintf("%s%020d", what, i) }
	for i := range n {
		at = at.Add(time.Second)
		d := engine.Decision{
			ID:      id("st", i),
			At:      at,
			Learner: id("u_", i),
			Rule:    fmt.Sprint("rule-", i%20),
			Scope:   "course_id=crs_go",
			Kind:    engine.KindStarted,
			Run:     id("run_", i),
			Detail:  "course.completed",
		}
		c.Decision(&d)
		if i%4 == 0 {
			d.ID = id("de", i)
			d.Kind = engine.KindDeferred
			d.Reason = engine.ReasonCap
			c.Decision(&d)
		}
		d.ID = id("se", i)
		d.Kind = engine.KindSent
		d.Message = "halfway"
		d.Send = id("send", i)
		c.Decision(&d)
	}
	for i := range n {
		ev := engine.Event{ID: id("ev", i), Name: eventDelivered, Learner: id("u_", i), Time: at, Properties: map[string]any{"send_id": id("send", i)}}
		c.Event(&ev)
		ev.Name = engine.EventEmailOpened
		c.Event(&ev)
	}
}

func TestAMillionMessagesFit(t *testing.T) {
	const messages, most = 100_000, 200 // bytes each, so that a million take 200 MB
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := NewCounter(Options{})
	crowd(c, messages)
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / messages
	t.Logf("%.0f bytes a message", each)
	if each > most {
		t.Errorf("%.0f bytes a message, at most %d were promised", each, most)
	}
	if r := c.Report(); r.Total.Sent != messages || r.Total.Opened != messages {
		t.Errorf("counted %d sent and %d opened of %d", r.Total.Sent, r.Total.Opened, messages)
	}
}

// BenchmarkCounter counts a million messages with their runs, deliveries and opens an iteration.
func BenchmarkCounter(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c := NewCounter(Options{})
		crowd(c, 1_000_000)
		runtime.GC()
		runtime.ReadMemStats(&after)
		c.Report()
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
	}
}
