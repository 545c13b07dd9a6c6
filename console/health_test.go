package console_test

import (
	"net/http"
	"testing"

	"homeroom/console"
)

// TestHealth: a health check asks by any name of the host and without a path or a person, and learns whether NATS can be reached.
func TestHealth(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	ask := func(method string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "probe.example"
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := ask(http.MethodGet); got != http.StatusOK {
		t.Errorf("it answers %d", got)
	}
	if got := ask(http.MethodPost); got != http.StatusMisdirectedRequest {
		t.Errorf("a form is answered with %d", got)
	}
	s.admin.Close()
	if got := ask(http.MethodGet); got != http.StatusServiceUnavailable {
		t.Errorf("without NATS it answers %d", got)
	}
}
