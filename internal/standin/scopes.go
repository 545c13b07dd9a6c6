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
	ask := func(path, scope string, answer func() any) {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			switch {
			case !bearer || strings.TrimSpace(key) == "":
				answerErrors(w, http.StatusUnauthorized, apiError{Message: "authorization required"})
			case s.key != "" && key != s.key:
				answerErrors(w, http.StatusUnauthorized, apiError{Message: "The provided authorization grant is invalid, expired, or revoked"})
			case scope != "" && !slices.Contains(a.Scopes, scope):
				answerErrors(w, http.StatusForbidden, apiError{Message: "access forbidden"})
			default:
				answerJSON(w, http.StatusOK, answer())
			}
		})
	}
	ask("/v3/scopes", "", func() any { return map[string][]string{"scopes": a.Scopes} })
	ask("/v3/whitelabel/domains", scopeDomains, func() any {
		list := []map[string]any{}
		for _, domain := range a.Domains {
			list = append(list, map[string]any{"domain": domain, "valid": true})
		}
		return list
	})
	ask("/v3/verified_senders", scopeSenders, func() any {
		list := []map[string]any{}
		for _, address := range a.Senders {
			list = append(list, map[string]any{"from_email": address, "verified": true})
		}
		return map[string]any{"results": list}
	})
}
