package delivery_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
)

func composer(t *testing.T) delivery.ContentComposer {
	t.Helper()
	m, errs := content.Inspect("messages/well-done.md", []byte(`---
subject: "{{ course.title }}, {{ learner.first_name }}"
---
{{ trigger.score_pct }} on {{ trigger.time | date: "%Y" }} {{ course.url | default: "nowhere" }}{% if vars.plan %} {{ vars.plan }}{% endif %}{% if answer.score %} {{ answer.score }} in {{ answer.time | date: "%Y" }}{% endif %}`), "answer")
	if errs != nil {
		t.Fatal(errs)
	}
	l, err := content.NewLibrary([]*content.Message{m}, content.Site{
		Sender: content.Sender{From: "hello@academy.example", Name: "Academy", ReplyTo: "help@academy.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return editionComposer(l)
}

// editionComposer composes from one library, which is that of rev-1.
func editionComposer(l *content.Library) delivery.ContentComposer {
	return delivery.ContentComposer{
		Edition: func(_ context.Context, revision string) (delivery.Edition, error) {
			if revision != "rev-1" {
				return delivery.Edition{}, delivery.ErrRevisionLost
			}
			return delivery.Edition{
				Library: l,
				Courses: map[string]engine.CourseInfo{
					"go": {Title: "Go", URL: "https://academy.example/go"}, "bare": {},
				},
			}, nil
		},
	}
}

func TestContentComposer(t *testing.T) {
	ada := delivery.Recipient{Profile: engine.Profile{Traits: map[string]any{"first_name": "Ada"}}}
	s := send
	s.Course = "go"
	s.CourseTitle = "Go, as an event called it"
	s.Trigger = engine.Event{Time: start, Properties: map[string]any{"score_pct": 40.0}}

	m, err := composer(t).Compose(t.Context(), s, ada, content.Outward{Unsubscribe: "https://academy.example/u"})
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Go, Ada" || m.From != "hello@academy.example" || m.FromName != "Academy" || m.ReplyTo != "help@academy.example" {
		t.Errorf("got %+v", m)
	}
	if !strings.HasPrefix(m.Text, "40 on 2026 https://academy.example/go\n") || !strings.Contains(m.HTML, "https://academy.example/u") {
		t.Errorf("text %q", m.Text)
	}

	s.Vars = engine.Values{"plan": "plan B"}
	if m, err = composer(t).Compose(t.Context(), s, ada, content.Outward{}); err != nil || !strings.HasPrefix(m.Text, "40 on 2026 https://academy.example/go plan B\n") {
		t.Errorf("what the step hands over: text %q, %v", m.Text, err)
	}
	answered := s
	answered.Awaited = []engine.AwaitedEvent{{Name: "answer", Event: engine.Event{Time: start, Properties: map[string]any{"score": 9.0}}}}
	if m, err = composer(t).Compose(t.Context(), answered, ada, content.Outward{}); err != nil || !strings.HasPrefix(m.Text, "40 on 2026 https://academy.example/go plan B 9 in 2026\n") {
		t.Errorf("what the run has waited for: text %q, %v", m.Text, err)
	}
	s.Course = "bare"
	if m, err = composer(t).Compose(t.Context(), s, ada, content.Outward{}); err != nil || m.Subject != "Go, as an event called it, Ada" {
		t.Errorf("a title that only events know: %+v, %v", m, err)
	}
	if _, err := composer(t).Compose(t.Context(), s, delivery.Recipient{}, content.Outward{}); !errors.Is(err, delivery.ErrTemplate) {
		t.Errorf("a learner without a name: %v, want ErrTemplate", err)
	}
	s.Message = "gone"
	if _, err := composer(t).Compose(t.Context(), s, ada, content.Outward{}); !errors.Is(err, delivery.ErrTemplate) {
		t.Errorf("an unknown message: %v, want ErrTemplate", err)
	}
	s.Revision = "rev-0"
	if _, err := composer(t).Compose(t.Context(), s, ada, content.Outward{}); !errors.Is(err, delivery.ErrRevisionLost) {
		t.Errorf("an unknown revision: %v, want ErrRevisionLost", err)
	}
}
