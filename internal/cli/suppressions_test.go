package cli

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/internal/standin"
	"homeroom/store"
)

// openWithSecret opens the store as a serving process does, with the installation's secret, until the end of the test.
func openWithSecret(t *testing.T, js jetstream.JetStream) *store.Store {
	t.Helper()
	secrets, err := store.EnsureSecrets(t.Context(), js, nil)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), js, store.OpenOptions{Secret: secrets[0]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	return st
}

func TestAnOperatorLiftsASuppression(t *testing.T) {
	server, js, _ := natstest.Open(t)
	ctx := t.Context()
	nc, _ := server.Connect()
	st := openWithSecret(t, js)
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	if _, err := st.Profiles.Merge(ctx, "u_42", map[string]any{"email": "ada@example.org"}, at); err != nil {
		t.Fatal(err)
	}
	if err := st.People.Leave(ctx, "u_42", "offers", at); err != nil {
		t.Fatal(err)
	}
	if err := st.Suppressions.Add(ctx, "ada@example.org", store.ReasonBounced, at); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name string
		args string
		code int
		want []string
	}{
		{"the list names learners, not addresses", "list", 0, []string{"bounced", "2026-03-02T10:00:00Z", "u_42"}},
		{"the list for machines", "list --format json", 0, []string{`"reason": "bounced"`, `"u_42"`}},
		{"without a terminal nothing is lifted", "lift ada@example.org", 2, []string{"add --yes"}},
		{"an id is no address", "lift u_42 --yes", 2, []string{"has no @"}},
		{"a key is missing", "lift ada@example.org --yes --at-sendgrid", 2, []string{"SENDGRID_API_KEY"}},
		{"lifted", "lift ADA@example.org --yes", 0, []string{"Lifted in Homeroom: the address was suppressed as bounced", "SendGrid's own lists were not touched", "u_42 still forbids mail: they left the topics offers"}},
		{"again", "lift ada@example.org --yes", 0, []string{"not suppressed"}},
		{"nothing is left", "list", 0, []string{"No address is suppressed."}},
		{"an empty list for machines", "list --format json", 0, []string{`"suppressions": []`}},
	} {
		t.Run(step.name, func(t *testing.T) {
			var out bytes.Buffer
			args := append([]string{"suppressions"}, strings.Fields(step.args)...)
			args = append(args, "--nats", nc.ConnectedUrl())
			if code := Main(ctx, args, IO{Out: &out, Err: &out, Now: time.Now}); code != step.code {
				t.Errorf("exit code %d, want %d:\n%s", code, step.code, out.String())
			}
			for _, want := range step.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
			if strings.Contains(step.args, "list") && strings.Contains(out.String(), "@") {
				t.Errorf("an address is printed:\n%s", out.String())
			}
		})
	}
}

// TestAnAddressComesOffSendGridsLists: --at-sendgrid says of each list what became of the address, and a key that may not change lists is told.
func TestAnAddressComesOffSendGridsLists(t *testing.T) {
	server, js, _ := natstest.Open(t)
	ctx := t.Context()
	nc, _ := server.Connect()
	st := openWithSecret(t, js)
	t.Setenv("SENDGRID_API_KEY", "SG.test")
	serve := func(o standin.Options) (*standin.Server, string) {
		s := standin.New(o)
		t.Cleanup(s.Close)
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		return s, server.URL
	}
	inbox, account := serve(standin.Options{Key: "SG.test", Account: standin.Account{Scopes: []string{"suppression.delete"}}})
	_, poor := serve(standin.Options{Key: "SG.test"})
	for _, list := range []string{standin.ListBounces, standin.ListUnsubscribes} {
		for _, address := range []string{"Ada@example.org", "bob@example.org"} {
			if err := inbox.AddListed(list, standin.Listed{Email: address}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := st.Suppressions.Add(ctx, "ada@example.org", store.ReasonBounced, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name string
		host string
		code int
		want []string
	}{
		{"the key may not", poor, 1, []string{"Lifted in Homeroom", "SendGrid's list bounces: could not be asked", "run this again"}},
		{"taken off", account, 0, []string{
			"not suppressed in Homeroom", "SendGrid's list bounces: taken off", "SendGrid's list unsubscribes: taken off", "SendGrid's list spam_reports: was not there",
		}},
		{"again", account, 0, []string{"SendGrid's list bounces: was not there", "SendGrid's list unsubscribes: was not there"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			var out bytes.Buffer
			args := []string{"suppressions", "lift", "ada@example.org", "--yes", "--at-sendgrid", "--sendgrid-host", step.host, "--nats", nc.ConnectedUrl()}
			if code := Main(ctx, args, IO{Out: &out, Err: &out, Now: time.Now}); code != step.code {
				t.Errorf("exit code %d, want %d", code, step.code)
			}
			for _, want := range step.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
		})
	}
	for _, list := range []string{standin.ListBounces, standin.ListUnsubscribes} {
		if left := inbox.ListedOn(list); len(left) != 1 || left[0].Email != "bob@example.org" {
			t.Errorf("on the list %s are %+v, want the other address only", list, left)
		}
	}
}
