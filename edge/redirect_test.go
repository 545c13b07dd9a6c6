package edge

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/internal/links"
)

// sharing keeps what lies behind Ada's share and referral links, and returns them.
func (s *stand) sharing() (clicked, visited, referral string) {
	s.shares.shared[links.Key("snd-1")] = links.Shared{
		Learner:     "ada@example.org",
		Send:        "snd-1",
		Rule:        "celebrate",
		Message:     "certificate",
		Certificate: "cert_1",
		Course:      "crs_go",
		Targets:     map[string]string{"certificate": certificate, "linkedin_post": "https://www.linkedin.com/sharing/share-offsite/?url=x"},
	}
	code, link := s.links.Referral("ada@example.org")
	s.shares.referred[code] = links.Referred{Learner: "ada@example.org", Target: "https://academy.example/invite?code=" + code}
	return path(s.links.Share("snd-1", "linkedin_post", noon)), path(s.links.Share("snd-1", "certificate", noon)), path(link)
}

func about(send string, more map[string]any) map[string]any {
	out := map[string]any{"certificate_id": "cert_1", "course_id": "crs_go", "send_id": send, "message": "certificate", "rule": "celebrate"}
	for name, value := range more {
		out[name] = value
	}
	return out
}

func TestShareAndReferralLinksLeadOnAndCount(t *testing.T) {
	s := newStand(t)
	clicked, visited, referral := s.sharing()
	code := strings.TrimPrefix(referral, "/r/")
	for _, c := range []struct {
		about, path, to string
		want            event
	}{
		{"a share link of a message", clicked, "https://www.linkedin.com/sharing/share-offsite/?url=x",
			event{"ada@example.org", "share.link_clicked", about("snd-1", map[string]any{"share_platform": "linkedin_post"})}},
		{"the public link of a post", visited, certificate, event{"ada@example.org", "share.link_visited", about("snd-1", nil)}},
		{"a referral link", referral, "https://academy.example/invite?code=" + code, event{"ada@example.org", "referral.link_visited", map[string]any{"referral_code": code}}},
		{"a referral link, typed", strings.ToLower(referral[:3]) + strings.ToLower(code), "https://academy.example/invite?code=" + code,
			event{"ada@example.org", "referral.link_visited", map[string]any{"referral_code": code}}},
	} {
		t.Run(c.about, func(t *testing.T) {
			s.events.all = nil
			s.events.ids = nil
			for range 2 { // a double click
				w := s.ask("GET", c.path, "")
				expect(t, w, 302)
				if got := w.Header().Get("Location"); got != c.to {
					t.Errorf("led to %s, want %s", got, c.to)
				}
				s.now = s.now.Add(time.Second)
			}
			expectEvents(t, s, c.want)
			s.now = s.now.Add(time.Minute)
			s.ask("GET", c.path, "")
			expectEvents(t, s, c.want, c.want)
		})
	}
}

func TestProgramsAreLedOnAndNotCounted(t *testing.T) {
	for _, c := range []struct {
		about, method string
		headers       []string
	}{
		{"HEAD", "HEAD", nil},
		{"LinkedIn's preview", "GET", []string{"User-Agent", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)"}},
		{"Facebook's preview", "GET", []string{"User-Agent", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"}},
		{"WhatsApp's preview", "GET", []string{"User-Agent", "WhatsApp/2.23.20.0"}},
		{"X's preview", "GET", []string{"User-Agent", "Twitterbot/1.0"}},
		{"Slack's preview", "GET", []string{"User-Agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}},
		{"Skype's preview", "GET", []string{"User-Agent", "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"}},
		{"a search engine", "GET", []string{"User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}},
		{"a script", "GET", []string{"User-Agent", "curl/8.5.0"}},
		{"nobody who says who they are", "GET", []string{"User-Agent", ""}},
		{"a browser that looks ahead", "GET", []string{"Sec-Purpose", "prefetch;prerender"}},
		{"an older one", "GET", []string{"Purpose", "prefetch"}},
		{"Firefox looking ahead", "GET", []string{"X-Moz", "prefetch"}},
		{"Safari's top sites", "GET", []string{"X-Purpose", "preview"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := newStand(t)
			clicked, visited, referral := s.sharing()
			for _, link := range []string{clicked, visited, referral} {
				expect(t, s.ask(c.method, link, "", c.headers...), 302)
			}
			expectEvents(t, s)
		})
	}
}

func TestPeopleAreCounted(t *testing.T) {
	for _, agent := range []string{
		browserAgent,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.31",
		"Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/470.0;]",
		"Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
	} {
		s := newStand(t)
		_, visited, _ := s.sharing()
		s.ask("GET", visited, "", "User-Agent", agent)
		if len(s.events.all) != 1 {
			t.Errorf("%s was not counted", agent)
		}
	}
}

func TestRedirectsLeadToDeclaredTargetsOnly(t *testing.T) {
	for _, target := range []string{
		"", "/", "//evil.example/x", `\\evil.example`, "/\\evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)//https://academy.example/", "data:text/html,x", "https:academy.example/x",
		"https://evil.example/", "https://academy.example.evil.example/", "https://academy.example@evil.example/", "https://academy.example:x@evil.example/",
		"https://academy.example/\\@evil.example", "https://academy.example\\.evil.example/", " https://academy.example/", "https://academy.example/\r\nSet-Cookie: a=b",
		"https://academy.example/\tx", "https:///academy.example/", "https://", "ftp://academy.example/", "mailto:a@academy.example", "https://evil.example/#https://academy.example/",
		"https://user@academy.example/x", "https://academy.example/%zz",
	} {
		s := newStand(t)
		clicked, _, referral := s.sharing()
		s.shares.shared[links.Key("snd-1")].Targets["linkedin_post"] = target
		s.shares.referred[strings.TrimPrefix(referral, "/r/")] = links.Referred{Learner: "ada@example.org", Target: target}
		for _, link := range []string{clicked, referral} {
			w := s.ask("GET", link, "")
			expect(t, w, 404, "This link does not work")
			if to := w.Header().Get("Location"); to != "" {
				t.Errorf("%q led to %q", target, to)
			}
		}
		expectNothingHappened(t, s)
	}
	// Even if everything is declared, it must be an address that browsers read as we do.
	s := newStand(t, func(o *Options) { o.Targets = func(string) bool { return true } })
	clicked, _, _ := s.sharing()
	for _, target := range []string{"//evil.example", "javascript:alert(1)", `https:\\evil.example`, "https://a@evil.example", "https://evil.example\\", "/x"} {
		s.shares.shared[links.Key("snd-1")].Targets["linkedin_post"] = target
		expect(t, s.ask("GET", clicked, ""), 404)
	}
}

func TestNothingInARequestChangesWhereItLeads(t *testing.T) {
	s := newStand(t)
	_, visited, _ := s.sharing()
	for _, link := range []string{visited + "?url=https://evil.example", visited + "?target=//evil.example&place=x"} {
		if got := s.ask("GET", link, "", "X-Forwarded-Host", "evil.example").Header().Get("Location"); got != certificate {
			t.Errorf("%s led to %s", link, got)
		}
	}
	for _, link := range []string{"//evil.example/..", "/s//evil.example", "/r//evil.example", "/s/../s/https://evil.example"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = &url.URL{Path: link}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		to, err := r.URL.Parse(w.Header().Get("Location")) // as a browser reads it
		if err != nil || to.Host != "" {
			t.Errorf("%s led to %s, %v", link, to, err)
		}
	}
}

func TestShareAndReferralLinksThatDoNotWork(t *testing.T) {
	s := newStand(t)
	clicked, _, _ := s.sharing()
	for about, link := range map[string]string{
		"made up":                     "/s/AAAA",
		"cut off":                     clicked[:len(clicked)-3],
		"of a learner who was erased": path(s.links.Share("snd-gone", "certificate", noon)),
		"a place without a target":    path(s.links.Share("snd-1", "myspace", noon)),
		"an unknown code":             "/r/AAAAAAAA",
		"no code":                     "/r/ref.AAAA",
		"a long code":                 "/r/" + strings.Repeat("A", 3000),
		"another bucket's key":        "/r/*",
	} {
		t.Run(about, func(t *testing.T) {
			expect(t, s.ask("GET", link, ""), 404, "This link does not work", "its whole address")
			expect(t, s.ask("POST", link, "x=y"), 404)
		})
	}
	expectNothingHappened(t, s)
	if s.shares.asked != 1 {
		t.Errorf("the store was asked for %d codes, want the one that can be one", s.shares.asked)
	}
}

func TestAnExpiredShareLinkLeadsOnWithoutCounting(t *testing.T) {
	s := newStand(t)
	_, visited, _ := s.sharing()
	s.now = noon.Add(links.ShareLife + time.Hour)
	w := s.ask("GET", visited, "")
	expect(t, w, 302)
	if got := w.Header().Get("Location"); got != certificate {
		t.Errorf("led to %s", got)
	}
	expectEvents(t, s)
}

func TestCountingNeverHoldsARedirectBack(t *testing.T) {
	s := newStand(t)
	clicked, _, _ := s.sharing()
	s.events.err = errAway
	expect(t, s.ask("GET", clicked, ""), 302)
	s.Flush()
	if log := s.log.String(); !strings.Contains(log, "share.link_clicked") || strings.Contains(log, clicked) {
		t.Errorf("the log:\n%s", log)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		clicked, _, _ := s.sharing()
		s.events.hang = true
		begin := time.Now()
		if w := s.ask("GET", clicked, ""); w.Code != http.StatusFound || time.Since(begin) > maxPublishTime {
			t.Errorf("got %d after %v", w.Code, time.Since(begin))
		}
	})
}

func FuzzTargets(f *testing.F) {
	for _, target := range []string{certificate, "https://a@b/", `https:\\x`, "//x", "https://[::1]:80/x?y#z", "javascript:x"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		s := newStand(t, func(o *Options) { o.Targets = func(string) bool { return true } })
		clicked, _, _ := s.sharing()
		s.shares.shared[links.Key("snd-1")].Targets["linkedin_post"] = target
		w := s.ask("GET", clicked, "")
		to := w.Header().Get("Location")
		if w.Code == http.StatusNotFound && to == "" {
			return
		}
		// Where it leads does not depend on where it comes from.
		from := &url.URL{Scheme: "https", Host: "learn.example.org", Path: "/s/x"}
		u, err := from.Parse(to)
		if err != nil || u.Host == "learn.example.org" && !strings.Contains(target, "learn.example.org") || u.User != nil || !strings.HasPrefix(u.Scheme, "http") || strings.ContainsAny(to, "\\\r\n\t ") {
			t.Errorf("%q leads to %q", target, to)
		}
	})
}
