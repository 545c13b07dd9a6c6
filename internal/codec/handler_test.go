package codec_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"homeroom/internal/codec"
)

// TestTheCodecServerAnswersTheTemporalUI, and no other page.
func TestTheCodecServerAnswersTheTemporalUI(t *testing.T) {
	key, err := codec.NewKey(bytes.Repeat([]byte{7}, codec.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	payloads, err := codec.New(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := payloads.Encode([]*common.Payload{{Data: []byte("what is hidden")}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := protojson.Marshal(&common.Payloads{Payloads: sealed})
	if err != nil {
		t.Fatal(err)
	}
	origins, err := codec.Origins([]string{"http://127.0.0.1:8233/", "https://temporal.internal/namespaces"})
	if err != nil {
		t.Fatal(err)
	}
	handler := codec.NewHandler(payloads, origins)
	plain := `"d2hhdCBpcyBoaWRkZW4="` // what is hidden
	for _, tt := range []struct {
		name, method, path, origin string
		status                     int
		allowed                    string
		readable                   bool
	}{
		{"the UI asks whether it may", http.MethodOptions, "/decode", "http://127.0.0.1:8233", 204, "http://127.0.0.1:8233", false},
		{"the UI decodes", http.MethodPost, "/decode", "https://temporal.internal", 200, "https://temporal.internal", true},
		{"a program decodes", http.MethodPost, "/decode", "", 200, "", true},
		{"another page", http.MethodPost, "/decode", "https://evil.example", 403, "", false},
		{"another page on this very port", http.MethodPost, "/decode", "http://evil.example:8234", 403, "", false},
		{"a page without an origin", http.MethodPost, "/decode", "null", 403, "", false},
		{"reading", http.MethodGet, "/decode", "", 404, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.path, bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != tt.status || w.Header().Get("Access-Control-Allow-Origin") != tt.allowed {
				t.Errorf("answered %d for %q, want %d for %q", w.Code, w.Header().Get("Access-Control-Allow-Origin"), tt.status, tt.allowed)
			}
			if got := strings.Contains(w.Body.String(), plain); got != tt.readable {
				t.Errorf("the answer was %s", w.Body)
			}
		})
	}
	for _, bad := range []string{"temporal.internal", "ftp://x", "://"} {
		if _, err := codec.Origins([]string{bad}); err == nil {
			t.Errorf("the origin of %s: no error", bad)
		}
	}
}
