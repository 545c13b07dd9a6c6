package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The unit is a template, one instance a role; the second file adds to the worker's.
const (
	unitFile   = "deploy/systemd/homeroom@.service"
	workerFile = "deploy/systemd/homeroom@worker.service.d/worker.conf"
)

// unitRoles are the instances that docs/kubernetes.md starts.
var unitRoles = []string{"triggers", "worker", "edge"}

// TestTheUnit: the services' command is one that the binary understands, their keys are handed over by systemd, SendGrid's and the folder's name to the worker
// alone, and systemd-analyze, where it is installed, finds nothing wrong.
func TestTheUnit(t *testing.T) {
	unit := readFile(t, unitFile)
	worker := readFile(t, workerFile)
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/homeroom (.*)$`).FindStringSubmatch(unit)
	if start == nil {
		t.Fatal("there is no ExecStart")
	}
	if !strings.HasPrefix(start[1], "serve --roles %i ") || !strings.Contains(unit, "\nEnvironmentFile=/etc/homeroom/%i.env\n") {
		t.Errorf("an instance does not serve its own role with its own variables: %s", start[1])
	}
	if directives := regexp.MustCompile(`(?m)^[^#].*sendgrid`).FindString(unit); directives != "" {
		t.Errorf("every role is given SendGrid's key: %s", directives)
	}
	for _, name := range []string{"HOMEROOM_SENDGRID_KEY_FILE", "HOMEROOM_ACADEMY"} {
		if !regexp.MustCompile(`(?m)^Environment=(?:.* )?` + name + `=\S`).MatchString(worker) {
			t.Errorf("the worker is not given %s", name)
		}
	}
	known := variables(t, []string{"serve"})
	for _, name := range regexp.MustCompile(`HOMEROOM_[A-Z_]+`).FindAllString(unit+worker, -1) {
		if _, ok := known[name]; !ok {
			t.Errorf("the unit speaks of %s, which `homeroom serve` does not read", name)
		}
	}
	for _, text := range []string{unit, worker} {
		for _, file := range regexp.MustCompile(`%d/(\S+)`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(text, "\nLoadCredential="+file[1]+":") {
				t.Errorf("%s is not handed over", file[1])
			}
		}
	}
	verifyUnits(t, unit, worker)
}

// verifyUnits has systemd-analyze read an instance for each role, where it is installed.
func verifyUnits(t *testing.T, unit, worker string) {
	t.Helper()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not installed: only read by this test")
		return
	}
	program, err := os.Executable() // some file that can be executed
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeUnit(t, filepath.Join(dir, filepath.Base(unitFile)), strings.ReplaceAll(unit, "/usr/local/bin/homeroom", program))
	writeUnit(t, filepath.Join(dir, strings.TrimPrefix(workerFile, "deploy/systemd/")), worker)
	for _, role := range unitRoles {
		instance := filepath.Join(dir, "homeroom@"+role+".service")
		out, err := exec.Command(analyze, "verify", "--recursive-errors=no", "--man=no", instance).CombinedOutput()
		if err != nil || strings.Contains(string(out), "homeroom@") {
			t.Errorf("systemd-analyze: %v\n%s", err, out)
		}
	}
}

// writeUnit writes a file and makes its folder.
func writeUnit(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
