package api_test

import (
	"net/http"
	"testing"
)

// TestSegmentCalls: what Segment's libraries post is stored, completed where the path or the body says less than the catalog needs, and the same body again is
// the same event.
func TestSegmentCalls(t *testing.T) {
	track := `"userId":"u_42","event":"Lesson Completed","properties":{"lesson_id":"l1"}`
	for _, tt := range []struct {
		name, path, body string
		status           int
		stored, ignored  int
		refused          int
	}{
		{"a call without type and id", "/v1/track", "{" + track + "}", 200, 1, 0, 0},
		{"who somebody is", "/v1/identify", `{"userId":"u_42","traits":{"plan":"pro"}}`, 200, 1, 0, 0},
		{"a page", "/v1/page", `{"userId":"u_42","name":"Home"}`, 200, 0, 1, 0},
		{"a batch", "/v1/batch", `{"batch":[{"type":"track","messageId":"m1",` + track + `},{"type":"page","userId":"u_42"},{"type":"track","userId":"u_42","event":"Nothing Known"},7]}`, 200, 1, 1, 2},
		{"a call that is wrong", "/v1/track", `{"userId":"u_42","event":"Nothing Known"}`, 400, 0, 0, 1},
		{"no call", "/v1/track", `[]`, 400, 0, 0, 0},
		{"a batch without calls", "/v1/batch", `{"events":[{"type":"track",` + track + `}]}`, 400, 0, 0, 0},
		{"a call in place of a batch", "/v1/batch", `{"type":"track",` + track + `}`, 400, 0, 0, 0},
		{"a batch that is null", "/v1/batch", `{"batch":null}`, 400, 0, 0, 0},
		{"an empty batch", "/v1/batch", `{"batch":[]}`, 200, 0, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, server := openReal(t)
			req := func() answer {
				return k.postTo(tt.path, reader(tt.body), "Authorization", "Basic "+basic(k.key))
			}
			got := req()
			if got.Status != tt.status || got.Stored != tt.stored || got.Ignored != tt.ignored || got.Refused != tt.refused {
				t.Errorf("got %d %+v", got.Status, got.Result)
			}
			if again := req(); again.Stored != 0 || again.Repeated != tt.stored {
				t.Errorf("again: %+v", again.Result)
			}
			if n := stored(t, server); n != uint64(tt.stored) {
				t.Errorf("the stream holds %d", n)
			}
		})
	}
}

// basic returns what basic authentication sends of a key.
func basic(key string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(key, "")
	return r.Header.Get("Authorization")[len("Basic "):]
}
