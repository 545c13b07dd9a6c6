package telemetry

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// API measures the requests with which events are posted. Only paths that the API has are recorded; every other is "other".
func (t *Telemetry) API(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := t.now()
		noted := &statusWriter{ResponseWriter: w}
		defer func() {
			t.metrics.posts.WithLabelValues(postPath(r.URL.Path), strconv.Itoa(noted.statusCode())).Observe(t.secondsSince(began))
		}()
		next.ServeHTTP(noted, r)
	})
}

// postPaths are the paths of the API, as the metric names them.
var postPaths = []string{
	"/v1/events", "/v1/batch", "/v1/track", "/v1/identify", "/v1/page", "/v1/screen", "/v1/group", "/v1/alias", "/v1/caliper", "/xapi/statements", "/xapi/about",
	"/v1/openapi.json", "/healthz",
}

func postPath(path string) string {
	if slices.Contains(postPaths, path) {
		return path
	}
	if strings.HasPrefix(path, "/v1/sources/") {
		return "/v1/sources/{name}"
	}
	return "other"
}

// CountPosted counts events of posted requests by what was answered: stored, repeated, ignored, refused, dead_letter, unconfirmed.
func (t *Telemetry) CountPosted(status string, n int) {
	if t != nil {
		t.metrics.posted.WithLabelValues(status).Add(float64(n))
	}
}
