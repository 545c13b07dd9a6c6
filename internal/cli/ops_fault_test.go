package cli

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAFaultOfTheOperatorsServer is answered and logged as an error.
func TestAFaultOfTheOperatorsServer(t *testing.T) {
	var log strings.Builder
	server := newOpsHTTPServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault") }), slog.New(slog.NewTextHandler(&log, nil)))
	w := httptest.NewRecorder()
	server.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "path=/metrics") {
		t.Errorf("answered %d, logged %s", w.Code, log.String())
	}
}
