package admin

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
)

// spanEvents are recorded events of which the span is found.
type spanEvents struct {
	t            *testing.T
	js           jetstream.JetStream
	installation *Installation
}

func openSpanEvents(t *testing.T) *spanEvents {
	t.Helper()
	server, js, _ := natstest.Open(t)
	i, err := Connect(t.Context(), ConnectOptions{
		Name:     "span",
		NATS:     NATSOptions{URL: server.URL()},
		Directly: true,
		Now:      time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return &spanEvents{
		t:            t,
		js:           js,
		installation: i,
	}
}

func (s *spanEvents) publish(learner, body string) {
	s.t.Helper()
	if _, err := s.js.Publish(s.t.Context(), "learning."+learner+".lesson.started", []byte(body)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *spanEvents) publishEvent(learner, id string, at time.Time) {
	s.t.Helper()
	s.publish(learner, fmt.Sprintf(`{"id":%q,"time":%q,"properties":{"lesson_id":"l1","course_id":"c"}}`, id, at.UTC().Format(time.RFC3339)))
}

// compare holds the span that is found without reading everything against that of a copy of all events.
func (s *spanEvents) compare() eventsSpan {
	s.t.Helper()
	span, err := s.installation.readSpan(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := OpenEventCopy(s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	if err := s.installation.RefreshEventCopy(s.t.Context(), c, nil); err != nil {
		s.t.Fatal(err)
	}
	if first, last := c.kept.Span(); !span.first.Equal(first) || !span.last.Equal(last) {
		s.t.Errorf("from %s to %s, and a copy has events from %s to %s", span.first, span.last, first, last)
	}
	return span
}

// TestTheSpanOfEvents is that of a copy of them, whatever comes first and last.
func TestTheSpanOfEvents(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	t.Run("none", func(t *testing.T) {
		if span := openSpanEvents(t).compare(); !span.first.IsZero() || span.count != 0 {
			t.Errorf("found %+v", span)
		}
	})
	t.Run("the newest are none", func(t *testing.T) {
		s := openSpanEvents(t)
		for n := range 120 {
			s.publishEvent(fmt.Sprint("u", n%20), fmt.Sprint("e", n), now.AddDate(0, 0, n-120))
		}
		for n := range 1300 {
			s.publish(fmt.Sprint("u", n%20), "no JSON")
		}
		if span := s.compare(); span.count != 1420 {
			t.Errorf("found %+v", span)
		}
	})
	t.Run("old ones after a first one of today", func(t *testing.T) {
		s := openSpanEvents(t)
		s.publishEvent("tryout", "first", now)
		for n := range 600 {
			s.publishEvent(fmt.Sprint("u", n%40), fmt.Sprint("e", n), now.AddDate(0, 0, n-600))
		}
		s.compare()
	})
}
