package natstest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
)

// startTime is how long a server may take to accept connections, and how long the set-up of the store may take, on a machine that is busy with other things.
const startTime = 90 * time.Second

// Passwords returns the passwords of deploy/nats/accounts.conf by their environment variable. They are made of digits
// because a configuration reads an unquoted one as a number.
func Passwords() map[string]string {
	return map[string]string{
		"NATS_PLATFORM_PASSWORD": "1001",
		"NATS_PAGES_PASSWORD":    "1002",
		"NATS_SETUP_PASSWORD":    "1003",
		"NATS_TRIGGERS_PASSWORD": "1004",
		"NATS_WORKER_PASSWORD":   "1005",
		"NATS_EDGE_PASSWORD":     "1006",
		"NATS_OPERATOR_PASSWORD": "1007",
		"NATS_SYS_PASSWORD":      "1008",
		"NATS_ROUTE_PASSWORD":    "1009",
		"NATS_CONSOLE_PASSWORD":  "1010",
		"NATS_API_PASSWORD":      "1011",
	}
}

// passwordVariables returns the environment variable of each user's password.
func passwordVariables() map[string]string {
	return map[string]string{
		"platform":          "NATS_PLATFORM_PASSWORD",
		"platform-pages":    "NATS_PAGES_PASSWORD",
		"homeroom-setup":    "NATS_SETUP_PASSWORD",
		"homeroom-triggers": "NATS_TRIGGERS_PASSWORD",
		"homeroom-worker":   "NATS_WORKER_PASSWORD",
		"homeroom-edge":     "NATS_EDGE_PASSWORD",
		"homeroom-console":  "NATS_CONSOLE_PASSWORD",
		"homeroom-api":      "NATS_API_PASSWORD",
		"operator":          "NATS_OPERATOR_PASSWORD",
		"sys":               "NATS_SYS_PASSWORD",
	}
}

// SetPasswords puts the passwords into the environment of the test, quoted as docker-compose.yml quotes them.
func SetPasswords(t *testing.T) {
	t.Helper()
	for name, password := range Passwords() {
		t.Setenv(name, `"`+password+`"`)
	}
}

// FillPasswords returns a configuration with the passwords in the place of their environment variables. Tests with an environment of their own could not run at the same time.
func FillPasswords(config string) string {
	for name, password := range Passwords() {
		config = strings.ReplaceAll(config, "$"+name, `"`+password+`"`)
	}
	return config
}

// Accounts is one NATS server with the accounts and permissions of deploy/nats/accounts.conf.
type Accounts struct {
	t       *testing.T
	srv     *server.Server
	file    string // accounts.conf
	refused *RefusalLog
}

// OpenAccounts starts a server on a free port with the accounts.conf of the folder deploy/nats, named by the path dir, and
// with more lines of configuration. It ends with the test.
func OpenAccounts(t *testing.T, dir, more string) *Accounts {
	t.Helper()
	accounts, err := os.ReadFile(filepath.Join(dir, "accounts.conf"))
	if err != nil {
		t.Fatal(err)
	}
	return OpenAccountsOf(t, string(accounts), more)
}

// OpenAccountsOf is [OpenAccounts] with the text of an accounts.conf. Its users have the names of those in deploy/nats/accounts.conf.
func OpenAccountsOf(t *testing.T, accounts, more string) *Accounts {
	t.Helper()
	work := t.TempDir()
	conf := filepath.Join(work, "nats.conf")
	text := fmt.Sprintf("listen: 127.0.0.1:-1\njetstream {store_dir: %q}\ninclude ./accounts.conf\n%s", filepath.Join(work, "data"), more)
	for name, data := range map[string]string{filepath.Join(work, "accounts.conf"): FillPasswords(accounts), conf: text} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := &Accounts{t: t, file: filepath.Join(work, "accounts.conf"), refused: &RefusalLog{}}
	a.srv = StartFile(t, conf, a.refused)
	return a
}

// Reload has the server take over another text of accounts.conf, as `nats-server --signal reload` does. Connections stay.
func (a *Accounts) Reload(accounts string) {
	a.t.Helper()
	if err := os.WriteFile(a.file, []byte(FillPasswords(accounts)), 0o600); err != nil {
		a.t.Fatal(err)
	}
	if err := a.srv.Reload(); err != nil {
		a.t.Fatal(err)
	}
}

// StartFile starts a server from a configuration file. It ends with the test.
func StartFile(t *testing.T, conf string, log server.Logger) *server.Server {
	t.Helper()
	opts, err := server.ProcessConfigFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	opts.NoSigs = true
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(startTime) {
		t.Fatal("NATS did not come up")
	}
	return srv
}

// URL returns the address at which a user connects, with their name and password.
func (a *Accounts) URL(user string) string {
	return fmt.Sprintf("nats://%s:%s@%s", user, Passwords()[passwordVariables()[user]], a.srv.Addr().(*net.TCPAddr))
}

// Connect opens a user's connection, closed at the end of the test.
func (a *Accounts) Connect(user string) (*nats.Conn, jetstream.JetStream) {
	a.t.Helper()
	nc, err := nats.Connect(a.URL(user), nats.Timeout(startTime), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		a.t.Fatalf("%s: %v", user, err)
	}
	a.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		a.t.Fatal(err)
	}
	return nc, js
}

// Setup makes the streams and buckets as the user homeroom-setup, and returns JetStream as the operator sees it.
func (a *Accounts) Setup() jetstream.JetStream {
	a.t.Helper()
	_, js := a.Connect("homeroom-setup")
	ctx, cancel := context.WithTimeout(a.t.Context(), startTime)
	defer cancel()
	if err := store.Setup(ctx, js, store.Options{}); err != nil {
		a.t.Fatalf("homeroom-setup may not set up: %v", err)
	}
	_, operator := a.Connect("operator")
	return operator
}

// Refused returns what the server has refused so far, oldest first.
func (a *Accounts) Refused() []string { return a.refused.Lines() }

// Warnings returns what the server has warned of so far, oldest first.
func (a *Accounts) Warnings() []string { return a.refused.Warnings() }

// RefusalLog keeps what a server logs as a violation of permissions, and its warnings, and drops the rest of its log.
type RefusalLog struct {
	mu       sync.Mutex
	lines    []string
	warnings []string
}

// Warnings returns the warnings so far, oldest first.
func (l *RefusalLog) Warnings() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.warnings...)
}

// Lines returns the refusals so far, oldest first.
func (l *RefusalLog) Lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// Errorf implements server.Logger.
func (l *RefusalLog) Errorf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !strings.Contains(line, "Violation") {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// Fatalf implements server.Logger.
func (l *RefusalLog) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Noticef implements server.Logger.
func (l *RefusalLog) Noticef(string, ...any) {}

// Warnf implements server.Logger.
func (l *RefusalLog) Warnf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// Debugf implements server.Logger.
func (l *RefusalLog) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *RefusalLog) Tracef(string, ...any) {}
