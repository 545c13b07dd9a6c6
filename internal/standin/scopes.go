package standin

import (
	"net/http"
	"slices"
	"strings"
)

// Account describes the API key and its account. The zero Account's key may send mail and nothing else.
type Account struct {
	Scopes  []string // of the key; nil: mail.send
	Domains []string // authenticated
	Senders []string // verified addresses
	// ListsPerMinute is how many requests about suppression lists are answered in a minute, the others with 429; 0: all.
	ListsPerMinute int
}

// The permissions that the routes need; a key without one gets 403.
const (
	scopeDomains = "whitelabel.read"
	scopeSenders = "verified_senders.read" // under this name in the stand-in
)

// addAccountRoutes answers GET /v3/scopes, /v3/whitelabel/domains and /v3/verified_senders.
func (s *Server) addAccountRoutes(a Account) {
	if a.Scopes == nil {
		a.Scopes = []string{"mail.send"}
	}
	ask := func(path string, answer func() any, scopes ...string) {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if s.authorize(w, r, a, scopes...) {
				answerJSON(w, http.StatusOK, answer())
			}
		})
	}
	ask("/v3/scopes", func() any { return map[string][]string{"scopes": a.Scopes} })
	ask("/v3/whitelabel/domains", func() any {
		list := []map[string]any{}
		for _, domain := range a.Domains {
			list = append(list, map[string]any{"domain": domain, "valid": true})
		}
		return list
	}, scopeDomains)
	ask("/v3/verified_senders", func() any {
		list := []map[string]any{}
		for _, address := range a.Senders {
			list = append(list, map[string]any{"from_email": address, "verified": true})
		}
		return map[string]any{"results": list}
	}, scopeSenders)
	s.addListRoutes(a)
}

// authorize reports whether the request's key is right and has one of the permissions; none: every key may. Otherwise it answers.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, a Account, scopes ...string) bool {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	has := func(scope string) bool { return slices.Contains(a.Scopes, scope) }
	switch {
	case !bearer || strings.TrimSpace(key) == "":
		answerErrors(w, http.StatusUnauthorized, apiError{Message: "authorization required"})
	case s.key != "" && key != s.key:
		answerErrors(w, http.StatusUnauthorized, apiError{Message: "The provided authorization grant is invalid, expired, or revoked"})
	case len(scopes) > 0 && !slices.ContainsFunc(scopes, has):
		answerErrors(w, http.StatusForbidden, apiError{Message: "access forbidden"})
	default:
		return true
	}
	return false
}
