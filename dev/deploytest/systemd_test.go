package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const unitFile = "../../deploy/systemd/homeroom.service"

// TestTheUnit: the service's command is one that the binary understands, its keys are handed over by systemd, and systemd-analyze, where it is
// installed, finds nothing wrong.
func TestTheUnit(t *testing.T) {
	data, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	unit := string(data)
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/homeroom (.*)$`).FindStringSubmatch(unit)
	if start == nil {
		t.Fatal("there is no ExecStart")
	}
	known := variables(t, []string{"serve"})
	for _, name := range regexp.MustCompile(`HOMEROOM_[A-Z_]+`).FindAllString(unit, -1) {
		if _, ok := known[name]; !ok {
			t.Errorf("the unit speaks of %s, which `homeroom serve` does not read", name)
		}
	}
	for _, file := range regexp.MustCompile(`%d/(\S+)`).FindAllStringSubmatch(start[1], -1) {
		if !strings.Contains(unit, "\nLoadCredential="+file[1]+":") {
			t.Errorf("%s is not handed over", file[1])
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd-analyze is not installed: only read by this test")
		return
	}
	copied := filepath.Join(t.TempDir(), "homeroom.service")
	program, err := os.Executable() // some file that can be executed
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, []byte(strings.ReplaceAll(unit, "/usr/local/bin/homeroom", program)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--recursive-errors=no", "--man=no", copied).CombinedOutput()
	if err != nil || strings.Contains(string(out), "homeroom.service") {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}
