package report

import (
	"fmt"
	"strings"
	"testing"
)

// text writes a story the way people read it.
func (s *Story) text() string {
	var b strings.Builder
	for _, c := range s.Runs {
		fmt.Fprintf(&b, "%s|%s|%s\n", c.Rule, c.Scope, c.Run)
		for _, l := range c.Entries {
			fmt.Fprintf(&b, "  %s %s: %s", l.At.Format("2 15:04"), l.What, l.Text)
			if channel := l.WentBy(); channel != "" {
				fmt.Fprintf(&b, " [%s]", channel)
			}
			if l.Times > 1 {
				fmt.Fprintf(&b, " ×%d until %s", l.Times, l.Last.Format("2 15:04"))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestStories(t *testing.T) {
	cases := []struct{ name, rule, past, want string }{
		{"the growth loop", "", `
			1 10:00 ada certificate.earned certificate=c1 course=go
			1 10:00 ada started share scope=certificate_id=c1 detail=certificate.earned
			1 10:00 ada deferred share scope=certificate_id=c1 message=ready reason=quiet_hours until=2026-03-02T07:00:00Z
			2 07:00 ada sent    share scope=certificate_id=c1 message=ready
			2 07:01 ada email.delivered send=ada/share/ready
			2 07:01 ada email.opened send=ada/share/ready machine=true
			2 08:00 ada email.opened send=ada/share/ready
			2 08:01 ada email.clicked send=ada/share/ready url=https://academy.example/certificates/c1
			2 08:01 ada share.link_clicked send=ada/share/ready share_platform=linkedin_post
			2 09:00 ada share.link_visited send=ada/share/ready
			2 10:00 ada share.link_visited send=ada/share/ready
			2 11:00 ada share.link_visited send=ada/share/ready
			2 12:00 ada certificate.shared certificate=c1 share_platform=linkedin
			2 12:00 ada exited  share scope=certificate_id=c1 reason=until detail=certificate.shared
			9 12:00 ben referral.converted referrer=ada referred=ben`, `share|certificate_id=c1|ada/share
  1 10:00 certificate.earned: certificate c1, course go
  1 10:00 started: a run began: certificate.earned arrived
  1 10:00 deferred: ready was put off until 2026-03-02T07:00:00Z: it was quiet hours where the learner lives
  2 07:00 sent: ready went to the provider
  2 07:01 email.delivered: ready was delivered
  2 07:01 email.opened: ready was fetched by a mail client, which says nothing about the learner
  2 08:00 email.opened: ready was opened
  2 08:01 email.clicked: a link in ready was clicked
  2 08:01 share.link_clicked: the learner followed the share link to linkedin_post
  2 09:00 share.link_visited: somebody visited what was shared ×3 until 2 11:00
  2 12:00 certificate.shared: the learner shared certificate c1 to linkedin
  2 12:00 exited: the run ended: the learner did what the rule says it goes on until (certificate.shared)
  9 12:00 referral.converted: learner ben came by the learner's referral
`},
		{"uncertain, then settled: one line", "", `
			1 10:00 ada started   welcome detail=user.signed_up
			1 10:00 ada uncertain welcome message=welcome reason=provider detail=timeout
			1 10:00 ada sent      welcome message=welcome detail=settled
			1 10:00 ada uncertain welcome message=tips reason=provider detail=timeout`, `welcome||ada/welcome
  1 10:00 started: a run began: user.signed_up arrived
  1 10:00 sent: welcome went to the provider (settled); it was uncertain until then (timeout)
  1 10:00 uncertain: tips may have gone: the provider's answer was lost; it counts as sent and is never repeated (timeout)
`},
		{"told twice by the streams, told once here", "", `
			1 10:00 ada started welcome detail=user.signed_up
			1 10:00 ada started welcome detail=user.signed_up
			1 10:00 ada sent    welcome message=welcome
			1 10:00 ada sent    welcome message=welcome
			1 11:00 ada email.opened send=ada/welcome/welcome
			1 11:00 ada email.opened send=ada/welcome/welcome`, `welcome||ada/welcome
  1 10:00 started: a run began: user.signed_up arrived
  1 10:00 sent: welcome went to the provider
  1 11:00 email.opened: welcome was opened
`},
		{"why not", "", `
			1 10:00 ada skipped quiz reason=again detail=after_7d
			2 10:00 ada started quiz detail=assessment.graded
			2 11:00 ada skipped quiz message=retry reason=unsubscribed
			3 10:00 ada withheld quiz message=tutor reason=holdout arm=tone=warm
			4 10:00 ada failed   quiz message=tutor2 reason=template_error detail=unknown_variable
			5 10:00 ada converted quiz detail=assessment.graded`, `quiz||
  1 10:00 skipped: no run began: the rule has run for the same thing and does not start again yet (again: after_7d)
quiz||ada/quiz
  2 10:00 started: a run began: assessment.graded arrived
  2 11:00 skipped: retry was not sent: the learner has left this topic
  3 10:00 withheld: tutor was withheld: the learner is in the rule's holdout, the group to compare with (arm tone=warm)
  4 10:00 failed: tutor2 could not be sent: the message could not be rendered (unknown_variable)
  5 10:00 converted: the goal was reached: assessment.graded
`},
		{"a cause goes to the run about the same thing, and lessons that caused nothing are left out", "", `
			1 09:00 ada lesson.completed lesson_id=l1
			1 10:00 ada certificate.earned certificate=c2
			1 10:00 ada certificate.earned certificate=c1
			1 10:00 ada started share run=r1 scope=certificate_id=c1 detail=certificate.earned
			1 10:01 ada started share run=r2 scope=certificate_id=c2 detail=certificate.earned`, `share|certificate_id=c1|r1
  1 10:00 certificate.earned: certificate c1
  1 10:00 started: a run began: certificate.earned arrived
share|certificate_id=c2|r2
  1 10:00 certificate.earned: certificate c2
  1 10:01 started: a run began: certificate.earned arrived
`},
		{"what came without a message", "", `
			1 09:00 ada certificate.shared certificate=c9
			1 10:00 ada email.unsubscribed`, `||
  1 09:00 certificate.shared: the learner shared certificate c9
  1 10:00 email.unsubscribed: the learner unsubscribed from everything
`},
		{"one rule is told, and another keeps its merit", "share", `
			1 10:00 ada sent share  run=r1 scope=certificate_id=c1 message=ready
			2 10:00 ada sent remind run=r2 scope=certificate_id=c1 message=reminder
			4 10:00 ada certificate.shared certificate=c1`, `share|certificate_id=c1|r1
  1 10:00 sent: ready went to the provider
`},
		{"each message that went says how", "", `
			1 10:00 ada sent     hi message=note channel=email
			1 11:00 ada withheld hi message=nudge reason=holdout channel=inapp
			1 12:00 ada skipped  hi message=more reason=cap`, `hi||ada/hi
  1 10:00 sent: note went to the provider [email]
  1 11:00 withheld: nudge was withheld: the learner is in the rule's holdout, the group to compare with
  1 12:00 skipped: more was not sent: the learner had as many messages as a cap allows
`},
		{"somebody else's referral", "", `
			1 10:00 ada sent share scope=certificate_id=c1 message=ready
			2 10:00 eve referral.converted referrer=eve referred=joe`, `share|certificate_id=c1|ada/share
  1 10:00 sent: ready went to the provider
`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := read(t, c.past)
			story := NewStory("ada", p.decisions, p.events, StoryOptions{Rule: c.rule})
			if got := story.text(); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestNothingToTell(t *testing.T) {
	story := NewStory("ada", nil, nil, StoryOptions{})
	if story.Runs == nil || len(story.Runs) != 0 {
		t.Errorf("got %+v, want no chapters and no null", story.Runs)
	}
}
