package sendgrid_test

import (
	"encoding/json"
	"homeroom/delivery/email"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/sendertest"
	"homeroom/delivery/sendgrid"
)

// The real SendGrid takes part when its key is in the environment: in sandbox mode, so nothing is mailed. A subuser in the
// EU sets the host too, and an account with a verified sender of its own the address.
const (
	envKey  = "HOMEROOM_SENDGRID_TEST_KEY"
	envHost = "HOMEROOM_SENDGRID_TEST_HOST"
	envFrom = "HOMEROOM_SENDGRID_TEST_FROM"
)

// target is a SendGrid that the adapter is tried on.
type target struct {
	name, host, key, from string
}

func TestConformance(t *testing.T) {
	targets := []target{{name: "a small one", host: serve(t, small), key: key}}
	if secret := os.Getenv(envKey); secret != "" {
		targets = append(targets, target{"the real one", os.Getenv(envHost), secret, os.Getenv(envFrom)})
	}
	for _, to := range targets {
		t.Run(to.name, func(t *testing.T) {
			open := func(key string) func(*testing.T) email.Sender {
				return func(t *testing.T) email.Sender {
					s, err := sendgrid.New(sendgrid.Options{APIKey: key, Host: to.host, Sandbox: true, Now: time.Now})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(s.Close)
					return s
				}
			}
			sendertest.Run(t, open(to.key), sendertest.Options{From: to.from, WrongKey: open("SG.of-nobody")})
		})
	}
}

// TestListConformance reads the suppression lists of the real SendGrid, if its key is in the environment and may; nothing is written there. The stand-in, which is
// written to, runs the same suite in package standin.
func TestListConformance(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte("[]"))
	})
	targets := []target{{name: "an empty one", host: host, key: key}}
	if secret := os.Getenv(envKey); secret != "" {
		targets = append(targets, target{name: "the real one", host: os.Getenv(envHost), key: secret})
	}
	for _, to := range targets {
		t.Run(to.name, func(t *testing.T) {
			open := func(key string) *sendgrid.Sender {
				s, err := sendgrid.New(sendgrid.Options{APIKey: key, Host: to.host, Now: time.Now})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(s.Close)
				return s
			}
			sendertest.RunLists(t, open(to.key), sendertest.ListOptions{
				Lists:    sendertest.Says(),
				PageSize: sendgrid.PageSize,
				WrongKey: func(*testing.T) sendertest.ListReader { return open("SG.of-nobody") },
			})
		})
	}
}

// small knows as much of SendGrid as the suite asks in sandbox mode. The stand-in in the dev module knows the rest.
func small(w http.ResponseWriter, r *http.Request) {
	var body struct {
		From             struct{ Email string }
		Subject          string
		Content          []any
		Categories       []string
		Personalizations []struct {
			To         []struct{ Email string }
			CustomArgs map[string]string `json:"custom_args"`
		}
		MailSettings struct {
			Sandbox struct{ Enable bool } `json:"sandbox_mode"`
		} `json:"mail_settings"`
	}
	refuse := func(status int, message string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"message": message}}})
	}
	if r.Header.Get("Authorization") != "Bearer "+key {
		refuse(http.StatusUnauthorized, "The provided authorization grant is invalid, expired, or revoked")
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Personalizations) != 1 || !body.MailSettings.Sandbox.Enable {
		refuse(http.StatusBadRequest, "Bad Request")
		return
	}
	to := body.Personalizations[0]
	seen := map[string]bool{}
	for _, c := range body.Categories {
		if c == "" || len(c) > 255 || seen[c] || strings.ContainsFunc(c, func(r rune) bool { return r > '~' }) {
			refuse(http.StatusBadRequest, "a bad category")
			return
		}
		seen[c] = true
	}
	switch {
	case !strings.Contains(body.From.Email, "@"), len(to.To) != 1 || !strings.Contains(to.To[0].Email, "@"):
		refuse(http.StatusBadRequest, "Does not contain a valid address.")
	case body.Subject == "":
		refuse(http.StatusBadRequest, "The subject is required.")
	case len(body.Content) == 0:
		refuse(http.StatusBadRequest, "The content is required.")
	case len(to.CustomArgs[delivery.SendIDArg]) > 10_000:
		refuse(http.StatusBadRequest, "The custom arguments are too large.")
	case len(body.Categories) > 10:
		refuse(http.StatusBadRequest, "There is a limit of 10 categories.")
	}
}
