package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/profile"
)

// TestFindingAndForgetting: a learner is found by an address that stands in no link, and who asks to erase them types the id; the request is seen and taken back.
func TestFindingAndForgetting(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	const learner = "auth0|7 <b>"
	if err := s.store.Profiles.Change(t.Context(), learner, func(p *profile.Profile) bool { p.Email = "ada@learners.example"; return true }); err != nil {
		t.Fatal(err)
	}
	b := s.browser("")
	post := func(path string, want int, form url.Values, parts ...string) {
		t.Helper()
		status, body := b.do(http.MethodPost, path, form)
		if status != want {
			t.Fatalf("%s: %d\n%s", path, status, body)
		}
		wantParts(t, body, parts...)
		if strings.Contains(body, "<b>") || strings.Contains(body, "ada@") {
			t.Errorf("%s shows markup or the address:\n%s", path, body)
		}
	}
	const page = "/learners/auth0%7C7%20%3Cb%3E"
	post("/learners/find", http.StatusOK, url.Values{"address": {"ADA@learners.example"}}, "Who has that address", page, "auth0|7 &lt;b&gt;")
	post("/learners/find", http.StatusOK, url.Values{"address": {"bob@learners.example"}}, "No learner has that address")
	post("/learners/find", http.StatusUnprocessableEntity, url.Values{"address": {"bob"}}, "has no @")
	post(page+"/ask", http.StatusUnprocessableEntity, url.Values{"kind": {"erase"}, "confirm": {"auth0|8"}}, "another id")
	post(page+"/ask", http.StatusUnprocessableEntity, url.Values{"kind": {"burn"}, "confirm": {learner}}, "export or erase")
	post(page+"/ask", http.StatusOK, url.Values{"kind": {"erase"}, "confirm": {learner}}, "An operator is asked to erase", "maya asked for it just now", "Ask for an export")
	wantParts(t, b.get("/learners"), "Waiting for an operator", "erase auth0|7 &lt;b&gt;")
	post(page+"/take-back", http.StatusOK, url.Values{"kind": {"erase"}}, "taken back", "Ask to erase this learner")
	if waiting, err := s.admin.LearnerRequests(t.Context()); err != nil || len(waiting) > 0 {
		t.Errorf("%+v, %v", waiting, err)
	}
	for action, want := range map[string]int{"look_at_address": 2, "ask_erase_learner": 1, "take_back_request": 1} {
		if log, err := s.admin.AuditLog(t.Context(), admin.AuditOptions{Action: action}); err != nil || log.Total != want {
			t.Errorf("%s is recorded %d times, want %d; %v", action, log.Total, want, err)
		}
	}
}

// TestALearnerOfWhomNothingIsKnown: a wrong id is not found, which is no failure of the console.
func TestALearnerOfWhomNothingIsKnown(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	if status, body := s.browser("").do(http.MethodGet, "/learners/u_nobody", nil); status != http.StatusNotFound || !strings.Contains(body, "no such learner") {
		t.Errorf("%d\n%s", status, body)
	}
}

// TestALearnerNamedLikeAFolder: the pages and forms of a learner whose id browsers take for a folder are the learner's.
func TestALearnerNamedLikeAFolder(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	for learner, part := range map[string]string{".": "~.", "..": "~..", "~..": "~~.."} {
		if err := s.store.Profiles.Change(t.Context(), learner, func(p *profile.Profile) bool { p.Email = "ada@learners.example"; return true }); err != nil {
			t.Fatal(err)
		}
		data := b.get("/learners/" + part + "/data")
		wantParts(t, data, "<h1>What is held of "+learner+"</h1>")
		ask := browsedTo(t, data, `action="([^"]*/ask)"`)
		if status, body := b.do(http.MethodPost, ask, url.Values{"kind": {"export"}, "confirm": {learner}}); status != http.StatusOK || !strings.Contains(body, "An operator is asked to export "+learner) {
			t.Errorf("%s: %d\n%s", ask, status, body)
		}
	}
}
