package edge

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestEveryAnswerIsClosedUp(t *testing.T) {
	s := newStand(t)
	clicked, _, _ := s.sharing()
	for _, c := range []struct{ method, path, body string }{
		{"GET", s.unsubscribeLink("progress"), ""}, {"POST", s.unsubscribeLink("progress"), "do=leave"},
		{"POST", s.unsubscribeLink("progress"), "List-Unsubscribe=One-Click"}, {"GET", s.preferencesLink(), ""},
		{"POST", s.preferencesLink(), "do=stop"}, {"GET", clicked, ""}, {"GET", "/nowhere", ""}, {"GET", "/healthz", ""}, {"POST", "/webhooks/sendgrid", "[]"},
	} {
		w := s.ask(c.method, c.path, c.body)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"X-Robots-Tag": "noindex, nofollow", "Strict-Transport-Security": "", "Set-Cookie": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s %.4s: %s is %q, want %q", c.method, c.path, name, got, want)
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s %.4s: the policy %q lacks %s", c.method, c.path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || !strings.Contains(w.Header().Get("Permissions-Policy"), "camera=()") {
			t.Errorf("%s %.4s: %v", c.method, c.path, w.Header())
		}
	}
}

var styleOf = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

func TestThePolicyAllowsTheSheetOfThePageAndNoOther(t *testing.T) {
	for _, accent := range []string{"", "#ff8800", "#ffffff", "red;}body{display:none"} {
		s := newStand(t, func(o *Options) { o.Site = func() Site { return Site{Name: "A", Accent: accent} } })
		w := s.ask("GET", s.unsubscribeLink("progress"), "")
		found := styleOf.FindAllStringSubmatch(w.Body.String(), -1)
		if len(found) != 1 || strings.Contains(w.Body.String(), " style=") {
			t.Fatalf("%d sheets, or styles in between", len(found))
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(w.Header().Get("Content-Security-Policy"), want) {
			t.Errorf("accent %q: the policy is %s, want %s", accent, w.Header().Get("Content-Security-Policy"), want)
		}
		if strings.Contains(found[0][1], "display:none") {
			t.Errorf("the accent %q got into the sheet", accent)
		}
	}
}

func TestHTTPSIsKept(t *testing.T) {
	for _, c := range []struct {
		about, proto string
		tls, trust   bool
		want         bool
	}{
		{"plain", "", false, false, false},
		{"TLS", "", true, false, true},
		{"TLS at a proxy", "https", false, true, true},
		{"a proxy reached in the plain", "http", false, true, false},
		{"whoever says so", "https", false, false, false},
	} {
		s := newStand(t, func(o *Options) { o.TrustProxy = c.trust })
		r := httptest.NewRequest("GET", "/", nil)
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security") != ""; got != c.want {
			t.Errorf("%s: got %v, want %v", c.about, got, c.want)
		}
	}
}
