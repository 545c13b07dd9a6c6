package console

import (
	"net/http"
	"time"
)

// LoginWay is a way for people to sign in.
type LoginWay struct {
	Kind LoginKind `json:"kind"`
	Says string    `json:"says"` // a sentence
	// People are those who are known by name; empty: the way knows groups.
	People []Person `json:"people,omitempty"`
	Grants Grants   `json:"groups,omitempty"` // by group
}

// LoginKind names a way to sign in.
type LoginKind string

// The ways to sign in.
const (
	LoginNone  LoginKind = "none"  // everybody on this machine is let in
	LoginToken LoginKind = "token" // a token in a file
	LoginOIDC  LoginKind = "oidc"  // a company's identity provider
	LoginProxy LoginKind = "proxy" // a proxy in front
)

// AnyOf lets people in by each of several ways. A host is served if each way serves it.
type AnyOf []People

// ServesHost implements [People].
func (a AnyOf) ServesHost(host string) bool {
	for _, p := range a {
		if !p.ServesHost(host) {
			return false
		}
	}
	return true
}

// Identify implements [People]: the first that knows somebody.
func (a AnyOf) Identify(r *http.Request, now time.Time) (Person, bool) {
	for _, p := range a {
		if person, found := p.Identify(r, now); found {
			return person, true
		}
	}
	return Person{}, false
}

// SignIn implements [People]: the first that knows the token.
func (a AnyOf) SignIn(token string, now time.Time) (string, time.Duration) {
	for _, p := range a {
		if cookie, age := p.SignIn(token, now); cookie != "" {
			return cookie, age
		}
	}
	return "", 0
}

// SignOut implements [People].
func (a AnyOf) SignOut(r *http.Request) {
	for _, p := range a {
		p.SignOut(r)
	}
}

// Ways implements [People].
func (a AnyOf) Ways() []LoginWay {
	var ways []LoginWay
	for _, p := range a {
		ways = append(ways, p.Ways()...)
	}
	return ways
}

// findOIDC returns the identity provider among the ways to sign in, or nil.
func findOIDC(people People) *OIDC {
	switch p := people.(type) {
	case *OIDC:
		return p
	case AnyOf:
		for _, way := range p {
			if found := findOIDC(way); found != nil {
				return found
			}
		}
	}
	return nil
}
