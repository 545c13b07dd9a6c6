package edge

import (
	"net/http"
	"strings"
	"testing"
)

// TestAFaultOfTheEdge is answered with a page or, to a provider, with 500, so that it posts again; and the log has it without the address, which holds a learner's token.
func TestAFaultOfTheEdge(t *testing.T) {
	s := newStand(t, func(o *Options) {
		o.Topics = func() []Topic { panic("a fault") }
		o.Webhooks[0].Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("another fault") })
	})
	link := s.preferencesLink()
	page := s.ask(http.MethodGet, link, "")
	expect(t, page, http.StatusInternalServerError, "Fernhill Academy", "try again")
	if strings.Contains(page.Body.String(), "Nothing was changed") {
		t.Error("the page says that nothing was changed, which is not known")
	}
	expect(t, s.ask(http.MethodPost, "/webhooks/sendgrid", "[]"), http.StatusInternalServerError)
	log := s.log.String()
	for _, want := range []string{"level=ERROR", "a fault", "another fault", "GET /p/{token}", "fault_test.go"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
	if token := strings.TrimPrefix(link, "/p/"); strings.Contains(log, token) {
		t.Errorf("the log has the token %s", token)
	}
	expect(t, s.ask(http.MethodGet, "/healthz", ""), http.StatusOK, "ok")
}
