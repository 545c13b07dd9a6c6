package report

import (
	"testing"
	"time"

	"homeroom/engine"
)

func TestWhatAnEventTells(t *testing.T) {
	cases := []struct {
		name, event string
		properties  map[string]any
		want        string
	}{
		{"a person opens", "email.opened", map[string]any{"machine": false}, "halfway was opened"},
		{"a mail client fetches ahead", "email.opened", map[string]any{"machine": true}, "halfway was fetched by a mail client, which says nothing about the learner"},
		{"a bounce: not the provider's words, which hold the address", "email.bounced", map[string]any{"bounce_type": "bounce", "reason": "550 ada@example.org unknown"}, "halfway bounced"},
		{"a nudge that was seen", "nudge.seen", map[string]any{"send_id": "s"}, "halfway was seen in the app"},
		{"a nudge that was closed", "nudge.dismissed", map[string]any{"send_id": "s"}, "halfway was dismissed in the app"},
		{"a full mailbox", "email.bounced", map[string]any{"bounce_type": "blocked"}, "halfway was refused for now by the learner's mail server"},
		{"leaving a topic", "email.unsubscribed", map[string]any{"topic": "offers"}, "the learner left the topic offers"},
		{"leaving", "email.unsubscribed", nil, "the learner unsubscribed from everything"},
		{"an event of the platform: ids only", "certificate.earned", map[string]any{"certificate_id": "c1", "course_id": "go", "course_title": "Go"}, "certificate c1, course go"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := describeEvent(&engine.Event{Name: c.event, Learner: "ada", Time: time.Now(), Properties: c.properties}, "halfway")
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
