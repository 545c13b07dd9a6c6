package console_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"homeroom/console"
)

// faultyPeople cannot say who is asking.
type faultyPeople struct{ console.ThisMachine }

func (faultyPeople) Identify(*http.Request, time.Time) (console.Person, bool) { panic("a fault") }

// TestAFaultOfTheConsole: the person gets a page that says so, a script gets JSON, and other requests are answered.
func TestAFaultOfTheConsole(t *testing.T) {
	s := openSite(t, faultyPeople{console.ThisMachine{Name: "lee"}}, 0)
	get := func(path, accept string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", accept)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	res, page := get("/homeroom/rules", "text/html")
	if res.StatusCode != http.StatusInternalServerError || !strings.Contains(page, "This failed") || !strings.Contains(page, "by a fault of Homeroom") || !strings.Contains(page, "</html>") {
		t.Errorf("%s: %s", res.Status, page)
	}
	if res, body := get("/homeroom/rules", "application/json"); res.StatusCode != http.StatusInternalServerError || !strings.HasPrefix(body, "{") {
		t.Errorf("%s: %s", res.Status, body)
	}
	if res, _ := get("/healthz", "*/*"); res.StatusCode != http.StatusOK {
		t.Errorf("afterwards it answers %s", res.Status)
	}
}
