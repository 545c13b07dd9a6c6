package composetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.temporal.io/server/common/dynamicconfig"
)

func port(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// source is a file of a module that the images are built from.
func source(t *testing.T, module, name string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", module, err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTheServersReadTheirVariables looks for every variable that the servers are given in what their images read.
func TestTheServersReadTheirVariables(t *testing.T) {
	config := source(t, "go.temporal.io/server", "common/config/config_template_embedded.yaml") +
		source(t, "go.temporal.io/server", "docker/scripts/sh/entrypoint.sh")
	nats := read(t, "deploy/nats/server.conf") + read(t, "deploy/nats/nats.conf") + read(t, "deploy/nats/accounts.conf")
	reads := map[string]string{
		"temporal":           config,
		"temporal-schema":    source(t, "go.temporal.io/server", "tools/sql/main.go"),
		"temporal-namespace": read(t, "deploy/temporal/namespace.sh") + " TEMPORAL_ADDRESS", // of the command line tool
		"temporal-ui":        source(t, "github.com/temporalio/ui-server/v2", "config/docker.yaml"),
		"nats-1":             nats, "nats-2": nats, "nats-3": nats,
		"postgres": "POSTGRES_USER POSTGRES_PASSWORD", // the image's documentation
	}
	p := project(t)
	for name, text := range reads {
		for variable := range p.Services[name].Environment {
			if !regexp.MustCompile(`\b` + variable + `\b`).MatchString(text) {
				t.Errorf("%s is given %s, which it does not read", name, variable)
			}
		}
	}
	for _, match := range regexp.MustCompile(`\$(NATS_[A-Z_]+)`).FindAllStringSubmatch(nats, -1) {
		if value(p.Services["nats-1"], match[1]) == "" {
			t.Errorf("deploy/nats reads %s, which docker-compose.yml does not set", match[1])
		}
	}
}

// TestTemporalsSettingsExist: a misspelled one would be ignored.
func TestTemporalsSettingsExist(t *testing.T) {
	loaded := dynamicconfig.LoadYamlFile([]byte(read(t, "deploy/temporal/dynamicconfig.yaml")))
	if err := loaded.Err(); err != nil {
		t.Error(err)
	}
	for _, warning := range loaded.Warnings {
		t.Error(warning)
	}
	if len(loaded.Map) < 3 {
		t.Errorf("%d settings only", len(loaded.Map))
	}
	mounted := project(t).Services["temporal"]
	path := value(mounted, "DYNAMIC_CONFIG_FILE_PATH")
	if dir, file := filepath.Split(path); dir != mounted.Volumes[0].Target+"/" || file != "dynamicconfig.yaml" {
		t.Errorf("Temporal looks for %s, mounted is %s", path, mounted.Volumes[0].Target)
	}
}

// TestCommandsAreMounted: the files that commands and entry points name are there.
func TestCommandsAreMounted(t *testing.T) {
	for name, s := range project(t).Services {
		for _, word := range append(append([]string{}, s.Command...), s.Entrypoint...) {
			if file, ok := strings.CutPrefix(word, "/etc/homeroom/"); ok {
				if _, err := os.Stat(filepath.Join(s.Volumes[len(s.Volumes)-1].Source, file)); err != nil {
					t.Errorf("%s runs %s: %v", name, word, err)
				}
			}
		}
	}
}

// TestTLSForNATS: with deploy/docker-compose.tls.yml every server has a certificate and every client the CA.
func TestTLSForNATS(t *testing.T) {
	p, err := load(t, tlsToo(environment(t)), files...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nats-1", "nats-2", "nats-3"} {
		s := p.Services[name]
		if len(s.Secrets) != 3 || s.Command[1] != "/etc/homeroom/nats-tls.conf" || len(s.Volumes) != 2 || value(s, "NATS_NAME") != name {
			t.Errorf("%s: %d secrets, %q", name, len(s.Secrets), s.Command)
		}
	}
	for _, name := range ours {
		if got := value(p.Services[name], "HOMEROOM_NATS_CA"); got != "/run/secrets/nats_ca" {
			t.Errorf("%s trusts %q", name, got)
		}
		if _, read := flags(t, p.Services[name].Command[0])["HOMEROOM_NATS_CA"]; !read {
			t.Errorf("`homeroom %s` does not read HOMEROOM_NATS_CA", p.Services[name].Command[0])
		}
	}
}
