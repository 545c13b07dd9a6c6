package console_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"homeroom/console"
)

const (
	mayas = "maya-0123456789-0123456789"
	toms  = "tom-0123456789-0123456789-"
	views = "view-0123456789-0123456789"
)

// tokens writes a file of tokens and reads it.
func tokens(t *testing.T, text string) *console.Tokens {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	people, err := console.ReadTokens(file, "")
	if err != nil {
		t.Fatal(err)
	}
	return people
}

// TestWhoMayDoWhat: each address that changes something, or shows people, refuses who has not the role it needs, and changes nothing.
func TestWhoMayDoWhat(t *testing.T) {
	s := openSite(t, tokens(t, "vi  viewer  "+views+"\n"), 1)
	known := s.browser(views)
	stranger := s.browser("")
	stranger.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, f := range console.GuardedRoutes() {
		if status, body := known.do(f.Method, f.Path, url.Values{}); status != http.StatusForbidden || !strings.Contains(body, "vi may not do this") {
			t.Errorf("a viewer: %s %s: %d\n%s", f.Method, f.Path, status, body)
		}
		if status, _ := stranger.do(f.Method, f.Path, url.Values{}); status != http.StatusSeeOther {
			t.Errorf("a stranger: %s %s: %d", f.Method, f.Path, status)
		}
		if status, _ := stranger.do(f.Method, f.Path, url.Values{}, "Accept", "application/json"); status != http.StatusUnauthorized {
			t.Errorf("a stranger's program: %s %s: %d", f.Method, f.Path, status)
		}
	}
	for _, path := range []string{"/", "/rules", "/drafts", "/lift", "/revisions", "/deadletters"} {
		known.get(path)
		if status, _ := stranger.do("GET", path, nil); status != http.StatusSeeOther {
			t.Errorf("a stranger: %s: %d", path, status)
		}
	}
}

// TestEveryChangeNeedsARole: what changes something needs a role; signing in and out, and a comment, do not.
func TestEveryChangeNeedsARole(t *testing.T) {
	want := []string{"POST /drafts/{draft}/comment", "POST /sign-in", "POST /act-as", "POST /sign-out"}
	if got := console.OpenRoutes(); !slices.Equal(got, want) {
		t.Errorf("whoever is known may %q, want %q", got, want)
	}
	if n := len(console.GuardedRoutes()); n < 15 {
		t.Errorf("only %d addresses need a role", n)
	}
}

// TestSigningIn: a token opens a session, another token or a forged cookie does not.
func TestSigningIn(t *testing.T) {
	s := openSite(t, tokens(t, "# the team\nmaya\teditor,people\t"+mayas+"\n"), 1)
	b := s.browser("")
	if status, body := b.do("GET", "/rules", nil); status != http.StatusOK || !strings.Contains(body, "Sign in") {
		t.Fatalf("%d\n%s", status, body)
	}
	if status, body := b.do("POST", "/sign-in", url.Values{"token": {"wrong"}, "to": {"/rules"}}); status != http.StatusUnauthorized || !strings.Contains(body, "not known") {
		t.Errorf("a wrong token: %d\n%s", status, body)
	}
	if status, body := b.do("POST", "/sign-in", url.Values{"token": {mayas}, "to": {"/homeroom/rules"}}); status != http.StatusOK || !strings.Contains(body, "<h1>Rules</h1>") {
		t.Fatalf("%d\n%s", status, body)
	}
	b.get("/learners")
	if status, body := b.do("POST", "/sign-out", nil); status != http.StatusOK || !strings.Contains(body, "Sign in") {
		t.Errorf("%d\n%s", status, body)
	}
	for _, cookie := range []string{"", "9999999999.", "9999999999.AAAA", "1.x", "."} {
		if status, _ := b.do("GET", "/rules", nil, "Cookie", "homeroom_console="+cookie, "Accept", "application/json"); status != http.StatusUnauthorized {
			t.Errorf("the cookie %q: %d", cookie, status)
		}
	}
	if status, _ := b.do("GET", "/rules", nil, "Authorization", "Bearer "+mayas+"x", "Accept", "application/json"); status != http.StatusUnauthorized {
		t.Errorf("a bearer token that is longer: %d", status)
	}
}

// TestTokenFilesWithMistakes: each mistake is named with its line.
func TestTokenFilesWithMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "names nobody",
		"maya editor x":           "line 1",
		"maya  editor  short":     "shorter than 24",
		"maya  boss  " + mayas:    "not a role",
		"m<y>a  editor  " + mayas: "not a name",
		"a  editor  " + mayas + "\nb  editor  " + mayas: "line 2",
		"a  editor  " + mayas + "\na  editor  " + toms:  "line 2",
	} {
		file := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := console.ReadTokens(file, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// TestWhoSeesWhoDidWhat: approvers and those who see people find what others did; the page says that a learner was looked up, and asks
// for one by their id.
func TestWhoSeesWhoDidWhat(t *testing.T) {
	s := openSite(t, tokens(t, "maya  editor,people  "+mayas+"\ntom  approver  "+toms+"\nvi  viewer,editor  "+views+"\n"), 1)
	maya := s.browser(mayas)
	tom := s.browser(toms)
	maya.do("GET", "/learners/u_42", nil) // nothing is known of them
	if status, body := tom.do("POST", "/pause", url.Values{"note": {"a drill"}}); status != http.StatusOK || !strings.Contains(body, "Paused by tom") {
		t.Fatalf("%d\n%s", status, body)
	}
	for _, b := range []*browser{maya, tom} {
		page := b.get("/audit")
		for _, want := range []string{"look at learner", "pause", "console", "2 acts"} {
			if !strings.Contains(page, want) {
				t.Errorf("no %q in\n%s", want, page)
			}
		}
		_, acts, _ := strings.Cut(page, "<h1>Who did what</h1>") // above it stands the kill switch, with its note
		if strings.Contains(page, "u_42") || strings.Contains(acts, "a drill") {
			t.Errorf("it names a learner or a note:\n%s", page)
		}
	}
	if page := tom.get("/audit?learner=u_42"); !strings.Contains(page, "1 act ") || strings.Contains(page, "<td>pause") {
		t.Errorf("about a learner:\n%s", page)
	}
	if status, _ := tom.do("GET", "/audit?since=yesterday", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a time that is none: %d", status)
	}
	if status, _ := s.browser(views).do("GET", "/audit", nil); status != http.StatusForbidden {
		t.Errorf("an editor: %d", status)
	}
}
