package cli

import (
	"bytes"
	"strings"
	"testing"
)

// TestOnlyTheWorkerAsksForTheProvidersKey: with the key, each would go on to NATS, where nobody listens.
func TestOnlyTheWorkerAsksForTheProvidersKey(t *testing.T) {
	for role, asks := range map[string]bool{"triggers": false, "edge": false, "worker": true, "triggers,worker,edge": true} {
		t.Run(role, func(t *testing.T) {
			t.Setenv("SENDGRID_API_KEY", "")
			var out, errs bytes.Buffer
			code := Main(t.Context(), []string{"serve", "--nats", "nats://127.0.0.1:1", "--public-url", "https://learn.example.org", "--roles", role},
				IO{In: strings.NewReader(""), Out: &out, Err: &errs})
			if code == 0 || strings.Contains(errs.String(), "no SendGrid key") != asks || strings.Contains(errs.String(), "NATS") == asks {
				t.Errorf("exit code %d:\n%s", code, errs.String())
			}
		})
	}
}
