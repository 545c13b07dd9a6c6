package securitytest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"homeroom/internal/cli"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

// TestNATSOverTLS: the flags of every command against the server of deploy/nats/nats-tls.conf, which is asked for client
// certificates too.
func TestNATSOverTLS(t *testing.T) {
	natstest.SetPasswords(t)
	ours := newAuthority(t, "ours")
	theirs := newAuthority(t, "somebody else's")
	dir := t.TempDir()
	ours.writeServerFiles(dir)
	t.Setenv("NATS_NAME", "nats-1")
	t.Setenv("NATS_ROUTES", "[]")
	conf := copyConfig(t, dir, "nats-tls.conf", freePorts(t, 1)[0])
	text := readFile(t, conf)
	text = text[:strings.Index(text, "cluster {")] // one node has no cluster
	writeFile(t, conf, strings.Replace(text, "  # verify: true", "  verify: true", 1))
	srv := natstest.StartFile(t, conf, &natstest.RefusalLog{})
	url := fmt.Sprintf("nats://operator:%s@127.0.0.1:%d", natstest.Passwords()["NATS_OPERATOR_PASSWORD"], srv.Addr().(*net.TCPAddr).Port)

	clientCert, clientKey := ours.issue("homeroom")
	strangersCert, strangersKey := theirs.issue("stranger")
	setupOver(t, url, nats.RootCAs(ours.file), nats.ClientCert(clientCert, clientKey))
	tests := []struct {
		name  string
		flags []string
		want  string // part of what is complained about; empty: it works
	}{
		{"the right CA and certificate", []string{"--nats-ca", ours.file, "--nats-cert", clientCert, "--nats-key", clientKey}, ""},
		{"another CA", []string{"--nats-ca", theirs.file, "--nats-cert", clientCert, "--nats-key", clientKey}, "certificate signed by unknown authority"},
		{"no CA", []string{"--nats-cert", clientCert, "--nats-key", clientKey}, "certificate signed by unknown authority"},
		{"no certificate", []string{"--nats-ca", ours.file}, "no NATS at"},
		{"a stranger's certificate", []string{"--nats-ca", ours.file, "--nats-cert", strangersCert, "--nats-key", strangersKey}, "no NATS at"}, // the client does not offer it,
		{"a certificate without its key", []string{"--nats-ca", ours.file, "--nats-cert", clientCert}, "loading client certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, code := runCommand(t, append([]string{"pause", "--nats", url, "a drill"}, tt.flags...)...)
			if tt.want == "" && code != 0 || tt.want != "" && (code == 0 || !strings.Contains(out, tt.want)) {
				t.Errorf("exit code %d, want %q in\n%s", code, tt.want, out)
			}
		})
	}
}

// TestNATSWithACredentialsFile: a server that knows an operator and no users, and a user who brings a credentials file.
func TestNATSWithACredentialsFile(t *testing.T) {
	operator := newKeyPair(t, nkeys.CreateOperator)
	account := newKeyPair(t, nkeys.CreateAccount)
	user := newKeyPair(t, nkeys.CreateUser)
	operatorClaims := jwt.NewOperatorClaims(publicKey(t, operator))
	accountClaims := jwt.NewAccountClaims(publicKey(t, account))
	accountClaims.Limits.JetStreamLimits = jwt.JetStreamLimits{DiskStorage: -1, MemoryStorage: -1, Streams: -1, Consumer: -1}
	userClaims := jwt.NewUserClaims(publicKey(t, user))
	userClaims.IssuerAccount = publicKey(t, account)

	system := newKeyPair(t, nkeys.CreateAccount)

	dir := t.TempDir()
	conf := filepath.Join(dir, "nats.conf")
	writeFile(t, conf, fmt.Sprintf(`listen: 127.0.0.1:-1
jetstream {store_dir: %q}
operator: %s
system_account: %s
resolver: MEMORY
resolver_preload: {%s: %s, %s: %s}
`, dir, encodeClaims(t, operatorClaims, operator), publicKey(t, system),
		publicKey(t, account), encodeClaims(t, accountClaims, operator), publicKey(t, system), encodeClaims(t, jwt.NewAccountClaims(publicKey(t, system)), operator)))
	srv := natstest.StartFile(t, conf, &natstest.RefusalLog{})
	right := writeCredentials(t, filepath.Join(dir, "homeroom.creds"), encodeClaims(t, userClaims, account), user)
	strangers := writeCredentials(t, filepath.Join(dir, "stranger.creds"), encodeClaims(t, userClaims, newKeyPair(t, nkeys.CreateAccount)), user)
	setupOver(t, srv.ClientURL(), nats.UserCredentials(right))
	tests := []struct {
		name  string
		flags []string
		want  string
	}{
		{"the right file", []string{"--nats-creds", right}, ""},
		{"no file", nil, "Authorization Violation"},
		{"signed by a stranger", []string{"--nats-creds", strangers}, "Authorization Violation"},
		{"a file that is not there", []string{"--nats-creds", filepath.Join(dir, "none")}, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, code := runCommand(t, append([]string{"pause", "--nats", srv.ClientURL(), "a drill"}, tt.flags...)...)
			if tt.want == "" && code != 0 || tt.want != "" && (code == 0 || !strings.Contains(out, tt.want)) {
				t.Errorf("exit code %d, want %q in\n%s", code, tt.want, out)
			}
			seed, err := user.Seed()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out, string(seed)) {
				t.Error("the seed is in the output")
			}
		})
	}
}

// runCommand runs a command as the binary does and returns everything it printed.
func runCommand(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var printed bytes.Buffer
	code = cli.Main(deadlineOf(t), args, cli.IO{In: strings.NewReader(""), Out: &printed, Err: &printed, Now: time.Now})
	return printed.String(), code
}

// setupOver sets the store up over a connection of its own.
func setupOver(t *testing.T, url string, opts ...nats.Option) {
	t.Helper()
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Setup(deadlineOf(t), js, store.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Stream(deadlineOf(t), subjects.Stream); err != nil {
		t.Fatal(err)
	}
}

func newKeyPair(t *testing.T, make func() (nkeys.KeyPair, error)) nkeys.KeyPair {
	t.Helper()
	p, err := make()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func publicKey(t *testing.T, p nkeys.KeyPair) string {
	t.Helper()
	key, err := p.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encodeClaims(t *testing.T, claims jwt.Claims, by nkeys.KeyPair) string {
	t.Helper()
	token, err := claims.Encode(by)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func writeCredentials(t *testing.T, file, token string, user nkeys.KeyPair) string {
	t.Helper()
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
