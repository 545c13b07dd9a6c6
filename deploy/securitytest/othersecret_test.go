package securitytest

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"homeroom/app"
	"homeroom/internal/natstest"
	"homeroom/internal/temporaltest"
	"homeroom/store"
)

// TestAProcessWithAnotherSecretDoesNotStart: and the doctor, who is given no secret, says which process lacks which, until it has it.
func TestAProcessWithAnotherSecretDoesNotStart(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", temporaltest.StartRefusing(t))
	t.Setenv("SENDGRID_API_KEY", "")
	f := natstest.OpenAccounts(t, configDir, "")
	f.Setup()
	doctor := func() (verdict, says string) {
		t.Helper()
		return askDoctor(t, f.URL("operator"), "secret")
	}
	if verdict, says := doctor(); verdict != "not_checked" {
		t.Errorf("before a process started the doctor says %s: %s", verdict, says)
	}
	_, js := f.Connect("homeroom-worker")
	first := [][]byte{[]byte("the secret that links were made with")}
	if err := store.RecordSecrets(deadlineOf(t), js, first, "north-1-aa", time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	start := func(secret string) error {
		t.Helper()
		connections, err := app.ConnectNATS(app.NATSOptions{URL: f.URL("homeroom-api")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(connections.Close)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		opts := app.Options{
			PublicURL: "https://learn.example.org",
			Roles:     []app.Role{app.RoleAPI},
			API:       &app.APIOptions{Listener: listener},
			Secrets:   [][]byte{[]byte(secret)},
			Log:       slog.New(slog.DiscardHandler),
		}
		connections.ApplyTo(&opts)
		a, err := app.New(deadlineOf(t), opts)
		if err != nil {
			return err
		}
		t.Cleanup(a.Stop)
		return a.Start(deadlineOf(t))
	}
	for range 2 { // as an orchestrator does
		err := start("another secret, of all processes")
		var other *store.OtherSecretError
		if !errors.As(err, &other) || !strings.Contains(err.Error(), "2026-03-02T10:00:00Z (used first by north-1-aa)") {
			t.Fatalf("got %v, want a refusal that says which secret is lacking", err)
		}
	}
	verdict, says := doctor()
	for _, want := range []string{"(api) did not start", "2026-03-02T10:00:00Z", "north-1-aa", "--secret-file"} {
		if verdict != "failed" || strings.Count(says, "did not start") != 1 || !strings.Contains(says, want) {
			t.Errorf("the doctor says %s, and not %s: %s", verdict, want, says)
		}
	}
	if err := start(string(first[0])); err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, "that the doctor is content", func() bool {
		verdict, says = doctor()
		return verdict == "ok" && strings.Contains(says, "north-1-aa")
	})
}
