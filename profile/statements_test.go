package profile_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/profile"
)

// A statement, as "+offers 3": joined offers three minutes after monday; "-" leaves; "all" is everything.
func state(t *testing.T, p *profile.Profile, statements string) {
	t.Helper()
	for s := range strings.SplitSeq(statements, ", ") {
		topic, minute, _ := strings.Cut(s[1:], " ")
		var n int
		if _, err := fmt.Sscan(minute, &n); err != nil {
			t.Fatal(err)
		}
		at := monday.Add(time.Duration(n) * time.Minute)
		switch {
		case s[0] == '+' && topic == "all":
			p.JoinAll(at)
		case s[0] == '+':
			p.Join(topic, at)
		case topic == "all":
			p.LeaveAll(at)
		default:
			p.Leave(topic, at)
		}
	}
}

// words are a profile's statements: "all" if everything was left, -left, +chosen.
func words(p profile.Profile) string {
	var out []string
	said := p.MailPreferences()
	if said.All {
		out = append(out, "all")
	}
	for _, topic := range said.Left {
		out = append(out, "-"+topic)
	}
	for _, topic := range said.Chosen {
		out = append(out, "+"+topic)
	}
	return strings.Join(out, " ")
}

func TestTheNewestStatementCounts(t *testing.T) {
	for _, tc := range []struct{ name, statements, want string }{
		{"a topic is left", "-offers 1", "-offers"},
		{"and joined again", "-offers 1, +offers 2", "+offers"},
		{"an old leave comes again after the learner came back", "-offers 1, +offers 2, -offers 1", "+offers"},
		{"an old join comes after the learner left", "-offers 2, +offers 1", "-offers"},
		{"left, joined and left", "-offers 1, +offers 2, -offers 3", "-offers"},
		{"still left, so a join from in between is old", "-offers 1, -offers 3, +offers 2", "-offers"},
		{"at the same instant, leaving counts", "+offers 1, -offers 1", "-offers"},
		{"in whichever order", "-offers 1, +offers 1", "-offers"},
		{"each topic has its own time", "-offers 5, +news 1", "-offers +news"},
		{"everything is left", "-all 1", "all"},
		{"and taken back", "-all 1, +all 2", ""},
		{"an old leave of everything comes again", "-all 1, +all 2, -all 1", ""},
		{"an old return comes late", "-all 2, +all 1", "all"},
		{"a topic is chosen by somebody who left everything", "-all 1, +offers 2", "all +offers"},
		{"coming back leaves the topics as they were", "-offers 1, -all 2, +all 3", "-offers"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var p profile.Profile
			state(t, &p, tc.statements)
			if got := words(p); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// What was stored before statements had times is as old as can be, and reads as it did.
func TestStatementsWithoutTimes(t *testing.T) {
	const stored = `{"email":"ada@example.org","unsubscribed_all":true,"unsubscribed":["offers"],"subscribed":["news"]}`
	var p profile.Profile
	if err := json.Unmarshal([]byte(stored), &p); err != nil {
		t.Fatal(err)
	}
	if got := words(p); got != "all -offers +news" {
		t.Fatalf("read as %q", got)
	}
	if again, err := json.Marshal(p); err != nil || string(again) != stored {
		t.Errorf("written as %s, %v", again, err)
	}
	state(t, &p, "+offers 1, -news 1, +all 1")
	if got := words(p); got != "-news +offers" {
		t.Errorf("after newer statements %q", got)
	}
}

func TestTraitsAreNoStatements(t *testing.T) {
	var p profile.Profile
	state(t, &p, "-offers 1, -all 1")
	for _, name := range []string{"unsubscribed", "unsubscribed_all", "subscribed", "topics_at", "offers"} {
		p, _, _ = p.Merge(traits{name: nil}, monday.Add(time.Hour))
		p, _, _ = p.Merge(traits{name: false}, monday.Add(2*time.Hour))
	}
	if got := words(p); got != "all -offers" {
		t.Errorf("traits made %q of it", got)
	}
}

func TestAChoiceIsTakenAsAWhole(t *testing.T) {
	yes := true
	no := false
	refused, _, _ := profile.Profile{}.Merge(traits{"consent": false}, monday)
	for _, tc := range []struct {
		name   string
		was    profile.Profile
		choice profile.Choice
		want   string
		agrees bool
	}{
		{"topics", profile.Profile{}, profile.Choice{Topics: map[string]bool{"offers": false, "news": true}}, "-offers +news", true},
		{"everything goes", profile.Profile{}, profile.Choice{Everything: &no}, "all", true},
		{"everything comes back", profile.Profile{UnsubscribedAll: true}, profile.Choice{Everything: &yes}, "", true},
		{"who comes back agrees again", refused, profile.Choice{Everything: &yes}, "", true},
		{"who chooses a topic has not agreed", refused, profile.Choice{Topics: map[string]bool{"news": true}}, "+news", false},
		{"nothing said", refused, profile.Choice{}, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.was
			p.Choose(tc.choice, monday.Add(time.Minute))
			if got := words(p); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if agrees := p.Consent == nil || *p.Consent; agrees != tc.agrees {
				t.Errorf("consent %v, want %v", agrees, tc.agrees)
			}
			if p.Choose(tc.choice, monday.Add(time.Minute)) {
				t.Error("the same again changed something")
			}
		})
	}
}

func TestStatementsAreBounded(t *testing.T) {
	var p profile.Profile
	for i := range profile.MaxTopics {
		p.Join(fmt.Sprintf("t%d", i), monday.Add(time.Duration(i)*time.Minute))
	}
	late := monday.Add(24 * time.Hour)
	p.Leave("offers", late)
	if len(p.Subscribed) != profile.MaxTopics-1 || slices.Contains(p.Subscribed, "t0") || len(p.TopicsAt) != profile.MaxTopics {
		t.Errorf("%d chosen, t0 among them: %v; want the oldest forgotten", len(p.Subscribed), slices.Contains(p.Subscribed, "t0"))
	}
	for i := range profile.MaxTopics {
		p.Leave(fmt.Sprintf("t%d", i), late)
	}
	if !p.UnsubscribedAll || len(p.Unsubscribed) != profile.MaxTopics || !slices.Contains(p.Unsubscribed, "offers") {
		t.Errorf("all left: %v, %d topics left; want both, and nothing that was left forgotten", p.UnsubscribedAll, len(p.Unsubscribed))
	}
	if p.Join("one more", late.Add(time.Hour)) {
		t.Error("a full profile took one more topic")
	}
	if long := strings.Repeat("x", 129); p.Leave(long, late) || p.Join(long, late) || profile.CheckTopic(long) == nil || profile.CheckTopic("") == nil {
		t.Error("a name that is none was taken")
	}
}

// Copies of a profile must not change with it: the simulator and compare-and-swap keep them.
func TestStatementsChangeNoCopies(t *testing.T) {
	var p profile.Profile
	state(t, &p, "-a 1, +b 1, -c 1")
	before, _ := json.Marshal(p)
	other := p
	state(t, &other, "+a 2, -b 2, +d 2, -all 2")
	if after, _ := json.Marshal(p); string(after) != string(before) {
		t.Errorf("changed from %s to %s", before, after)
	}
}

func TestWhatAnEventMeans(t *testing.T) {
	for _, tc := range []struct {
		name, event string
		properties  traits
		want        profile.Feedback
	}{
		{"a topic is left", "email.unsubscribed", traits{"topic": "offers", "send_id": "s1"}, profile.Feedback{Leave: true, Topic: "offers", Send: "s1"}},
		{"everything is left", "email.unsubscribed", traits{}, profile.Feedback{Leave: true, Suppress: profile.ReasonUnsubscribed}},
		{"a topic that is none", "email.unsubscribed", traits{"topic": strings.Repeat("x", 200)}, profile.Feedback{}},
		{"a complaint is about everything", "email.spam_reported", traits{"topic": "offers"}, profile.Feedback{Leave: true, Suppress: profile.ReasonComplained}},
		{"no such mailbox", "email.bounced", traits{"bounce_type": "bounce"}, profile.Feedback{Suppress: profile.ReasonBounced}},
		{"a hard bounce in Postmark's word", "email.bounced", traits{"bounce_type": "HardBounce"}, profile.Feedback{Suppress: profile.ReasonBounced}},
		{"a hard bounce in Amazon's word", "email.bounced", traits{"bounce_type": "Permanent"}, profile.Feedback{Suppress: profile.ReasonBounced}},
		{"a hard bounce in a short word", "email.bounced", traits{"bounce_type": "hard"}, profile.Feedback{Suppress: profile.ReasonBounced}},
		{"a soft bounce in Amazon's word", "email.bounced", traits{"bounce_type": "Transient"}, profile.Feedback{SoftBounce: true}},
		{"a word that nobody knows", "email.bounced", traits{"bounce_type": "wobbly"}, profile.Feedback{}},
		{"a full mailbox", "email.bounced", traits{"bounce_type": "blocked"}, profile.Feedback{SoftBounce: true}},
		{"a delivery", "email.delivered", nil, profile.Feedback{Delivered: true}},
		{"a bounce that does not say what kind", "email.bounced", nil, profile.Feedback{}},
		{"an odd kind", "email.bounced", traits{"bounce_type": 7.0}, profile.Feedback{}},
		{"anything else", "lesson.completed", traits{"topic": "offers"}, profile.Feedback{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, profile.FeedbackOf(tc.event, tc.properties)); diff != "" {
				t.Errorf("feedback (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzStatements(f *testing.F) {
	f.Add([]byte("\x01\x02\x03\x04\x05\x06"))
	f.Fuzz(func(t *testing.T, script []byte) {
		var p profile.Profile
		newest := map[string]int{} // by topic: minute*2, and one more for leaving
		for ; len(script) >= 2; script = script[2:] {
			topic := string(rune('a' + script[0]%4))
			minute := int(script[1] >> 1)
			at := monday.Add(time.Duration(minute) * time.Minute)
			if script[1]&1 == 1 {
				p.Leave(topic, at)
			} else {
				p.Join(topic, at)
			}
			newest[topic] = max(newest[topic], 2*minute+int(script[1]&1)+1)
		}
		for topic, last := range newest {
			left := (last-1)%2 == 1
			if slices.Contains(p.Unsubscribed, topic) != left || slices.Contains(p.Subscribed, topic) == left {
				t.Fatalf("%s: left %v, want %v", topic, p.Unsubscribed, left)
			}
		}
	})
}

// Two hosts answer the same person, and one clock is two seconds behind: who is told that they have left has left.
func TestLeavingOnAHostWhoseClockIsBehind(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	yes := true
	no := false
	var p profile.Profile
	p.Choose(profile.Choice{Everything: &yes, Topics: map[string]bool{"news": true}}, at)
	p.Choose(profile.Choice{Everything: &no, Topics: map[string]bool{"news": false}}, at.Add(-2*time.Second))
	if !p.UnsubscribedAll || !slices.Contains(p.Unsubscribed, "news") {
		t.Errorf("after leaving: %+v", p)
	}
}
