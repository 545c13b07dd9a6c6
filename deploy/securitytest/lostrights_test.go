package securitytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/app"
	"homeroom/internal/natstest"
	"homeroom/internal/temporaltest"
	"homeroom/store"
	"homeroom/telemetry"
)

// removePermission returns the text of an accounts.conf without a subject that a user may publish. The user has a line of its own there.
func removePermission(t *testing.T, accounts, user, subject string) string {
	t.Helper()
	before, rest, found := strings.Cut(accounts, "user: "+user+",")
	block, after, closed := strings.Cut(rest, "]}")
	if !found || !closed || !strings.Contains(block, subject) {
		t.Fatalf("%s may not publish %s in accounts.conf", user, subject)
	}
	return before + "user: " + user + "," + strings.Replace(block, subject, `"homeroom.nothing"`, 1) + "]}" + after
}

var inQuotes = regexp.MustCompile(`"[^"]+"`)

// publishes returns the subjects that a user may publish, in quotes as they stand in an accounts.conf.
func publishes(t *testing.T, accounts, user string) []string {
	t.Helper()
	_, rest, _ := strings.Cut(accounts, "user: "+user+",")
	block, _, found := strings.Cut(rest, "]}")
	if !found {
		t.Fatalf("no user %s in accounts.conf", user)
	}
	return inQuotes.FindAllString(block, -1)
}

// TestARightTakenIsNamed: on a connection that stays, each right of a role is missed when the servers' file loses it, by the line that
// the file lacks; and none when it has it again.
func TestARightTakenIsNamed(t *testing.T) {
	accounts := readFile(t, configDir+"/accounts.conf")
	for _, role := range []string{"triggers", "worker", "edge", "api", "console"} {
		t.Run(role, func(t *testing.T) {
			f := natstest.OpenAccounts(t, configDir, "")
			f.Setup()
			user := "homeroom-" + role
			_, js := f.Connect(user)
			missing := func(accounts string) []string {
				t.Helper()
				f.Reload(accounts)
				err := store.CheckRole(deadlineOf(t), js, role)
				var lost *store.RightsError
				if errors.As(err, &lost) {
					return lost.Lines
				}
				if err != nil {
					t.Fatal(err)
				}
				return nil
			}
			may := publishes(t, accounts, user)
			_, block, _ := strings.Cut(accounts, "user: "+user+",")
			block, _, _ = strings.Cut(block, "]}")
			all := missing(strings.Replace(accounts, block, strings.ReplaceAll(block, block[strings.Index(block, "["):], `["homeroom.nothing"`), 1))
			if len(all) == 0 {
				t.Fatal("nothing is missing, where everything is")
			}
			for _, right := range may {
				if !slices.Contains(all, right) && !writtenOnce.MatchString(right) && !strings.Contains(right, "STREAM.PURGE") {
					t.Errorf("the right %s is not tried", right)
				}
			}
			for _, line := range all {
				if !slices.Contains(may, line) {
					t.Errorf("accounts.conf does not have %s", line)
					continue
				}
				if got := missing(removePermission(t, accounts, user, line)); !slices.Equal(got, []string{line}) {
					t.Errorf("without %s: %s is missing", line, got)
				}
			}
			if got := missing(accounts); got != nil {
				t.Errorf("with all of them, %s is missing", got)
			}
			inbox := strings.Replace(accounts, block+`]}`+"\n          subscribe: {allow: [\"_INBOX.>\"]}", block+`]}`+"\n          subscribe: {allow: [\"homeroom.nothing\"]}", 1)
			if inbox == accounts {
				t.Fatal("accounts.conf has changed its form")
			}
			if got := missing(inbox); !slices.Equal(got, []string{`"_INBOX.>"`}) {
				t.Errorf("without answers: %s is missing", got)
			}
		})
	}
}

// lines is a log that is read while it is written.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.all.String(), words)
}

// startAPI starts a process of the role api, which needs no Temporal, and returns it with its check of rights.
func startAPI(t *testing.T, url string, log *slog.Logger) (*app.App, telemetry.Check) {
	t.Helper()
	connections, err := app.ConnectNATS(app.NATSOptions{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connections.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opts := app.Options{
		PublicURL:   "https://learn.example.org",
		Roles:       []app.Role{app.RoleAPI},
		API:         &app.APIOptions{Listener: listener},
		Secrets:     [][]byte{[]byte("the secret of this installation")},
		Log:         log,
		RightsEvery: 40 * time.Millisecond,
	}
	connections.ApplyTo(&opts)
	a, err := app.New(deadlineOf(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Stop)
	if err := a.Start(deadlineOf(t)); err != nil {
		t.Fatal(err)
	}
	checks := connections.ReadinessChecks(a)
	at := slices.IndexFunc(checks, func(c telemetry.Check) bool { return c.Name == "rights" })
	if at < 0 {
		t.Fatalf("/readyz asks nothing of rights: %+v", checks)
	}
	return a, checks[at]
}

// askDoctor returns what a check of `homeroom doctor` came to, as the user of the address.
func askDoctor(t *testing.T, url, check string) (verdict, says string) {
	t.Helper()
	out, _ := runCommand(t, "doctor", "--format", "json", "--nats", url)
	var report struct {
		Checks []struct{ Check, Verdict, Says, Do string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	for _, c := range report.Checks {
		if c.Check == check {
			return c.Verdict, c.Says + " → " + c.Do
		}
	}
	t.Fatalf("no check %s in\n%s", check, out)
	return "", ""
}

// TestARunningProcessWithoutARightIsNotReady: from when the servers reload their accounts without it until they have it again. The
// doctor names the role and the line, and the log says it once.
func TestARunningProcessWithoutARightIsNotReady(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", temporaltest.StartRefusing(t))
	t.Setenv("SENDGRID_API_KEY", "")
	accounts := readFile(t, configDir+"/accounts.conf")
	request := "$JS.API.STREAM.MSG.GET.KV_homeroom_write_keys"
	permission := `"$JS.homeroom.API.STREAM.MSG.GET.KV_homeroom_write_keys"`
	line := fmt.Sprintf(`{service: {account: HOMEROOM, subject: "%s"}, to: %s}`, request, permission)
	state := `"$JS.homeroom.API.STREAM.INFO.*"`
	for _, tc := range []struct {
		name, without, place, lacks string
	}{
		{"a permission", removePermission(t, accounts, "homeroom-api", permission), "accounts, API, users, homeroom-api, permissions, publish, allow", permission},
		{"the permission to look at buckets", removePermission(t, accounts, "homeroom-api", state), "permissions, publish, allow", state},
		{"an import", removeImports(accounts, "API", []string{line}), "accounts, API, imports", line},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := natstest.OpenAccounts(t, configDir, "")
			f.Setup()
			log := &lines{}
			_, check := startAPI(t, f.URL("homeroom-api"), slog.New(slog.NewTextHandler(log, nil)))
			if err := check.Ask(context.Background()); err != nil {
				t.Fatal(err)
			}
			if verdict, says := askDoctor(t, f.URL("operator"), "rights"); verdict != "ok" {
				t.Errorf("the doctor says %s: %s", verdict, says)
			}
			f.Reload(tc.without)
			awaitCondition(t, "that it is not ready", func() bool { return check.Ask(context.Background()) != nil })
			err := check.Ask(context.Background())
			for _, want := range []string{"the role api", tc.place, tc.lacks} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the reason does not name %s: %v", want, err)
				}
			}
			awaitCondition(t, "that the doctor knows", func() bool {
				verdict, says := askDoctor(t, f.URL("operator"), "rights")
				return verdict == "failed" && strings.Contains(says, "the role api") && strings.Contains(says, tc.lacks)
			})
			if n := log.count("this process has lost a right"); n != 1 {
				t.Errorf("the log says it %d times, want once", n)
			}
			f.Reload(accounts)
			awaitCondition(t, "that it is ready", func() bool { return check.Ask(context.Background()) == nil })
			if n := log.count("has its rights in NATS again"); n != 1 {
				t.Errorf("the log says %d times that it has them again, want once", n)
			}
		})
	}
}
