package console_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/console"
)

// openCompany starts a console whose people sign in at a provider. Nothing is behind its pages but the audit.
func openCompany(t *testing.T, p *provider, now func() time.Time) *site {
	t.Helper()
	s := openSiteIn(t, console.ThisMachine{Name: "nobody"}, 1, console.TestMail{}, nil, clocks{time.Now, now})
	var c *console.Console
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.Handler().ServeHTTP(w, r) }))
	t.Cleanup(s.server.Close)
	people, err := console.NewOIDC(console.OIDCOptions{
		Issuer:       p.server.URL,
		ClientID:     "homeroom",
		ClientSecret: p.secret,
		URL:          s.server.URL + "/homeroom",
		Grants:       grants(t, "editors=editor", "leads=approver,people"),
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err = console.New(console.Options{
		Installation: s.admin,
		People:       console.AnyOf{tokens(t, "tom  approver  "+toms+"\n"), people},
		URL:          s.server.URL + "/homeroom",
		Approvals:    1,
		Log:          slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func grants(t *testing.T, texts ...string) console.Grants {
	t.Helper()
	g, err := console.ParseGrants(texts)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestACompanySignsIn: through the provider and back to the page that was asked for, with the roles of the groups; a session ends when
// somebody signs out, and by itself.
func TestACompanySignsIn(t *testing.T) {
	p := newProvider(t)
	var mu sync.Mutex
	offset := time.Duration(0)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(offset)
	}
	s := openCompany(t, p, now)
	maya := s.browser("")
	if page := maya.get("/rules"); !strings.Contains(page, "/homeroom/sign-in/provider?to=") || !strings.Contains(page, "Your token") {
		t.Fatalf("no way to sign in:\n%s", page)
	}
	if page := maya.get("/sign-in/provider?to=/rules"); !strings.Contains(page, "<h1>Rules</h1>") || !strings.Contains(page, "maya@academy.example") {
		t.Fatalf("not signed in:\n%s", page)
	}
	if status, _ := maya.do("GET", "/files?path=settings.yaml", nil); status != http.StatusOK {
		t.Errorf("an editor's page: %d", status)
	}
	if status, _ := maya.do("POST", "/pause", nil); status != http.StatusForbidden {
		t.Errorf("an editor pauses: %d", status)
	}
	root, err := url.Parse(s.server.URL + "/homeroom/")
	if err != nil {
		t.Fatal(err)
	}
	kept := maya.client.Jar.Cookies(root)
	if status, page := maya.do("POST", "/sign-out", nil); status != http.StatusOK || !strings.Contains(page, "Sign in") {
		t.Errorf("signing out: %d", status)
	}
	stolen := s.browser("")
	stolen.client.Jar.SetCookies(root, kept)
	if page := stolen.get("/rules"); !strings.Contains(page, "Sign in with") {
		t.Error("a copied cookie opens a session that was ended")
	}
	maya.get("/sign-in/provider")
	maya.get("/rules")
	mu.Lock()
	offset = 13 * time.Hour
	mu.Unlock()
	if page := maya.get("/rules"); !strings.Contains(page, "Sign in with") {
		t.Error("the session does not end")
	}
	if page := s.browser(toms).get("/rules"); !strings.Contains(page, "<h1>Rules</h1>") {
		t.Error("a token does not do beside the provider")
	}
}

// TestACookieOfASession: no script reads it, no form of another site sends it, and it goes by HTTPS unless the console is on this machine.
func TestACookieOfASession(t *testing.T) {
	p := newProvider(t)
	s := openCompany(t, p, time.Now)
	b := s.browser("")
	var cookies []*http.Cookie
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		cookies = append(cookies, r.Response.Cookies()...)
		return nil
	}
	b.get("/sign-in/provider")
	names := map[string]bool{}
	for _, c := range cookies {
		if c.MaxAge < 0 {
			continue
		}
		names[c.Name] = true
		if !c.HttpOnly || c.SameSite == http.SameSiteNoneMode || c.SameSite == http.SameSiteDefaultMode || c.Path != "/homeroom/" || c.Secure {
			t.Errorf("the cookie %s", c)
		}
	}
	if !names["homeroom_console_session"] || !names["homeroom_console_login"] {
		t.Errorf("only the cookies %v", names)
	}
	for address, refused := range map[string]bool{
		"http://homeroom.example.org": true, "https://homeroom.example.org/x": false, "http://127.0.0.1:8024": false, "http://localhost:8024": false, "": true, "x": true,
	} {
		_, err := console.NewOIDC(console.OIDCOptions{Issuer: "https://id.example.org", ClientID: "homeroom", URL: address, Grants: grants(t, "a=editor")})
		if (err != nil) != refused {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestWhomTheProviderDoesNotLetIn: tokens that are forged, old, for somebody else or about somebody without a role, and answers that this
// browser did not ask for.
func TestWhomTheProviderDoesNotLetIn(t *testing.T) {
	p := newProvider(t)
	s := openCompany(t, p, time.Now)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		claims map[string]any
		forge  func(map[string]any, []byte) []byte
		want   string // of what the page says; empty: they are let in
	}{
		"an editor":                    {},
		"groups as one text":           {claims: map[string]any{"groups": "leads"}},
		"two audiences, made for us":   {claims: map[string]any{"aud": []string{"homeroom", "x"}, "azp": "homeroom"}},
		"no group here":                {claims: map[string]any{"groups": []string{"staff"}}, want: "no role here"},
		"no groups":                    {claims: map[string]any{"groups": nil}, want: "no role here"},
		"groups of another shape":      {claims: map[string]any{"groups": map[string]any{"editors": true}}, want: "no role here"},
		"no address":                   {claims: map[string]any{"email": nil}, want: "no name"},
		"a name that is markup":        {claims: map[string]any{"email": "<b>maya"}, want: "no name"},
		"a name that is a number":      {claims: map[string]any{"email": 7}, want: "no name"},
		"an address that is not hers":  {claims: map[string]any{"email_verified": false}, want: "not verified"},
		"for another client":           {claims: map[string]any{"aud": "other"}, want: "refused"},
		"two audiences, for another":   {claims: map[string]any{"aud": []string{"homeroom", "x"}, "azp": "x"}, want: "another client"},
		"of another issuer":            {claims: map[string]any{"iss": "https://id.example.org"}, want: "refused"},
		"an old one":                   {claims: map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, want: "refused"},
		"of another attempt":           {claims: map[string]any{"nonce": "guessed"}, want: "another attempt"},
		"without a nonce":              {claims: map[string]any{"nonce": nil}, want: "another attempt"},
		"unsigned":                     {forge: func(h map[string]any, _ []byte) []byte { h["alg"] = "none"; return nil }, want: "refused"},
		"signed with the public key":   {forge: func(h map[string]any, _ []byte) []byte { h["alg"] = "HS256"; return []byte("x") }, want: "refused"},
		"signed with another's key":    {forge: func(map[string]any, []byte) []byte { return signWith(other) }, want: "refused"},
		"signed with an unknown key":   {forge: func(h map[string]any, _ []byte) []byte { h["kid"] = "k2"; return signWith(other) }, want: "refused"},
		"a signature of another token": {forge: func(map[string]any, []byte) []byte { return signWith(p.key) }, want: "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			p.say(test.claims)
			p.mu.Lock()
			p.forge = test.forge
			p.mu.Unlock()
			status, page := s.browser("").do("GET", "/sign-in/provider?to=/rules", nil)
			if test.want == "" {
				if status != http.StatusOK || !strings.Contains(page, "<h1>Rules</h1>") {
					t.Errorf("%d\n%s", status, page)
				}
				return
			}
			if status != http.StatusUnauthorized || !strings.Contains(page, test.want) || strings.Contains(page, "<h1>Rules") {
				t.Errorf("%d, want %q in\n%s", status, test.want, page)
			}
		})
	}
}

// TestAnAnswerNobodyAskedFor: a callback does only in the browser that began, once, with its own state.
func TestAnAnswerNobodyAskedFor(t *testing.T) {
	p := newProvider(t)
	s := openCompany(t, p, time.Now)
	// stopAtCallback goes to the provider and returns the address to which it sends the browser back.
	stopAtCallback := func(b *browser) *url.URL {
		t.Helper()
		var back *url.URL
		b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasSuffix(r.URL.Path, "/callback") {
				back = r.URL
				return http.ErrUseLastResponse
			}
			return nil
		}
		b.do("GET", "/sign-in/provider?to=/rules", nil)
		b.client.CheckRedirect = nil
		if back == nil {
			t.Fatal("the provider sends nobody back")
		}
		return back
	}
	open := func(b *browser, address *url.URL) string {
		t.Helper()
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	attacker := s.browser("")
	victim := s.browser("")
	if page := open(victim, stopAtCallback(attacker)); !strings.Contains(page, "not known here") {
		t.Errorf("somebody is signed in by another's link:\n%s", page)
	}
	back := stopAtCallback(victim)
	for name, change := range map[string]func(url.Values){
		"another state":     func(q url.Values) { q.Set("state", "x") },
		"no state":          func(q url.Values) { q.Del("state") },
		"no code, an error": func(q url.Values) { q.Set("state", "x"); q.Set("error", "access_denied") },
	} {
		address := *back
		query := address.Query()
		change(query)
		address.RawQuery = query.Encode()
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		jar.SetCookies(back, victim.client.Jar.Cookies(back))
		if page := open(&browser{s: s, client: &http.Client{Jar: jar}}, &address); !strings.Contains(page, "not known here") {
			t.Errorf("%s:\n%s", name, page)
		}
	}
	jar, err := cookiejar.New(nil) // as it is before the answer
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(back, victim.client.Jar.Cookies(back))
	if page := open(victim, back); !strings.Contains(page, "<h1>Rules</h1>") {
		t.Errorf("the victim's own answer:\n%s", page)
	}
	if page := open(&browser{s: s, client: &http.Client{Jar: jar}}, back); !strings.Contains(page, "not known here") {
		t.Errorf("an answer twice, with the cookie of before:\n%s", page)
	}
	if page := open(victim, back); !strings.Contains(page, "not known here") {
		t.Errorf("an answer twice:\n%s", page)
	}
	denied := stopAtCallback(s.browser(""))
	if strings.Contains(denied.RawQuery, "verifier") {
		t.Error("the address holds the verifier")
	}
	again := s.browser("")
	back = stopAtCallback(again)
	query := back.Query()
	query.Del("code")
	query.Set("error", "access_denied")
	back.RawQuery = query.Encode()
	if page := open(again, back); !strings.Contains(page, "access_denied") {
		t.Errorf("the provider refuses:\n%s", page)
	}
	if page := s.browser("").get("/sign-in/provider?to=https://evil.example/x"); strings.Contains(page, "evil.example") {
		t.Errorf("it leads elsewhere:\n%s", page)
	}
}

// TestAProviderThatIsAway: the page says so, and tokens do meanwhile.
func TestAProviderThatIsAway(t *testing.T) {
	p := newProvider(t)
	s := openCompany(t, p, time.Now)
	p.server.Close()
	if status, page := s.browser("").do("GET", "/sign-in/provider", nil); status != http.StatusServiceUnavailable || !strings.Contains(page, "identity provider") {
		t.Errorf("%d\n%s", status, page)
	}
	s.browser(toms).get("/rules")
}

// TestRolesInsideClaims: a path leads into objects, and a name with dots is found as it is.
func TestRolesInsideClaims(t *testing.T) {
	claims := map[string]any{
		"realm_access":               map[string]any{"roles": []any{"a", 7, "b"}},
		"https://example.org/groups": "c",
	}
	for path, want := range map[string][]string{
		"realm_access.roles": {"a", "b"}, "https://example.org/groups": {"c"}, "realm_access": nil, "realm_access.roles.a": nil, "none": nil, "": nil, ".": nil,
	} {
		if got := console.GroupsIn(claims, path); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	for _, text := range []string{"", "a", "=editor", "a=boss", "a="} {
		if _, err := console.ParseGrants([]string{text}); err == nil {
			t.Errorf("%q is a grant", text)
		}
	}
}
