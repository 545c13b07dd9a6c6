package push

import (
	"strings"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
)

// A notification is kept for a device that is off no longer than the message may be sent, and no longer than Firebase takes.
func TestHowLongANotificationIsKept(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		notAfter time.Time
		ttl      string
	}{
		{"without an end", time.Time{}, ""},
		{"an hour", now.Add(time.Hour), "3600s"},
		{"it has ended", now.Add(-time.Hour), "0s"},
		{"a year", now.AddDate(1, 0, 0), "2419200s"},
	} {
		m, err := newMessage(engine.Send{ID: "s", NotAfter: c.notAfter}, delivery.Message{Rendered: content.Rendered{Push: content.Notification{Title: "Soon", Link: "http://127.0.0.1/x"}}}, now)
		if err != nil || m.Android.TTL != c.ttl || m.Webpush.FCMOptions != nil || m.Data["link"] == "" {
			t.Errorf("%s: %+v, %v", c.name, m, err)
		}
	}
}

// What `rules check` measures as short enough is short enough, whatever JSON escapes in it and however long the names around it are.
func TestANotificationThatPassesTheCheckFits(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	longest := engine.Send{
		ID:       strings.Repeat("f", 24),
		Rule:     strings.Repeat("r", 64),
		Message:  strings.Repeat("m", 100),
		Topic:    strings.Repeat("t", 64),
		NotAfter: now.AddDate(1, 0, 0),
	}
	link := "https://academy.example/?" + strings.Repeat("a=b&", 100)
	for name, n := range map[string]content.Notification{
		"plain":                       {Title: "Soon"},
		"a link":                      {Title: "Soon", Link: link},
		"a link that no browser gets": {Title: "Soon", Link: "http" + strings.TrimPrefix(link, "https")},
		"a long title":                {Title: strings.Repeat(`"<&>\`, 90), Link: "https://academy.example/"},
		"another writing":             {Title: strings.Repeat("学生 🎓\u2028", 50), Link: link},
		"no text at all":              {Title: strings.Repeat("\xff", 150), Link: link},
	} {
		n.Body = strings.Repeat("x", content.MaxNotification-n.Size())
		if n.Size() != content.MaxNotification {
			t.Fatalf("%s: the size is %d", name, n.Size())
		}
		if _, err := newMessage(longest, delivery.Message{Rendered: content.Rendered{Push: n}}, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
