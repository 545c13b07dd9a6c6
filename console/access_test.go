package console_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/console"
)

// allowed is the table of who may use which address: v viewers, e editors, a approvers, p those who see people; "-" is everybody, also who has not signed
// in. An address that is not in the table fails the test: whoever adds one says here who may use it.
var allowed = map[string]string{
	"GET /{$}":                             "v e a p",
	"GET /rules":                           "v e a p",
	"GET /rules/{rule}":                    "v e a p",
	"GET /rules/{rule}/try":                "p",
	"POST /rules/{rule}/try":               "", // editor and people in one person
	"GET /messages":                        "v e a p",
	"GET /messages/{message}":              "v e a p",
	"GET /messages/{message}/frame":        "v e a p",
	"POST /messages/{message}/test":        "e",
	"GET /files":                           "v e a p",
	"GET /drafts":                          "v e a p",
	"GET /drafts/{draft}":                  "v e a p",
	"GET /drafts/{draft}/backtest":         "v e a p",
	"POST /drafts/{draft}/backtest":        "e",
	"POST /drafts/{draft}/backtest/cancel": "e",
	"GET /drafts/{draft}/publish":          "a",
	"POST /drafts/{draft}/schedule":        "a",
	"POST /drafts/{draft}/unschedule":      "a",
	"GET /revisions":                       "v e a p",
	"GET /revisions/{revision}":            "v e a p",
	"GET /broadcasts":                      "v e a p",
	"POST /broadcasts/count":               "a",
	"GET /broadcasts/{broadcast}":          "v e a p",
	"POST /broadcasts/{broadcast}/start":   "a",
	"POST /broadcasts/{broadcast}/pause":   "a",
	"POST /broadcasts/{broadcast}/resume":  "a",
	"POST /broadcasts/{broadcast}/cancel":  "a",
	"GET /lift":                            "v e a p",
	"GET /lift.csv":                        "v e a p",
	"GET /lift-weeks.csv":                  "v e a p",
	"GET /growth.csv":                      "v e a p",
	"GET /rules.csv":                       "v e a p",
	"GET /steps.csv":                       "v e a p",
	"GET /at-risk":                         "p",
	"GET /at-risk.csv":                     "p",
	"GET /learners":                        "p",
	"GET /learners/{learner}":              "p",
	"POST /learners/find":                  "p",
	"GET /learners/{learner}/data":         "p",
	"POST /learners/{learner}/ask":         "p",
	"POST /learners/{learner}/take-back":   "p",
	"GET /events":                          "v e a p",
	"GET /deadletters":                     "v e a p",
	"GET /people":                          "v e a p",
	"GET /audit":                           "a p",
	"GET /sign-in":                         "-",
	"GET /sign-in/provider":                "-",
	"GET /sign-in/callback":                "-",
	"GET /":                                "v e a p",
	"POST /pause":                          "a",
	"POST /resume":                         "a",
	"POST /files":                          "e",
	"POST /check":                          "e",
	"POST /check/problems":                 "e",
	"POST /complete":                       "e",
	"POST /hover":                          "e",
	"POST /drafts/{draft}/propose":         "e",
	"POST /drafts/{draft}/withdraw":        "e",
	"POST /drafts/{draft}/discard":         "e",
	"POST /drafts/{draft}/rebase":          "e",
	"POST /drafts/{draft}/comment":         "v e a p",
	"POST /drafts/{draft}/approve":         "a",
	"POST /drafts/{draft}/publish":         "a",
	"POST /revisions/{revision}/rollback":  "a",
	"POST /deadletters/replay":             "p",
	"POST /sign-in":                        "-",
	"POST /act-as":                         "v e a p", // where there is another name to take
	"POST /sign-out":                       "v e a p",
}

// tokenOf is the token of somebody with one role, by its letter.
func tokenOf(letter string) string { return strings.Repeat(letter, 30) }

// TestRoutesAndRoles asks each address with each role and without any, in three ways in: with a token, with a session, and as a proxy says. Who may not use it is
// refused before anything is looked at.
func TestRoutesAndRoles(t *testing.T) {
	letters := map[string]string{"v": "viewer", "e": "editor", "a": "approver", "p": "people"}
	text := ""
	for letter, role := range letters {
		text += fmt.Sprintf("%s person  %s  %s\n", letter, role, tokenOf(letter))
	}
	proxy, err := console.NewProxy(console.ProxyOptions{
		UserHeader:   "X-User",
		GroupsHeader: "X-Groups",
		Grants:       grants(t, "v=viewer", "e=editor", "a=approver", "p=people"),
		Secret:       tokenOf("s"),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := openSite(t, console.AnyOf{tokens(t, text), proxy}, 1)
	for _, r := range console.AllRoutes() {
		allowed, listed := allowed[r.Method+" "+r.Pattern]
		if !listed {
			t.Errorf("%s %s: say in this table who may use it", r.Method, r.Pattern)
			continue
		}
		ask := func(who, token string, header ...string) int {
			t.Helper()
			b := s.browser(token)
			b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			status, _ := b.do(r.Method, r.Path, url.Values{}, append(header, "Accept", "application/json")...)
			return status
		}
		for letter := range letters {
			may := allowed == "-" || slices.Contains(strings.Fields(allowed), letter)
			for way, status := range map[string]int{
				"token": ask(letter, tokenOf(letter)),
				"proxy": ask(letter, "", "X-User", letter+" other", "X-Groups", "staff, "+letter, console.ProxySecretHeader, tokenOf("s")),
			} {
				if (status != http.StatusForbidden) != may || status == http.StatusUnauthorized && allowed != "-" {
					t.Errorf("%s %s by %s, role %s: %d, may %v", r.Method, r.Pattern, way, letters[letter], status, may)
				}
			}
		}
		for who, header := range map[string][]string{
			"nobody":                      nil,
			"a proxy without its secret":  {"X-User", "a other", "X-Groups", "a"},
			"a proxy with another secret": {"X-User", "a other", "X-Groups", "a", console.ProxySecretHeader, tokenOf("x")},
			"a proxy without a group":     {"X-User", "a other", "X-Groups", "staff", console.ProxySecretHeader, tokenOf("s")},
			"a proxy without a name":      {"X-Groups", "a", console.ProxySecretHeader, tokenOf("s")},
			"a proxy that names markup":   {"X-User", "<b>", "X-Groups", "a", console.ProxySecretHeader, tokenOf("s")},
		} {
			if status := ask(who, "", header...); (status == http.StatusUnauthorized) != (allowed != "-") && r.Pattern != "/sign-in" {
				t.Errorf("%s %s by %s: %d", r.Method, r.Pattern, who, status)
			}
		}
		if r.Method == http.MethodPost {
			for _, foreign := range [][]string{
				{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "", "Sec-Fetch-Site", "cross-site"}, {"Origin", "", "Sec-Fetch-Site", "same-site"},
			} {
				for letter := range letters {
					if status := ask(letter, tokenOf(letter), foreign...); status != http.StatusForbidden {
						t.Errorf("%s from %v, role %s: %d", r.Pattern, foreign, letters[letter], status)
					}
				}
			}
		}
	}
	for name := range allowed {
		if !slices.ContainsFunc(console.AllRoutes(), func(r console.Route) bool { return r.Method+" "+r.Pattern == name }) {
			t.Errorf("the table has %s, and there is no such address", name)
		}
	}
}

// TestAProxyIsAskedOnce: a request with two names or two secrets is nobody's, and a proxy without a secret serves its own host only.
func TestAProxyIsAskedOnce(t *testing.T) {
	options := console.ProxyOptions{UserHeader: "X-User", GroupsHeader: "X-Groups", Grants: grants(t, "leads=approver"), Secret: tokenOf("s")}
	proxy, err := console.NewProxy(options)
	if err != nil {
		t.Fatal(err)
	}
	identify := func(p *console.Proxy, headers ...string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for n := 0; n < len(headers); n += 2 {
			r.Header.Add(headers[n], headers[n+1])
		}
		person, _ := p.Identify(r, time.Now())
		return person.Name
	}
	secret := console.ProxySecretHeader
	for name, test := range map[string]struct {
		headers []string
		want    string
	}{
		"as it should be": {[]string{"X-User", "maya", "X-Groups", "leads", secret, tokenOf("s")}, "maya"},
		"two lists":       {[]string{"X-User", "maya", "X-Groups", "staff", "X-Groups", "leads,x", secret, tokenOf("s")}, "maya"},
		"two names":       {[]string{"X-User", "maya", "X-User", "tom", "X-Groups", "leads", secret, tokenOf("s")}, ""},
		"two secrets":     {[]string{"X-User", "maya", "X-Groups", "leads", secret, "x", secret, tokenOf("s")}, ""},
		"an empty secret": {[]string{"X-User", "maya", "X-Groups", "leads", secret, ""}, ""},
		"an empty name":   {[]string{"X-User", " ", "X-Groups", "leads", secret, tokenOf("s")}, ""},
	} {
		if got := identify(proxy, test.headers...); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	for name, change := range map[string]func(*console.ProxyOptions){
		"no secret, any host": func(o *console.ProxyOptions) { o.Secret = "" },
		"a short secret":      func(o *console.ProxyOptions) { o.Secret = "short" },
		"no header of names":  func(o *console.ProxyOptions) { o.UserHeader = "" },
		"one header for both": func(o *console.ProxyOptions) { o.GroupsHeader = "x-user" },
		"nobody has a role":   func(o *console.ProxyOptions) { o.Grants = nil },
	} {
		wrong := options
		change(&wrong)
		if _, err := console.NewProxy(wrong); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
	options.Secret = ""
	options.Host = "homeroom.example.org"
	local, err := console.NewProxy(options)
	if err != nil {
		t.Fatal(err)
	}
	if !local.ServesHost("Homeroom.example.org") || local.ServesHost("127.0.0.1") {
		t.Error("it serves another host")
	}
	if identify(local, "X-User", "maya", "X-Groups", "leads") != "maya" {
		t.Error("without a secret the listener is the proof")
	}
	pages, err := console.New(console.Options{People: local, URL: "https://homeroom.example.org", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://evil.example/rules", nil) // a name that resolves to this machine
	r.Header.Set("X-User", "maya")
	r.Header.Set("X-Groups", "leads")
	pages.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", w.Code)
	}
}
