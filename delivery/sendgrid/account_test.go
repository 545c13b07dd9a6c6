package sendgrid_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"homeroom/delivery/sendgrid"
)

func TestTheAccount(t *testing.T) {
	const forbidden = `403 {"errors":[{"message":"access forbidden"}]}`
	for _, tc := range []struct {
		name             string
		domains, senders string // status and body
		may              bool
		err              error
	}{
		{"an authenticated domain", `200 [{"domain":"academy.example","valid":true}]`, forbidden, true, nil},
		{"a domain above it", `200 [{"domain":"Example","valid":true}]`, forbidden, true, nil},
		{"a domain that only ends alike", `200 [{"domain":"demy.example","valid":true}]`, `200 {"results":[]}`, false, nil},
		{"a domain not yet authenticated", `200 [{"domain":"academy.example","valid":false}]`, `200 {"results":[]}`, false, nil},
		{"a verified sender", `200 []`, `200 {"results":[{"from_email":"Hello@academy.example","verified":true}]}`, true, nil},
		{"a verified sender, and domains may not be asked for", forbidden, `200 {"results":[{"from_email":"hello@academy.example","verified":true}]}`, true, nil},
		{"a sender not yet verified", `200 []`, `200 {"results":[{"from_email":"hello@academy.example","verified":false}]}`, false, nil},
		{"a key that may only send", forbidden, forbidden, false, sendgrid.ErrNotPermitted},
		{"half an answer", forbidden, `200 {"results":[]}`, false, sendgrid.ErrNotPermitted},
		{"a wrong key", `401 {}`, `401 {}`, false, sendgrid.ErrKeyUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host := serve(t, func(w http.ResponseWriter, r *http.Request) {
				answer := map[string]string{"/v3/whitelabel/domains": tc.domains, "/v3/verified_senders": tc.senders}[r.URL.Path]
				if r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer "+key || answer == "" {
					t.Errorf("asked %s %s", r.Method, r.URL.Path)
				}
				status, body, _ := strings.Cut(answer, " ")
				w.WriteHeader(map[string]int{"200": 200, "401": 401, "403": 403}[status])
				_, _ = io.WriteString(w, body)
			})
			may, err := sender(t, sendgrid.Options{Host: host}).MaySendAs(t.Context(), "hello@academy.example")
			if may != tc.may || !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Errorf("got %v, %v; want %v, %v", may, err, tc.may, tc.err)
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	status := 200
	body := `{"scopes":["mail.send"]}`
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v3/scopes" {
			t.Errorf("asked %s", r.URL.Path)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	s := sender(t, sendgrid.Options{Host: host})
	if got, err := s.Permissions(t.Context()); err != nil || len(got) != 1 || got[0] != sendgrid.PermissionSend {
		t.Errorf("got %v, %v", got, err)
	}
	status = 401
	body = `{"errors":[{"message":"` + key + ` is revoked"}]}`
	if _, err := s.Permissions(t.Context()); !errors.Is(err, sendgrid.ErrKeyUnknown) || strings.Contains(err.Error(), key) {
		t.Errorf("got %v, want ErrKeyUnknown without the key", err)
	}
	status = 200
	body = `<html>`
	if _, err := s.Permissions(t.Context()); err == nil {
		t.Error("a page is no answer")
	}
	down := sender(t, sendgrid.Options{Host: "http://127.0.0.1:1"})
	if _, err := down.Permissions(t.Context()); err == nil || !strings.Contains(err.Error(), "could not be reached") {
		t.Errorf("got %v", err)
	}
}
