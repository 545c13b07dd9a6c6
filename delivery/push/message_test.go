package push

import (
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
