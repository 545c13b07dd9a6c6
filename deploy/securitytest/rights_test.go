package securitytest

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.temporal.io/sdk/client"

	"homeroom/app"
	"homeroom/internal/connect"
	"homeroom/internal/natstest"
	"homeroom/internal/temporaltest"
	"homeroom/store"
	"homeroom/subjects"
)

// TestARoleRefusesTheUserOfAnother: each role works under its own user and the operator's, and under no other; the error says which user
// it wants. Asking stores nothing, whoever asks.
func TestARoleRefusesTheUserOfAnother(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	if _, err := operator.Publish(deadlineOf(t), subjects.SetAside("u_42"), []byte("kept")); err != nil {
		t.Fatal(err)
	}
	before := describeStreams(t, operator)
	for _, role := range []string{"triggers", "worker", "edge", "api", "console"} {
		own := "homeroom-" + role
		for _, user := range []string{"homeroom-triggers", "homeroom-worker", "homeroom-edge", "homeroom-api", "homeroom-console", "homeroom-setup", "platform", "platform-pages", "operator"} {
			t.Run(role+" as "+user, func(t *testing.T) {
				_, js := f.Connect(user)
				err := store.CheckRole(deadlineOf(t), js, role)
				if user == own || user == "operator" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				if !errors.Is(err, store.ErrWrongUser) || !strings.Contains(err.Error(), own) {
					t.Errorf("got %v, want one that names %s", err, own)
				}
			})
		}
	}
	if n := countMessages(t, operator)[subjects.Stream]; n != 0 {
		t.Errorf("%d events were published", n)
	}
	for _, warning := range f.Warnings() {
		if strings.Contains(warning, "request") { // each process asks about once a minute
			t.Errorf("the server warns: %s", warning)
		}
	}
	if after := describeStreams(t, operator); after != before {
		t.Errorf("something changed:\nbefore %s\nafter  %s", before, after)
	}
}

// writtenOnce matches the records that are written once in the life of an installation.
var writtenOnce = regexp.MustCompile(`homeroom_control\.(secret|secret_copy|fingerprint_key|audit_key)"`)

// importsOf returns the lines of an account's imports in an accounts.conf, without that for the state of streams, and those of records that are written once in the
// life of an installation.
func importsOf(t *testing.T, accounts, account string) []string {
	t.Helper()
	_, rest, _ := strings.Cut(accounts, "\n  "+account+" {")
	_, rest, _ = strings.Cut(rest, "imports: [")
	block, _, found := strings.Cut(rest, "\n    ]")
	var lines []string
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "{service:") && !strings.Contains(line, "STREAM.INFO") && !writtenOnce.MatchString(line) {
			lines = append(lines, line)
		}
	}
	if !found || len(lines) == 0 {
		t.Fatal("accounts.conf has no imports of the account " + account)
	}
	return lines
}

// removeImports returns the text of an accounts.conf without some lines of an account's imports.
func removeImports(accounts, account string, lines []string) string {
	head := "\n  " + account + " {"
	before, rest, _ := strings.Cut(accounts, head)
	for _, line := range lines {
		rest = strings.Replace(rest, line, "", 1) // the first: other accounts follow
	}
	return before + head + rest
}

// TestAMissingImportIsNamed: what nobody serves is told from what is refused, by the line that accounts.conf lacks, in each account that imports. While the streams
// do not exist yet, nothing is missing.
func TestAMissingImportIsNamed(t *testing.T) {
	t.Parallel()
	accounts := readFile(t, configDir+"/accounts.conf")
	for _, role := range []string{"worker", "edge", "api", "console"} {
		account := strings.ToUpper(role)
		all := importsOf(t, accounts, account)
		for name, lines := range map[string][]string{"one": all[len(all)-1:], "all but that for the state of streams": all} {
			t.Run(role+" lacks "+name, func(t *testing.T) {
				t.Parallel() // a second and a half of each is the time between two questions
				f := natstest.OpenAccountsOf(t, removeImports(accounts, account, lines), "")
				_, js := f.Connect("homeroom-" + role)
				if err := store.CheckRole(deadlineOf(t), js, role); err != nil {
					t.Errorf("before the set-up: %v", err)
				}
				f.Setup()
				err := store.CheckRole(deadlineOf(t), js, role)
				if !errors.Is(err, store.ErrMissingImport) || !strings.Contains(err.Error(), "accounts, "+account+", imports") {
					t.Fatalf("got %v, want one that names the place in accounts.conf", err)
				}
				for _, line := range all {
					if got, want := strings.Contains(err.Error(), line), slices.Contains(lines, line); got != want {
						t.Errorf("it names %s: %t, want %t:\n%v", line, got, want, err)
					}
				}
				_, triggers := f.Connect("homeroom-triggers")
				if err := store.CheckRole(deadlineOf(t), triggers, "triggers"); err != nil {
					t.Errorf("the triggers lack nothing: %v", err)
				}
			})
		}
	}
}

// TestAProcessUnderAnotherRolesUserDoesNotStart: before it makes or asks for anything.
func TestAProcessUnderAnotherRolesUserDoesNotStart(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	_, js := f.Connect("homeroom-edge")
	temporal, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1"}) // nobody
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Close()
	_, err = app.New(deadlineOf(t), app.Options{
		JetStream: js,
		Temporal:  temporal,
		PublicURL: "https://learn.example.org",
		Roles:     []app.Role{app.RoleTriggers},
	})
	if !errors.Is(err, store.ErrWrongUser) || !strings.Contains(err.Error(), "homeroom-triggers") {
		t.Errorf("got %v, want one that names homeroom-triggers", err)
	}
}

// TestAWrongPasswordIsCalledSo: by serve, doctor and the other commands, also if another server of the list is away.
func TestAWrongPasswordIsCalledSo(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", temporaltest.StartRefusing(t))
	t.Setenv("SENDGRID_API_KEY", "SG.test")
	f := natstest.OpenAccounts(t, configDir, "")
	right := f.URL("operator")
	password := natstest.Passwords()["NATS_OPERATOR_PASSWORD"]
	wrong := strings.Replace(right, password, "guessed", 1)
	for name, url := range map[string]string{
		"one server":                  wrong,
		"the first of two":            wrong + ",nats://127.0.0.1:1",
		"the second of two":           "nats://127.0.0.1:1," + wrong,
		"a user whom nobody knows":    strings.Replace(right, "operator:", "nobody:", 1),
		"no user where one is needed": strings.Replace(right, "operator:"+password+"@", "", 1),
	} {
		for _, command := range [][]string{
			{"serve", "--public-url", "https://learn.example.org", "--ops-listen", ""},
			{"doctor"},
			{"pause", "a drill"},
			{"learner", "stuck"},
			{"setup"},
		} {
			t.Run(command[0]+" with "+name, func(t *testing.T) {
				out, code := runCommand(t, append(command, "--nats", url)...)
				if command[0] == "doctor" && strings.Contains(out, "start NATS") {
					t.Errorf("it is told to start NATS:\n%s", out)
				}
				if code == 0 || !strings.Contains(out, "NATS refused the user or password") || strings.Contains(out, "no NATS at") || strings.Contains(out, "guessed") {
					t.Errorf("exit code %d\n%s", code, out)
				}
			})
		}
	}
}

// TestAPasswordThatIsWrongForAWhileEndsNothing: who was refused again and again is connected once the password is right.
func TestAPasswordThatIsWrongForAWhileEndsNothing(t *testing.T) {
	withPassword := func(password string) *server.Options {
		return &server.Options{
			Host:     "127.0.0.1",
			Port:     server.RANDOM_PORT,
			Username: "homeroom",
			Password: password,
			NoLog:    true,
			NoSigs:   true,
		}
	}
	srv, err := server.NewServer(withPassword("first"))
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer srv.Shutdown()
	if !srv.ReadyForConnections(patience) {
		t.Fatal("NATS did not come up")
	}
	nc, _, err := connect.NATS("a process", connect.NATSOptions{URL: strings.Replace(srv.ClientURL(), "nats://", "nats://homeroom:first@", 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	closed := nc.StatusChanged(nats.CLOSED)
	change := func(password string) {
		t.Helper()
		if err := srv.ReloadOptions(withPassword(password)); err != nil {
			t.Fatal(err)
		}
	}
	change("second")
	awaitCondition(t, "three refusals", func() bool {
		counts, err := srv.Varz(nil)
		if err != nil {
			t.Fatal(err)
		}
		return counts.TotalConnections >= 4 || nc.IsClosed()
	})
	change("first")
	awaitCondition(t, "the connection", func() bool { return nc.IsConnected() || len(closed) > 0 })
	if !nc.IsConnected() {
		t.Error("the connection is closed for good")
	}
}

// TestDoctorSaysWhatAUserMayNotSee: it asks nothing that is refused, so it waits for nothing, and looks at what the user may see.
func TestDoctorSaysWhatAUserMayNotSee(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", temporaltest.StartRefusing(t))
	t.Setenv("SENDGRID_API_KEY", "")
	f := natstest.OpenAccounts(t, configDir, "")
	f.Setup()
	for _, tc := range []struct {
		user          string
		sees, doesNot []string
	}{
		{"homeroom-setup", []string{"jetstream", "streams", "clock", "durability", "dead-letters"}, []string{"consumers", "rules", "instances", "kill-switch", "marks", "set-aside", "rewinds", "records"}},
		{"homeroom-edge", []string{"streams", "rules", "kill-switch", "set-aside", "dead-letters"}, []string{"jetstream", "consumers", "records"}},
		{"homeroom-worker", []string{"streams", "rules", "kill-switch", "set-aside", "dead-letters"}, []string{"jetstream", "consumers", "records"}},
		{"homeroom-triggers", []string{"streams", "rules", "kill-switch", "set-aside", "dead-letters"}, []string{"jetstream", "consumers", "records"}},
		{"homeroom-console", []string{"streams", "rules", "kill-switch", "set-aside", "dead-letters"}, []string{"jetstream", "consumers", "records"}},
		{"platform", nil, []string{"jetstream", "streams", "consumers", "rules", "records", "dead-letters"}},
		{"operator", []string{"jetstream", "streams", "consumers", "rules", "records", "dead-letters"}, nil},
	} {
		t.Run(tc.user, func(t *testing.T) {
			refused := len(f.Refused())
			out, _ := runCommand(t, "doctor", "--format", "json", "--nats", f.URL(tc.user))
			var report struct {
				Checks []struct{ Check, Verdict, Says string }
			}
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatalf("%v in\n%s", err, out)
			}
			unseen := map[string]bool{}
			told := map[string]bool{}
			for _, c := range report.Checks {
				told[c.Check] = true
				unseen[c.Check] = c.Verdict == "not_checked" && strings.Contains(c.Says, "may not ask")
				if strings.Contains(c.Says, "deadline") || strings.Contains(c.Says, "timeout") {
					t.Errorf("%s waited: %s", c.Check, c.Says)
				}
			}
			for _, check := range tc.sees {
				if unseen[check] || !told[check] {
					t.Errorf("%s is not looked at in\n%s", check, out)
				}
			}
			for _, check := range tc.doesNot {
				if !unseen[check] {
					t.Errorf("%s is looked at in\n%s", check, out)
				}
			}
			// Each refusal is of a question that asks what may be asked.
			asked := map[string]int{}
			for _, line := range f.Refused()[refused:] {
				asked[line[strings.LastIndex(line, " - "):]]++
			}
			for line, n := range asked {
				if n > 1 {
					t.Errorf("asked %d times: %s", n, line)
				}
			}
		})
	}
}
