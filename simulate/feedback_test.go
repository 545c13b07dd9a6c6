package simulate

import (
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// The store forgets no suppressed address, knows to which address a send went, and compares without regard to case.
func TestFeedbackMeansTheSameAsInTheStore(t *testing.T) {
	at := func(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }
	type ev struct {
		h     int
		event string
		props map[string]any
		email string
	}
	bounce := func(h int, send string) ev {
		p := map[string]any{"bounce_type": "bounce"}
		if send != "" {
			p["send_id"] = send
		}
		return ev{h: h, event: "email.bounced", props: p}
	}
	for _, c := range []struct {
		name       string
		reachable  bool
		events     []ev
		suppressed bool
	}{
		{"another spelling of the address", false, []ev{{h: 1, email: "Ada@example.org"}, bounce(2, ""), {h: 3, email: "ada@example.org"}}, true},
		{"back to the address that bounced first", false, []ev{{h: 1, email: "a@x.org"}, bounce(2, ""), {h: 3, email: "b@x.org"}, bounce(4, ""), {h: 5, email: "a@x.org"}}, true},
		{"back after leaving everything", false, []ev{{h: 1, email: "a@x.org"}, {h: 2, event: "email.unsubscribed"}, {h: 3, event: "email.resubscribed"}}, false},
		{"away again after a return", false, []ev{{h: 1, email: "a@x.org"}, {h: 3, event: "email.resubscribed"}, {h: 4, event: "email.unsubscribed"}}, true},
		{"a recorded learner whose address nobody recorded", true, []ev{bounce(2, "")}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := NewHost(HostOptions{Learner: "u", Ruleset: &engine.Ruleset{}, AssumeReachable: c.reachable, Decided: func(engine.Decision) {}})
			for i, e := range c.events {
				name := e.event
				traits := map[string]any(nil)
				if e.email != "" {
					name = "profile.updated"
					traits = map[string]any{"email": e.email}
				}
				d := catalog.Decoded{Event: engine.Event{ID: string(rune('a' + i)), Name: name, Learner: "u", Time: at(e.h), Properties: e.props}, Traits: traits}
				if err := h.Event(d, at(e.h)); err != nil {
					t.Fatal(err)
				}
			}
			if h.env.Profile.Reach[engine.ChannelEmail].Suppressed != c.suppressed {
				t.Errorf("suppressed %t, want %t", h.env.Profile.Reach[engine.ChannelEmail].Suppressed, c.suppressed)
			}
		})
	}
	t.Run("many soft bounces, until the rest is over", func(t *testing.T) {
		h := NewHost(HostOptions{Learner: "u", Ruleset: &engine.Ruleset{}, Decided: func(engine.Decision) {}})
		hear := func(day int, name string, properties map[string]any) engine.Reach {
			d := catalog.Decoded{Event: engine.Event{ID: name + at(24*day).String(), Name: name, Learner: "u", Time: at(24 * day), Properties: properties}}
			if name == "profile.updated" {
				d.Traits = map[string]any{"email": "a@x.org"}
			}
			if err := h.Event(d, at(24*day)); err != nil {
				t.Fatal(err)
			}
			h.showRest(at(24 * day))
			return h.env.Profile.Reach[engine.ChannelEmail]
		}
		hear(0, "profile.updated", nil)
		var reach engine.Reach
		for day := 1; day <= 5; day++ {
			if reach.Suppressed {
				t.Errorf("suppressed after %d soft bounces", day-1)
			}
			reach = hear(day, "email.bounced", map[string]any{"bounce_type": "blocked"})
		}
		if until := at(24 * 35); !reach.Suppressed || !reach.SuppressedUntil.Equal(until) {
			t.Errorf("reach %+v, want suppressed until %s", reach, until)
		}
		if reach := hear(36, "lesson.completed", nil); reach.Suppressed {
			t.Error("the rest does not end by itself")
		}
	})
	t.Run("a late report of a mail to the address before", func(t *testing.T) {
		h := NewHost(HostOptions{Learner: "u", Ruleset: &engine.Ruleset{}, Decided: func(engine.Decision) {}})
		for i, d := range []catalog.Decoded{
			{Event: engine.Event{Name: "profile.updated", Time: at(1)}, Traits: map[string]any{"email": "old@x.org"}},
			{Event: engine.Event{Name: "profile.updated", Time: at(5)}, Traits: map[string]any{"email": "new@x.org"}},
			{Event: engine.Event{Name: "email.bounced", Time: at(3), Properties: map[string]any{"bounce_type": "bounce"}}},
		} {
			d.Event.ID = string(rune('a' + i))
			d.Event.Learner = "u"
			if err := h.Event(d, at(6)); err != nil {
				t.Fatal(err)
			}
		}
		if h.env.Profile.Reach[engine.ChannelEmail].Suppressed {
			t.Error("the new address is suppressed by a bounce of the old one; production knows better (store.Profiles.suppress)")
		}
	})
}
