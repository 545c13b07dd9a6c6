package edge

import (
	"strings"
	"testing"
)

func TestThePreferencesShowHowItIs(t *testing.T) {
	const on, off = ` checked>`, `>`
	for _, c := range []struct {
		about                       string
		prefs                       PreferencesPage
		progress, reminders, offers string
		shows                       []string
		hides                       []string
	}{
		{"who never said anything gets what is on by default", PreferencesPage{Everything: true}, on, on, off,
			[]string{"Your mail from Fernhill Academy", "Help with a course at hand", "New offers", `value="stop"`}, []string{`value="lift"`, `value="resume"`, "Saved"}},
		{"a topic left, another chosen", PreferencesPage{Everything: true, Topics: map[string]bool{"reminders": false, "new_offers": true}}, on, off, on, nil, nil},
		{"who said yes to mail as such", PreferencesPage{Everything: true, Consented: true}, on, on, on, nil, nil},
		{"who left everything", PreferencesPage{Topics: map[string]bool{"new_offers": true}}, off, off, off,
			[]string{"You get no mail at the moment", `value="resume"`}, []string{`value="stop"`}},
		{"mail came back", PreferencesPage{Everything: true, Suppressed: "bounced"}, on, on, off, []string{"Mail to it came back", `value="lift"`}, nil},
		{"reported as spam", PreferencesPage{Everything: true, Suppressed: "complained"}, on, on, off, []string{"reported as spam", `value="lift"`}, nil},
		{"an unsubscribed address", PreferencesPage{Everything: true, Suppressed: "unsubscribed"}, on, on, off, []string{"want no mail", `value="lift"`}, nil},
		{"left everything, so that one button is enough", PreferencesPage{Suppressed: "unsubscribed"}, off, off, off, []string{`value="resume"`}, []string{`value="lift"`}},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := newStand(t)
			s.people.by["ada@example.org"] = c.prefs
			w := s.ask("GET", s.preferencesLink(), "")
			expect(t, w, 200, append(c.shows, `name="topic" value="progress"`+c.progress, `name="topic" value="reminders"`+c.reminders, `name="topic" value="new_offers"`+c.offers)...)
			for _, text := range c.hides {
				if strings.Contains(bodyOf(w), text) {
					t.Errorf("the page shows %q:\n%s", text, bodyOf(w))
				}
			}
			expectNothingHappened(t, s)
		})
	}
}

func TestSavingPreferences(t *testing.T) {
	said := func(name string, topics ...string) (out []event) {
		for _, topic := range topics {
			properties := map[string]any{"send_id": "snd-1"}
			if topic != "" {
				properties["topic"] = topic
			}
			out = append(out, event{"ada@example.org", name, properties})
		}
		return out
	}
	left := func(topics ...string) []event { return said("email.unsubscribed", topics...) }
	back := func(topics ...string) []event { return said("email.resubscribed", topics...) }
	for _, c := range []struct {
		about  string
		before PreferencesPage
		form   []string // do, then name and value by turns
		want   string   // the topics that reach her afterwards
		said   int      // statements about topics
		events []event
	}{
		{"a topic turned off", PreferencesPage{Everything: true}, []string{"save", "topic", "progress", "shown", "progress", "shown", "reminders"}, "progress", 1, left("reminders")},
		{"a topic turned on", PreferencesPage{Everything: true}, []string{"save", "topic", "progress", "topic", "reminders", "topic", "new_offers", "shown", "progress", "shown", "reminders"}, "progress reminders new_offers", 1, back("new_offers")},
		{"nothing moved", PreferencesPage{Everything: true}, []string{"save", "topic", "progress", "topic", "reminders", "shown", "progress", "shown", "reminders"}, "progress reminders", 0, nil},
		{"all turned off, one by one", PreferencesPage{Everything: true}, []string{"save", "shown", "progress", "shown", "reminders"}, "", 2, left("progress", "reminders")},
		{"a page from before she left reminders elsewhere does not bring them back", PreferencesPage{Everything: true, Topics: map[string]bool{"reminders": false}},
			[]string{"save", "topic", "reminders", "shown", "progress", "shown", "reminders"}, "", 1, left("progress")},
		{"a page from before she left everything does not bring it back", PreferencesPage{}, []string{"save", "topic", "progress", "topic", "reminders", "topic", "new_offers", "shown", "progress", "shown", "reminders"}, "", 1, back("new_offers")},
		{"a topic that does not exist", PreferencesPage{Everything: true}, []string{"save", "topic", "progress", "topic", "reminders", "topic", "admin", "shown", "progress", "shown", "reminders"}, "progress reminders", 0, nil},
		{"stop all", PreferencesPage{Everything: true}, []string{"stop"}, "", 0, left("")},
		{"stop all, again", PreferencesPage{}, []string{"stop"}, "", 0, nil},
		{"mail again, as before", PreferencesPage{Topics: map[string]bool{"reminders": false}}, []string{"resume"}, "progress", 1, back("")},
		{"mail again after a yes to mail as such", PreferencesPage{Consented: true, Topics: map[string]bool{"reminders": false}}, []string{"resume"}, "progress new_offers", 0, back("")},
		{"from nothing, only what she ticks", PreferencesPage{Topics: map[string]bool{"new_offers": true}}, []string{"save", "was", "stopped", "topic", "reminders"}, "reminders", 3, back("", "reminders")},
		{"from nothing, and nothing ticked", PreferencesPage{}, []string{"save", "was", "stopped"}, "", 0, nil},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := newStand(t)
			s.people.by["ada@example.org"] = c.before
			w := s.press(s.preferencesLink(), c.form[0], c.form[1:]...)
			expect(t, w, 200, "Saved.")
			var got []string
			for _, topic := range s.o.Topics() {
				gets := s.ada().getsTopic(topic)
				if gets {
					got = append(got, topic.Name)
				}
				if shown := strings.Contains(bodyOf(w), `value="`+topic.Name+`" checked`); shown != gets {
					t.Errorf("%s: stored %v, shown %v", topic.Name, gets, shown)
				}
			}
			if strings.Join(got, " ") != c.want || len(s.people.said.Topics) != c.said {
				t.Errorf("got %q with %+v, want %q with %d statements", got, s.people.said, c.want, c.said)
			}
			expectEvents(t, s, c.events...)
			// The page as it comes next says the same.
			next := s.ask("GET", s.preferencesLink(), "")
			if strings.Count(bodyOf(next), " checked>") != strings.Count(bodyOf(w), " checked>") {
				t.Errorf("looked at again, the page is different:\n%s", bodyOf(next))
			}
		})
	}
}

func TestOnlyAnExplicitChoiceLiftsASuppression(t *testing.T) {
	for _, reason := range []string{"bounced", "complained", "unsubscribed"} {
		s := newStand(t)
		s.people.by["ada@example.org"] = PreferencesPage{Everything: true, Suppressed: reason}
		s.press(s.preferencesLink(), "save", "topic", "new_offers")
		s.ask("POST", s.preferencesLink(), "List-Unsubscribe=One-Click")
		s.ask("POST", s.unsubscribeLink("progress"), "List-Unsubscribe=One-Click")
		if got := s.ada().Suppressed; got != reason {
			t.Errorf("%s: something else lifted it", reason)
		}
		w := s.press(s.preferencesLink(), "lift")
		expect(t, w, 200, "Saved.")
		if strings.Contains(bodyOf(w), `value="lift"`) || s.ada().Suppressed != "" {
			t.Errorf("%s: it was not lifted", reason)
		}
	}
	s := newStand(t)
	s.press(s.preferencesLink(), "lift")
	expectNothingHappened(t, s)
}

func TestThereAndBackIsTheSame(t *testing.T) {
	s := newStand(t)
	for range 3 {
		s.press(s.preferencesLink(), "stop")
		s.press(s.preferencesLink(), "resume")
		for topic, want := range map[string]bool{"progress": true, "reminders": true, "new_offers": false} {
			if got := s.ada().getsTopic(s.topicNamed(topic)); got != want {
				t.Errorf("%s: got %v, want %v as before", topic, got, want)
			}
		}
	}
}
