package securitytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/internal/cli"
	"homeroom/internal/natstest"
)

// secrets are in the environment, in files and in addresses; none of them may be printed.
var secrets = []string{"SG.nobody_may_see_this", "tmprl_nobody_may_see_this", "nobody-may-see-this-password", "nobody may see this secret of links"}

// TestSecretsAreNotPrinted runs commands that fail, each in another place, and asks all of them for help.
func TestSecretsAreNotPrinted(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.URL("operator")
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	writeFile(t, file, secrets[3])
	short := filepath.Join(dir, "short")
	writeFile(t, short, "nobody may see")
	t.Setenv("SENDGRID_API_KEY", secrets[0])
	t.Setenv("TEMPORAL_API_KEY", secrets[1])
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(dir, "none"))
	t.Setenv("HOMEROOM_OPS_LISTEN", "127.0.0.1:0")
	const password = "nobody-may-see-this-password"
	serve := func(nats string, more ...string) []string {
		return append([]string{"serve", "--nats", nats, "--public-url", "https://learn.example.org", "--secret-file", file}, more...)
	}
	tests := []struct {
		name string
		args []string
	}{
		{"nobody listens", serve("nats://homeroom:" + password + "@127.0.0.1:1")},
		{"none of several listens", serve("nats://homeroom:" + password + "@127.0.0.1:1,nats://homeroom:" + password + "@127.0.0.1:2")},
		{"a token instead of a name", serve("nats://" + password + "@127.0.0.1:1")},
		{"no scheme", serve("homeroom:" + password + "@127.0.0.1:1")},
		{"an address that cannot be read", serve("nats://homeroom:" + password + "%zz@127.0.0.1:1")},
		{"a port that is none", serve("nats://homeroom:" + password + "@127.0.0.1:x")},
		{"the wrong password", serve(strings.Replace(operator, natstest.Passwords()["NATS_OPERATOR_PASSWORD"], password, 1))},
		{"Temporal is away", serve(operator)},
		{"the secret is too short", serve(operator, "--secret-file", short)},
		{"a key for payloads that is none", serve(operator, "--encryption-key-file", file)},
		{"an unknown role", serve(operator, "--roles", "cook")},
		{"no stream to publish to", []string{"emit", "lesson.completed", "--learner", "u_42", "lesson_id=l", "course_id=c", "--nats", operator}},
		{"nothing is set up", []string{"pause", "--nats", operator}},
		{"doctor finds everything wrong", []string{"doctor", "--nats", "nats://homeroom:" + password + "@127.0.0.1:1", "--sendgrid-host", "http://127.0.0.1:1"}},
		{"doctor reaches NATS and nothing else", []string{"doctor", "--nats", operator, "--sendgrid-host", "http://127.0.0.1:1"}},
		{"setup finds nobody", []string{"setup", "--nats", "nats://homeroom:" + password + "@127.0.0.1:1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, code := runCommand(t, tt.args...)
			if code == 0 {
				t.Errorf("it did not fail:\n%s", out)
			}
			checkNoSecret(t, out)
		})
	}
	for _, command := range allCommands(t) {
		t.Run("help of "+strings.Join(command, " "), func(t *testing.T) {
			out, code := runCommand(t, append(command, "--help")...)
			if code != 0 || !strings.Contains(out, "Usage:") {
				t.Errorf("exit code %d:\n%s", code, out)
			}
			checkNoSecret(t, out)
		})
	}
}

// checkNoSecret checks that none of the secrets is in the output.
func checkNoSecret(t *testing.T, out string) {
	t.Helper()
	for _, secret := range append(secrets, natstest.Passwords()["NATS_OPERATOR_PASSWORD"]+"@", "nobody may see", "nobody-may-see") {
		if strings.Contains(out, secret) {
			t.Errorf("%q is in the output:\n%s", secret, out)
		}
	}
}

// allCommands returns all commands of the binary, as help lists them.
func allCommands(t *testing.T) [][]string {
	t.Helper()
	var found [][]string
	var walk func(fields []field, path []string)
	walk = func(fields []field, path []string) {
		for _, fd := range fields {
			command := append(append([]string(nil), path...), fd.name)
			found = append(found, command)
			walk(fd.below, command)
		}
	}
	walk(commandsOf(cli.Commands{}), nil)
	if len(found) < 20 {
		t.Fatalf("found %d commands only", len(found))
	}
	return found
}

// TestKeyFilesAreNamedNotShown: a file that cannot be read is an error with its name.
func TestKeyFilesAreNamedNotShown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sendgrid.key")
	if err := os.Mkdir(file, 0o700); err != nil { // a folder, which is what Docker makes of a secret that is not there
		t.Fatal(err)
	}
	out, code := runCommand(t, "serve", "--public-url", "https://learn.example.org", "--sendgrid-key-file", file)
	if code == 0 || !strings.Contains(out, file) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
