package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"homeroom/internal/writekey"
)

// ScopeEvents is the scope of a key that may post to every path. A key without scopes may as well.
const ScopeEvents = "events"

// ScopeSource returns the scope of a key that may post to /v1/sources/<name> only.
func ScopeSource(name string) string { return "source:" + name }

// Key is a write key, as far as it is kept.
type Key struct {
	ID        string
	Hash      string   // of the whole key; see package writekey
	Scopes    []string // what it may be used for; empty: everything
	PerSecond int      // events a second that each process takes by it; 0: no limit
	Revoked   bool
}

// allows reports whether the key may be used for a scope.
func (k Key) allows(scope string) bool {
	return len(k.Scopes) == 0 || slices.Contains(k.Scopes, scope) || slices.Contains(k.Scopes, ScopeEvents)
}

// Keys finds write keys by id. It answers from memory.
type Keys interface {
	FindKey(id string) (Key, bool)
}

// authenticate returns the key that a request came with, if it may be used for the scope.
func (a *API) authenticate(r *http.Request, scope string) (Key, *problem) {
	text := keyOf(r)
	if text == "" {
		return Key{}, newProblem(http.StatusUnauthorized, codeNoKey, "the request has no write key",
			"send the header Authorization: Bearer KEY, with a key that `homeroom keys create` printed")
	}
	id, ok := writekey.Parse(text)
	if !ok {
		return Key{}, newProblem(http.StatusUnauthorized, codeUnknownKey, "what the request names is no write key",
			"a key begins with hr_ and is printed by `homeroom keys create`")
	}
	key, known := a.o.Keys.FindKey(id)
	if !known || !writekey.Matches(text, key.Hash) {
		return Key{}, newProblem(http.StatusUnauthorized, codeUnknownKey, "there is no such write key",
			"`homeroom keys list` shows which there are, and `homeroom keys create` makes one")
	}
	if key.Revoked {
		return Key{}, newProblem(http.StatusUnauthorized, codeRevokedKey, fmt.Sprintf("the write key %s was revoked", id),
			"use another one; `homeroom keys create` makes it")
	}
	if !key.allows(scope) {
		return Key{}, newProblem(http.StatusForbidden, codeOutOfScope, fmt.Sprintf("the write key %s is not for %s, but for %s", id, scope, strings.Join(key.Scopes, ", ")),
			"use a key with that scope")
	}
	return key, nil
}

// keyOf returns the write key of a request: a bearer token, or the user name of basic authentication, which is where Segment's
// libraries and those for xAPI put theirs. It returns "" if there is none.
func keyOf(r *http.Request) string {
	if user, password, ok := r.BasicAuth(); ok {
		if user == "" {
			return password
		}
		return user
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
