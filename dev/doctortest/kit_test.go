package doctortest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/stack"
	"homeroom/doctor"
	"homeroom/internal/cli"
	"homeroom/internal/standin"
	"homeroom/rules"
)

// apiKey is the one that package instance has.
const apiKey = "SG.stand-in"

// start starts a stack, and shows commands where it is.
func start(t *testing.T, ctx context.Context, account standin.Account) *stack.Stack {
	t.Helper()
	s := harness.StartStack(t, ctx, stack.Options{Mail: standin.Options{Key: apiKey, Account: account}})
	t.Setenv("TEMPORAL_ADDRESS", s.TemporalAddress)
	t.Setenv("TEMPORAL_NAMESPACE", s.Namespace)
	t.Setenv("SENDGRID_API_KEY", apiKey)
	return s
}

// folder is an academy with one rule.
var folder = map[string]string{
	"settings.yaml":     "sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n",
	"messages/hello.md": "---\nsubject: Hello\n---\nHi {{ learner.first_name | default: \"there\" }}.\n",
	"rules/welcome.yaml": `rule: welcome
when: {event: enrollment.created}
do: [{send: hello}]
`,
}

func academy(t *testing.T) *rules.Academy {
	t.Helper()
	loaded, err := harness.LoadAcademy(folder)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// report is what the doctor says, by check.
type report map[string]doctor.Finding

// examine runs the command and returns its exit code and what it found.
func examine(t *testing.T, ctx context.Context, c cli.DoctorCmd) (code int, found report) {
	t.Helper()
	var out bytes.Buffer
	c.Format = "json"
	code = exitCode(t, c.Run(ctx, cli.IO{Out: &out, Err: &out, Now: time.Now}))
	var answer struct {
		Healthy bool
		Checks  []doctor.Finding
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatalf("%v in\n%s", err, &out)
	}
	if answer.Healthy != (code == 0) {
		t.Errorf("healthy is %v, and the exit code %d", answer.Healthy, code)
	}
	found = report{}
	for _, f := range answer.Checks {
		if _, twice := found[f.Check]; twice {
			t.Errorf("the check %s is told twice", f.Check)
		}
		if f.Says == "" || f.Status == doctor.Failed && f.Do == "" {
			t.Errorf("the check %s says %q and what to do is %q", f.Check, f.Says, f.Do)
		}
		found[f.Check] = f
	}
	return code, found
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit cli.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.Code
	}
	t.Fatal(err)
	return 1
}

// wants checks one finding.
func (r report) wants(t *testing.T, check string, status doctor.Status, words ...string) {
	t.Helper()
	f, ok := r[check]
	if !ok || f.Status != status {
		t.Errorf("%s: got %q (%s), want %q", check, f.Status, f.Says, status)
		return
	}
	for _, word := range words {
		if !strings.Contains(f.Says+" → "+f.Do, word) {
			t.Errorf("%s: %q → %q does not mention %q", check, f.Says, f.Do, word)
		}
	}
}

// all checks, in the order in which they are told.
var all = []string{
	"nats", "jetstream", "clock", "streams", "durability", "consumers", "rules", "instances", "rights", "secret", "provider", "provider-lists", "kill-switch", "marks", "set-aside", "rewinds", "write-keys", "dead-letters", "records",
	"temporal", "namespace", "search-attributes", "workers", "failing", "sendgrid-key", "sender", "public-url",
}
