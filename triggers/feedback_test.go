package triggers_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/profile"
	"homeroom/store"
	"homeroom/triggers"
)

// person is what is known of u_1 as somebody who gets mail.
func (w *world) person() profile.MailPreferences {
	w.t.Helper()
	p, err := w.store.People.Preferences(context.Background(), "u_1")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// TestWhatAPlatformSaysAboutMailCountsBeforeTheHandOver: by the time a workflow hears that its learner left, whoever asks
// the profile hears it too.
func TestWhatAPlatformSaysAboutMailCountsBeforeTheHandOver(t *testing.T) {
	for _, tc := range []struct {
		name, event string
		properties  map[string]any
		want        profile.MailPreferences
	}{
		{"a topic is left", "email.unsubscribed", map[string]any{"topic": "offers"}, profile.MailPreferences{Left: []string{"offers"}}},
		{"everything is left", "email.unsubscribed", nil, profile.MailPreferences{All: true, Suppressed: "unsubscribed"}},
		{"a complaint", "email.spam_reported", map[string]any{"topic": "offers"}, profile.MailPreferences{All: true, Suppressed: "complained"}},
		{"no such mailbox", "email.bounced", map[string]any{"send_id": "s1", "bounce_type": "bounce"}, profile.MailPreferences{Suppressed: "bounced"}},
		{"a full mailbox", "email.bounced", map[string]any{"send_id": "s1", "bounce_type": "blocked"}, profile.MailPreferences{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.rules = rules(tc.event)
			seen := make(chan profile.MailPreferences, 1)
			w.learn.failWith(func(triggers.Batch) error { seen <- w.person(); return nil })
			w.run()
			w.lessonWith(time.Now(), map[string]any{"email": "ada@example.org"})
			w.publish("u_1", tc.event, map[string]any{"id": "e1", "properties": tc.properties})
			got := <-seen
			if got.All != tc.want.All || !slices.Equal(got.Left, tc.want.Left) || got.Suppressed != tc.want.Suppressed {
				t.Errorf("at the hand-over %+v, want %+v", got, tc.want)
			}
		})
	}
}

// lessonWith publishes an event of u_1 that carries traits.
func (w *world) lessonWith(at time.Time, traits map[string]any) {
	w.t.Helper()
	w.publish("u_1", "lesson.completed", map[string]any{
		"id": "l1", "time": at.Format(time.RFC3339Nano), "traits": traits, "properties": map[string]any{"lesson_id": "l1", "course_id": "c1"},
	})
}

func TestAnOldEventDoesNotOverruleWhoCameBack(t *testing.T) {
	w := newWorld(t)
	run := w.run()
	now := time.Now().Add(-time.Hour)
	left := func(id string, at time.Time, properties map[string]any) {
		w.publish("u_1", "email.unsubscribed", map[string]any{"id": id, "time": at.Format(time.RFC3339Nano), "properties": properties})
	}
	w.lessonWith(now.Add(-time.Minute), map[string]any{"email": "ada@example.org"})
	left("a", now, map[string]any{"topic": "offers"})
	left("b", now, nil)
	w.until("both statements", func() bool { return run.Stats().Unneeded == 2 })
	if p := w.person(); !p.All || len(p.Left) != 1 || p.Suppressed == "" {
		t.Fatalf("they left, and the profile says %+v", p)
	}
	ctx := context.Background()
	for _, topic := range []string{"", "offers"} {
		if err := w.store.People.Join(ctx, "u_1", topic, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	left("a", now, map[string]any{"topic": "offers"}) // the same again, from a platform that repeats
	left("b", now, nil)
	w.until("the repeats", func() bool { return run.Stats().Unneeded == 4 })
	if p := w.person(); p.All || len(p.Left) > 0 || p.Suppressed != "" {
		t.Errorf("they came back, and the profile says %+v", p)
	}
	left("c", now.Add(2*time.Minute), nil)
	w.until("a new statement", func() bool { return run.Stats().Unneeded == 5 })
	if p := w.person(); !p.All || p.Suppressed != string(store.ReasonUnsubscribed) {
		t.Errorf("they left again, and the profile says %+v", p)
	}
}

func TestAnEventThatIsHeldIsCounted(t *testing.T) {
	w := newWorld(t)
	w.learn.failWith(func(b triggers.Batch) error { return errDown })
	run := w.run()
	w.lesson("u_1", 1)
	w.until("an age", func() bool { return run.Stats().OldestHeld > 50*time.Millisecond })
	w.learn.failWith(nil)
	w.until("the hand-over", func() bool { return run.Stats().OldestHeld == 0 })
	if got := w.learn.of("u_1"); !slices.ContainsFunc(got, func(e engine.Event) bool { return e.Name == "lesson.completed" }) {
		t.Errorf("handed over %v", got)
	}
}
