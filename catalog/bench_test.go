package catalog

import (
	"testing"
	"time"
)

// BenchmarkDecodeMessage is a body on its way in: the usual one, one with escapes, and one that is refused.
func BenchmarkDecodeMessage(b *testing.B) {
	c, err := Default()
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 10, 0, 5, 0, time.UTC)
	header := map[string][]string{"Nats-Msg-Id": {"u_42:e1"}, "Nats-Pin-Id": {"pin"}}
	for _, tc := range []struct{ name, event, body string }{
		{"plain", "lesson.completed", `{"id":"u_42-17","event":"lesson.completed","time":"2026-03-02T10:00:00Z","properties":{"lesson_id":"les_crs_go_04","course_id":"crs_go","duration_seconds":900,"completion_type":"watched_full"}}`},
		{"with escapes", "note.created", `{"id":"u_42-18","event":"note.created","time":"2026-03-02T10:00:00Z","properties":{"lesson_id":"les_crs_go_04","note_length":12,"note_type":"text","note":"say \"hi\""}}`},
		{"refused", "lesson.completed", `{"id":"u_42-19","event":"lesson.completed","properties":{"lesson":"les_crs_go_04"}}`},
	} {
		b.Run(tc.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.DecodeMessage("u_42", tc.event, header, []byte(tc.body), at)
			}
		})
	}
}
