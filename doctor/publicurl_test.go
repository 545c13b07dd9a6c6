package doctor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"homeroom/edge"
)

// TestWhatAnswersAtThePublicURL: an edge of this installation and nothing else is fine, whatever else answers 200.
func TestWhatAnswersAtThePublicURL(t *testing.T) {
	files := http.FileServer(http.Dir(t.TempDir()))
	answer := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(text))
		})
	}
	ours := http.NewServeMux()
	ours.Handle(edge.CheckPath, answer("homeroom edge 0a1b2c3d\n"))
	for _, tc := range []struct {
		name    string
		path    string // of the public URL
		handler http.Handler
		edges   []string
		want    Status
		words   string
	}{
		{"our edge", "", ours, []string{"0a1b2c3d"}, OK, "answers"},
		{"our edge, and nobody knows which is ours", "", ours, nil, OK, "answers"},
		{"our edge below a path that is not passed on", "/learn", ours, []string{"0a1b2c3d"}, Failed, "404"},
		{"another installation's edge", "", ours, []string{"ffffffff"}, Failed, "another installation"},
		{"one of two edges", "", ours, []string{"ffffffff", "0a1b2c3d"}, OK, "answers"},
		{"a page for everything", "", answer("<!doctype html><title>Academy</title>"), []string{"0a1b2c3d"}, Failed, "something else"},
		{"a health check of a proxy", "", answer("ok\n"), nil, Failed, "something else"},
		{"an empty answer", "", answer(""), nil, Failed, "something else"},
		{"a login page", "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				answer("<form>").ServeHTTP(w, r)
				return
			}
			http.Redirect(w, r, "/login", http.StatusFound)
		}), nil, Failed, "something else"},
		{"a folder", "", files, nil, Failed, "404"},
		{"a proxy without anybody behind it", "", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), nil, Warning, "502"},
		{"an endless answer", "", answer(strings.Repeat("x", 1<<20)), nil, Failed, "something else"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(tc.handler)
			defer srv.Close()
			e := &examination{edges: tc.edges, opts: Options{PublicURL: srv.URL + tc.path, HTTP: srv.Client()}}
			e.checkPublicURL(context.Background())
			if got := e.findings[0]; got.Status != tc.want || !strings.Contains(got.Says, tc.words) {
				t.Errorf("got %+v, want %s with %q", got, tc.want, tc.words)
			}
		})
	}
}
