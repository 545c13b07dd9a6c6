package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"testing"

	"homeroom/telemetry"
)

func TestWhatLooksLikeAnAddressIsTakenOut(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"in a sentence", "mail to ada@example.org bounced", "mail to (address) bounced"},
		{"at the end of a sentence", "no such user ada.l@mail.example.org.", "no such user (address)."},
		{"with a tag", "<ada+x@example.co.uk>", "<(address)>"},
		{"in another script", "für jürgen@büro.example", "für (address)"},
		{"in an address of the web", "GET /v3/x?email=ada%40example.org&n=1", "GET /v3/x?email=(address)&n=1"},
		{"as a learner's id in a subject", "learning.3.ada=40example=2Eorg.lesson.completed", "(address)"},
		{"with a plus, in a subject", "dead.ada=2Bx=40example=2Eorg.x", "(address).x"},
		{"two", "a@b.example, c@d.example", "(address), (address)"},
		{"a version of a module", "github.com/nats-io/nats.go@v1.55.0/nats.go:12", "github.com/nats-io/nats.go@v1.55.0/nats.go:12"},
		{"an id", "learner auth0|7 waits", "learner auth0|7 waits"},
		{"a lone at", "two @ 3 euros", "two @ 3 euros"},
		{"a number that holds 40", "id 12=40", "id 12=40"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := telemetry.Redact(tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

type person struct {
	Name string
	Mail *string
}

type valuer struct{ address string }

func (v valuer) LogValue() slog.Value { return slog.GroupValue(slog.String("is", v.address)) }

// TestNoWayIntoTheLog tries every way in which an address may come into a line.
func TestNoWayIntoTheLog(t *testing.T) {
	const address = "ada@example.org"
	hidden := address
	for name, write := range map[string]func(*slog.Logger){
		"the message":           func(l *slog.Logger) { l.Info("mail to " + address) },
		"a text":                func(l *slog.Logger) { l.Info("x", "to", address) },
		"a key":                 func(l *slog.Logger) { l.Info("x", address, 1) },
		"an error":              func(l *slog.Logger) { l.Error("x", "error", fmt.Errorf("a: %w", errors.New("no "+address))) },
		"a stringer":            func(l *slog.Logger) { l.Info("x", "to", &mail.Address{Address: address}) },
		"a list":                func(l *slog.Logger) { l.Info("x", "to", []string{"b", address}) },
		"a map":                 func(l *slog.Logger) { l.Info("x", "to", map[string]any{"email": address}) },
		"a struct":              func(l *slog.Logger) { l.Info("x", "to", person{Name: address}) },
		"behind a pointer":      func(l *slog.Logger) { l.Info("x", "to", person{Mail: &hidden}) },
		"bytes":                 func(l *slog.Logger) { l.Info("x", "to", json.RawMessage(`{"email":"`+address+`"}`)) },
		"a group":               func(l *slog.Logger) { l.Info("x", slog.Group("person", "email", address)) },
		"a value that resolves": func(l *slog.Logger) { l.Info("x", "to", valuer{address}) },
		"attributes kept":       func(l *slog.Logger) { l.With("to", address).Info("x") },
		"within a group kept":   func(l *slog.Logger) { l.WithGroup("g").With("to", address).Info("x") },
	} {
		for _, asJSON := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, JSON %v", name, asJSON), func(t *testing.T) {
				var out bytes.Buffer
				write(telemetry.NewLog(&out, telemetry.LogOptions{JSON: asJSON}))
				if strings.Contains(out.String(), "ada") || strings.Contains(out.String(), "example.org") {
					t.Errorf("it is in the log: %s", &out)
				}
				if out.Len() == 0 {
					t.Error("nothing was logged")
				}
			})
		}
	}
}

func TestWhatIsNoAddressStaysAsItIs(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLog(&out, telemetry.LogOptions{JSON: true})
	log.With("n", 1).WithGroup("g").Info("served", "roles", []string{"worker", "edge"}, "after", 3, slog.Group("h", "x", true))
	var line struct {
		Msg string
		N   int
		G   struct {
			Roles []string
			After int
			H     struct{ X bool }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.Msg != "served" || line.N != 1 || len(line.G.Roles) != 2 || line.G.After != 3 || !line.G.H.X {
		t.Errorf("got %s", &out)
	}
}

func TestTheLevel(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLog(&out, telemetry.LogOptions{Level: slog.LevelWarn})
	log.Info("chatter")
	log.Warn("trouble")
	if got := out.String(); strings.Contains(got, "chatter") || !strings.Contains(got, "trouble") {
		t.Errorf("got %s", got)
	}
}

// FuzzRedact: it ends, changes nothing where there is no address, and a second pass finds nothing more.
func FuzzRedact(f *testing.F) {
	for _, text := range []string{"", "ada@example.org", "=40", "a=2Bb=40c=2Ede", "@@a.b@c.de", "%40.x", "x@y.z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := telemetry.Redact(text)
		if !strings.Contains(text, "@") && !strings.Contains(text, "%40") && !strings.Contains(text, "=40") && once != text {
			t.Errorf("%q became %q", text, once)
		}
		if twice := telemetry.Redact(once); twice != once {
			t.Errorf("%q became %q, and then %q", text, once, twice)
		}
	})
}
