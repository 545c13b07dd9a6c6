package console

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDCOptions say which identity provider signs people in, by OpenID Connect with the authorization code flow and PKCE.
type OIDCOptions struct {
	Issuer       string // its address, as its discovery document says it; required
	ClientID     string // required
	ClientSecret string // empty: the client is a public one
	// URL is where browsers reach the console; the provider sends them back to its path /sign-in/callback. It is https, or names a loopback host.
	URL    string
	Scopes []string // besides openid; nil: profile and email
	// NameClaim is the claim of the ID token that names a person; empty: email. Nobody but the provider may be able to change it: approvals
	// count by it. An address that the provider says is not verified is refused.
	NameClaim string
	// GroupsClaim holds the person's groups, a text or a list of texts; empty: groups. A dot leads into an object: realm_access.roles.
	GroupsClaim string
	Grants      Grants // required
	HTTP        *http.Client
}

// OIDC lets people in whom an identity provider has signed in. Sessions are kept in this process and end with it.
type OIDC struct {
	o        OIDCOptions
	host     string
	sessions *expiring[Person]
	logins   *expiring[login]

	mu       sync.Mutex
	provider *oidc.Provider // nil until somebody signs in
}

// login is an attempt to sign in that has not come back from the provider yet. It is kept under the value of the parameter state.
type login struct {
	browser  string // the value of the browser's cookie
	nonce    string
	verifier string // of PKCE
	to       string // the page to go to afterwards
}

// How long somebody may take at the provider, and how many may be there at once.
const (
	loginAge    = 10 * time.Minute
	maxLogins   = 1000
	maxSessions = 10_000
)

// The cookies: of a session, and of an attempt to sign in.
const (
	oidcCookie  = "homeroom_console_session"
	loginCookie = "homeroom_console_login"
)

// providerTime is how long the provider may take to answer.
const providerTime = 15 * time.Second

// NewOIDC checks the options. It does not ask the provider: the console starts while it is away.
func NewOIDC(o OIDCOptions) (*OIDC, error) {
	address, err := url.Parse(o.URL)
	switch {
	case o.Issuer == "" || o.ClientID == "":
		return nil, errors.New("name the issuer and the client's id")
	case err != nil || address.Host == "":
		return nil, errors.New("say at which address browsers reach the console: the provider sends them back there")
	case address.Scheme != "https" && !(ThisMachine{}).ServesHost(address.Host):
		return nil, fmt.Errorf("%s is not https: somebody on the network could take sessions", o.URL)
	case len(o.Grants) == 0:
		return nil, errors.New("say which groups have which roles, such as academy-editors=editor")
	}
	o.URL = strings.TrimRight(o.URL, "/")
	o.NameClaim = cmp.Or(o.NameClaim, "email")
	o.GroupsClaim = cmp.Or(o.GroupsClaim, "groups")
	if o.Scopes == nil {
		o.Scopes = []string{"profile", "email"}
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: providerTime}
	}
	return &OIDC{
		o:        o,
		host:     address.Host,
		sessions: newExpiring[Person](sessionAge, maxSessions),
		logins:   newExpiring[login](loginAge, maxLogins),
	}, nil
}

// ServesHost implements [People].
func (p *OIDC) ServesHost(host string) bool { return strings.EqualFold(host, p.host) }

// Identify implements [People] by the cookie of a session.
func (p *OIDC) Identify(r *http.Request, now time.Time) (Person, bool) {
	cookie, err := r.Cookie(oidcCookie)
	if err != nil {
		return Person{}, false
	}
	return p.sessions.get(cookie.Value, now)
}

// SignIn implements [People]: there are no tokens.
func (*OIDC) SignIn(string, time.Time) (string, time.Duration) { return "", 0 }

// SignOut implements [People].
func (p *OIDC) SignOut(r *http.Request) {
	if cookie, err := r.Cookie(oidcCookie); err == nil {
		p.sessions.remove(cookie.Value, time.Time{})
	}
}

// Ways implements [People].
func (p *OIDC) Ways() []LoginWay {
	return []LoginWay{{
		Kind:   LoginOIDC,
		Says:   "The identity provider " + p.o.Issuer + " signs people in, for twelve hours; the claim " + p.o.GroupsClaim + " says their groups.",
		Grants: p.o.Grants,
	}}
}

// begin returns the provider's address to send a browser to, and the value of the cookie that binds the attempt to it.
func (p *OIDC) begin(ctx context.Context, to string, now time.Time) (address, browser string, err error) {
	config, _, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	l := login{
		browser:  oauth2.GenerateVerifier(),
		nonce:    oauth2.GenerateVerifier(),
		verifier: oauth2.GenerateVerifier(),
		to:       to,
	}
	state := p.logins.add(l, now)
	return config.AuthCodeURL(state, oidc.Nonce(l.nonce), oauth2.S256ChallengeOption(l.verifier)), l.browser, nil
}

// errLogin says that an attempt to sign in did not begin in this browser, or too long ago, or came back already.
var errLogin = errors.New("this attempt to sign in is not known here, or took too long: begin again")

// finish ends an attempt: it returns the value of the session's cookie and the page to go to.
func (p *OIDC) finish(ctx context.Context, query url.Values, browser string, now time.Time) (cookie, to string, err error) {
	l, found := p.logins.remove(query.Get("state"), now)
	if !found || subtle.ConstantTimeCompare([]byte(l.browser), []byte(browser)) != 1 {
		return "", "", errLogin
	}
	if refused := query.Get("error"); refused != "" {
		return "", "", fmt.Errorf("the identity provider refuses: %.100q", refused)
	}
	config, provider, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	ctx = oidc.ClientContext(ctx, p.o.HTTP)
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(l.verifier))
	if err != nil {
		return "", "", errors.New("the identity provider did not take the code: begin again; if it happens every time, look at the client's id, secret and redirect address")
	}
	raw, _ := token.Extra("id_token").(string)
	checks := &oidc.Config{ClientID: p.o.ClientID, Now: func() time.Time { return now }}
	idToken, err := provider.Verifier(checks).Verify(ctx, raw)
	if err != nil {
		return "", "", fmt.Errorf("the ID token of the identity provider is refused: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(l.nonce)) != 1 {
		return "", "", errors.New("the ID token of the identity provider belongs to another attempt: begin again")
	}
	person, err := p.admit(idToken)
	if err != nil {
		return "", "", err
	}
	return p.sessions.add(person, now), l.to, nil
}

// admit returns who an ID token is about.
func (p *OIDC) admit(token *oidc.IDToken) (Person, error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return Person{}, fmt.Errorf("the claims of the ID token cannot be read: %w", err)
	}
	if party, _ := claims["azp"].(string); len(token.Audience) > 1 && party != p.o.ClientID {
		return Person{}, errors.New("the ID token of the identity provider was made for another client")
	}
	if verified, claimed := claims["email_verified"].(bool); p.o.NameClaim == "email" && claimed && !verified {
		return Person{}, errors.New("the identity provider has not verified the address of this account")
	}
	name, _ := claims[p.o.NameClaim].(string)
	return p.o.Grants.admit(name, textsOf(findClaim(claims, p.o.GroupsClaim)))
}

// findClaim returns a claim by its name, or by its path through objects; nil: there is none.
func findClaim(claims map[string]any, path string) any {
	if value, found := claims[path]; found { // a name may have dots: https://example.org/roles
		return value
	}
	before, after, ok := strings.Cut(path, ".")
	if !ok {
		return nil
	}
	object, _ := claims[before].(map[string]any)
	return findClaim(object, after)
}

// textsOf returns a text, or the texts of a list.
func textsOf(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var texts []string
		for _, item := range v {
			if text, ok := item.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return nil
}

// discover asks the provider for its addresses, once.
func (p *OIDC) discover(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.provider == nil {
		// The keys are asked for later with the same context, which must not end with this request.
		provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.o.HTTP), p.o.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("the identity provider %s does not say how to sign in: %w", p.o.Issuer, err)
		}
		p.provider = provider
	}
	config := &oauth2.Config{
		ClientID:     p.o.ClientID,
		ClientSecret: p.o.ClientSecret,
		Endpoint:     p.provider.Endpoint(),
		RedirectURL:  p.o.URL + "/sign-in/callback",
		Scopes:       append([]string{oidc.ScopeOpenID}, p.o.Scopes...),
	}
	return config, p.provider, nil
}
