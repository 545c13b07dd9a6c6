package composetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// byHand returns the commands of "Three processes by hand" in docs/operations.md, a block each.
func byHand(t *testing.T) []string {
	t.Helper()
	_, section, found := strings.Cut(read(t, "docs/operations.md"), "\n## Three processes by hand\n")
	if !found {
		t.Fatal("docs/operations.md has no section \"Three processes by hand\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, match[1])
	}
	if len(blocks) < 3 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	return blocks
}

// TestByHandNamesWhatThereIs: the users and passwords of the section are those of accounts.conf, its variables those that `homeroom serve` reads.
func TestByHandNamesWhatThereIs(t *testing.T) {
	text := strings.Join(byHand(t), "\n")
	accounts := read(t, "deploy/nats/accounts.conf")
	users := regexp.MustCompile(`write_env \S+ (\S+) "\$(\w+)"`).FindAllStringSubmatch(text, -1)
	if len(users) < 4 {
		t.Errorf("%d users", len(users))
	}
	for _, user := range users {
		if !strings.Contains(accounts, "user: "+user[1]+", password: $"+user[2]) {
			t.Errorf("accounts.conf has no user %s with the password %s", user[1], user[2])
		}
	}
	known := flags(t, "serve")
	for _, name := range regexp.MustCompile(`HOMEROOM_[A-Z_]+`).FindAllString(text, -1) {
		if _, ok := known[name]; !ok {
			t.Errorf("`homeroom serve` does not read %s", name)
		}
	}
}

// TestByHandMakesItsFiles runs the first two blocks, and has the NATS server read deploy/nats with the variables that they wrote.
func TestByHandMakesItsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS(filepath.Join(root, "deploy"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".env.example"), []byte(read(t, ".env.example")), 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := byHand(t)
	script := exec.Command("sh", "-euc", blocks[0]+blocks[1]+"set -a; . ./nats.env; env")
	script.Dir = dir
	script.Env = []string{"PATH=" + os.Getenv("PATH"), "SENDGRID_API_KEY=SG.test"}
	out, err := script.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		if name, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, "NATS_") {
			t.Setenv(name, value)
		}
	}
	opts, err := server.ProcessConfigFile(filepath.Join(dir, "deploy/nats/server.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "nats-data"); opts.StoreDir != want {
		t.Errorf("NATS keeps its data in %s, want %s", opts.StoreDir, want)
	}
	for _, name := range []string{"nats", "setup", "triggers", "worker", "edge", "platform", "operator"} {
		info, err := os.Stat(filepath.Join(dir, name+".env"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s.env: %v %v", name, info, err)
		}
	}
}
