package securitytest

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

// patience is how long a test waits for what it expects, on a machine that is busy with other things.
const patience = 90 * time.Second

// deploy is where the files are that docker-compose.yml mounts.
const deploy = "../../deploy/nats"

// passwords are those of deploy/nats/accounts.conf by their variable. They are made of digits because a configuration reads
// an unquoted one as a number.
var passwords = map[string]string{
	"NATS_PLATFORM_PASSWORD": "1001", "NATS_PAGES_PASSWORD": "1002", "NATS_SETUP_PASSWORD": "1003",
	"NATS_TRIGGERS_PASSWORD": "1004", "NATS_WORKER_PASSWORD": "1005", "NATS_EDGE_PASSWORD": "1006",
	"NATS_OPERATOR_PASSWORD": "1007", "NATS_SYS_PASSWORD": "1008", "NATS_ROUTE_PASSWORD": "1009",
}

// users are the users by the variable of their password.
var users = map[string]string{
	"platform": "NATS_PLATFORM_PASSWORD", "platform-pages": "NATS_PAGES_PASSWORD", "homeroom-setup": "NATS_SETUP_PASSWORD",
	"homeroom-triggers": "NATS_TRIGGERS_PASSWORD", "homeroom-worker": "NATS_WORKER_PASSWORD", "homeroom-edge": "NATS_EDGE_PASSWORD",
	"operator": "NATS_OPERATOR_PASSWORD", "sys": "NATS_SYS_PASSWORD",
}

// fort is one NATS server with the accounts of deploy/nats.
type fort struct {
	t   *testing.T
	srv *server.Server
	log *violations
}

// openFort starts a server with the accounts, and more of its configuration, on a free port.
func openFort(t *testing.T, more string) *fort {
	t.Helper()
	setPasswords(t)
	dir := t.TempDir()
	accounts := readFile(t, filepath.Join(deploy, "accounts.conf"))
	writeFile(t, filepath.Join(dir, "accounts.conf"), accounts)
	conf := filepath.Join(dir, "nats.conf")
	writeFile(t, conf, fmt.Sprintf("listen: 127.0.0.1:-1\njetstream {store_dir: %q}\ninclude ./accounts.conf\n%s", filepath.Join(dir, "data"), more))
	log := &violations{}
	return &fort{t: t, srv: startServer(t, conf, log), log: log}
}

// setPasswords puts the passwords into the environment, quoted as docker-compose.yml does.
func setPasswords(t *testing.T) {
	t.Helper()
	for name, password := range passwords {
		t.Setenv(name, `"`+password+`"`)
	}
}

func startServer(t *testing.T, conf string, log server.Logger) *server.Server {
	t.Helper()
	o, err := server.ProcessConfigFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	o.NoSigs = true
	srv, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(patience) {
		t.Fatal("NATS did not come up")
	}
	return srv
}

// url is where a user connects, with their password.
func (f *fort) url(user string) string {
	return fmt.Sprintf("nats://%s:%s@%s", user, passwords[users[user]], f.srv.Addr().(*net.TCPAddr))
}

// connect opens a user's connection, closed at the end of the test.
func (f *fort) connect(user string) (*nats.Conn, jetstream.JetStream) {
	f.t.Helper()
	nc, err := nats.Connect(f.url(user), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		f.t.Fatalf("%s: %v", user, err)
	}
	f.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		f.t.Fatal(err)
	}
	return nc, js
}

// furnish makes the streams and buckets as the user that may, and returns the operator's view of them.
func (f *fort) furnish() jetstream.JetStream {
	f.t.Helper()
	_, js := f.connect("homeroom-setup")
	if err := store.Setup(deadline(f.t), js, store.Options{}); err != nil {
		f.t.Fatalf("homeroom-setup may not set up: %v", err)
	}
	_, operator := f.connect("operator")
	return operator
}

// violations are what the server refused, as it logs it.
type violations struct {
	mu   sync.Mutex
	list []string
}

// Errorf implements server.Logger.
func (v *violations) Errorf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !strings.Contains(line, "Violation") {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.list = append(v.list, line)
}

// Fatalf implements server.Logger.
func (v *violations) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Noticef, Warnf, Debugf and Tracef implement server.Logger.
func (v *violations) Noticef(string, ...any) {}
func (v *violations) Warnf(string, ...any)   {}
func (v *violations) Debugf(string, ...any)  {}
func (v *violations) Tracef(string, ...any)  {}

// all returns what was refused so far.
func (v *violations) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.list...)
}

// deadline ends with the test, or when its patience is over.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until polls a condition that a server decides.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("still waiting for %s", what)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
