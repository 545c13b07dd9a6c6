package composetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// operator is the service that the documents' commands are run in.
func operator(t *testing.T) types.ServiceConfig {
	t.Helper()
	p := project(t)
	if _, started := p.Services["cli"]; started {
		t.Error("`docker compose up` starts the service cli")
	}
	p, err := p.WithProfiles([]string{"cli"})
	if err != nil {
		t.Fatal(err)
	}
	s, ok := p.Services["cli"]
	if !ok {
		t.Fatal("there is no service cli")
	}
	return s
}

// TestCommandsRunAsPrinted: the operator's commands find in the service what they look for: NATS as the user operator, Temporal, the keys, the folder.
func TestCommandsRunAsPrinted(t *testing.T) {
	s := operator(t)
	known := asked(t)
	for _, command := range []string{"serve", "doctor", "setup", "console"} {
		for variable := range flags(t, command) {
			known[variable] = true
		}
	}
	for variable := range s.Environment {
		if !known[variable] {
			t.Errorf("cli sets %s, which nothing reads", variable)
		}
	}
	for variable, required := range flags(t, "doctor") {
		if required && value(s, variable) == "" {
			t.Errorf("cli does not set %s", variable)
		}
	}
	for address := range strings.SplitSeq(value(s, "HOMEROOM_NATS_URL"), ",") {
		if !strings.HasPrefix(address, "nats://operator:filled_in_nats_operator_password@nats-") {
			t.Errorf("cli reaches NATS at %s", address)
		}
	}
	if value(s, "TEMPORAL_ADDRESS") != "temporal:7233" || value(s, "TEMPORAL_NAMESPACE") != "homeroom" {
		t.Errorf("cli reaches Temporal at %s, in %s", value(s, "TEMPORAL_ADDRESS"), value(s, "TEMPORAL_NAMESPACE"))
	}
	mounted := map[string]bool{}
	for _, secret := range s.Secrets {
		mounted["/run/secrets/"+secret.Source] = true
	}
	for _, variable := range []string{"HOMEROOM_SECRET_FILE", "HOMEROOM_ENCRYPTION_KEY_FILE", "HOMEROOM_SENDGRID_KEY_FILE"} {
		if !mounted[value(s, variable)] {
			t.Errorf("cli: %s is %q, which is not mounted", variable, value(s, variable))
		}
	}
	folder := slices.IndexFunc(s.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == "/academy" && v.ReadOnly })
	if folder < 0 || s.WorkingDir != "/" || value(s, "HOMEROOM_ACADEMY") != "/academy" {
		t.Errorf("`rules publish academy` does not find the folder: %+v in %s", s.Volumes, s.WorkingDir)
	}
	p := project(t)
	for _, other := range []string{"nats-1", "temporal", "worker"} { // the last one: to the provider
		if !meet(s, p.Services[other]) {
			t.Errorf("cli and %s share no network", other)
		}
	}
	if _, front := s.Networks["front"]; !front || !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || s.Restart != "no" || len(s.DependsOn) > 0 {
		t.Errorf("cli: %v, read only %v, without %q, restarted %q, waits for %v", s.Networks, s.ReadOnly, s.CapDrop, s.Restart, s.DependsOn)
	}
}

// TestTheDocumentsUseIt: whatever the documents run beside docker-compose.yml is run in a service that there is.
func TestTheDocumentsUseIt(t *testing.T) {
	text := read(t, "docs/operations.md")
	if strings.Count(text, "docker compose run --rm cli ") < 3 {
		t.Error("docs/operations.md does not say how commands are run")
	}
	p := project(t)
	for line := range strings.Lines(text) {
		_, rest, found := strings.Cut(line, "docker compose run --rm ")
		if !found {
			continue
		}
		service, _, _ := strings.Cut(strings.Fields(rest)[0], "`")
		if _, there := p.Services[service]; !there && service != "cli" {
			t.Errorf("there is no service %q: %s", service, line)
		}
	}
}

// TestTheImageKnowsItsVersion: the version of .env arrives in the build, and the build gives it to the linker.
func TestTheImageKnowsItsVersion(t *testing.T) {
	build := project(t, "HOMEROOM_VERSION=v1.2.3").Services["worker"].Build
	if build == nil || build.Args["VERSION"] == nil || *build.Args["VERSION"] != "v1.2.3" {
		t.Errorf("the image is built with %+v", build)
	}
	if !strings.Contains(read(t, "Dockerfile"), "-X homeroom/internal/cli.linkedVersion=${VERSION}") || !strings.Contains(read(t, "internal/cli/version.go"), "\tlinkedVersion ") {
		t.Error("the linker is not told the version")
	}
}
