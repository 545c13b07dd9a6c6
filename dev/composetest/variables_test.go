package composetest

import (
	"context"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"go.temporal.io/sdk/contrib/envconfig"

	"homeroom/internal/cli"
	"homeroom/telemetry"
)

// ours are the services that run Homeroom's binary.
var ours = []string{"homeroom-setup", "triggers", "worker", "edge", "api", "console"}

// flags are the variables that a command of the binary reads, and whether it insists on them.
func flags(t *testing.T, command string) map[string]bool {
	t.Helper()
	for _, f := range reflect.VisibleFields(reflect.TypeOf(cli.Commands{})) {
		if strings.ToLower(f.Name) != command {
			continue
		}
		found := map[string]bool{}
		addFlags(f.Type, found)
		return found
	}
	t.Fatalf("there is no command `homeroom %s`", command)
	return nil
}

// addFlags adds the variables of a struct and of those embedded in it, also of fields that Go hides behind others of the same name.
func addFlags(of reflect.Type, found map[string]bool) {
	for n := range of.NumField() {
		flag := of.Field(n)
		if flag.Anonymous {
			addFlags(flag.Type, found)
		}
		if env := flag.Tag.Get("env"); env != "" {
			_, found[env] = flag.Tag.Lookup("required")
		}
	}
}

// asked are the variables that the SDK's configuration and the telemetry ask for.
func asked(t *testing.T) map[string]bool {
	t.Helper()
	asked := environ{}
	if _, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: asked, DisableFile: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := telemetry.SpansFromEnvironment(context.Background(), func(name string) string {
		value, _ := asked.LookupEnv(name)
		return value
	}); err != nil {
		t.Fatal(err)
	}
	return asked
}

// environ is an empty environment that remembers what it was asked for.
type environ map[string]bool

// Environ implements envconfig.EnvLookup.
func (environ) Environ() []string { return nil }

// LookupEnv implements envconfig.EnvLookup.
func (e environ) LookupEnv(name string) (string, bool) {
	e[name] = true
	return "", false
}

func TestEveryVariableIsRead(t *testing.T) {
	p := project(t)
	elsewhere := asked(t)
	elsewhere["OTEL_EXPORTER_OTLP_PROTOCOL"] = true // asked for only once there is an endpoint
	for _, name := range ours {
		s := p.Services[name]
		read := flags(t, s.Command[0])
		for variable := range s.Environment {
			if _, known := read[variable]; known || elsewhere[variable] || variable == "GOMEMLIMIT" {
				continue
			}
			t.Errorf("%s sets %s, which `homeroom %s` does not read", name, variable, s.Command[0])
		}
		for variable, required := range read {
			if value := s.Environment[variable]; required && (value == nil || *value == "") {
				t.Errorf("%s does not set %s, which `homeroom %s` insists on", name, variable, s.Command[0])
			}
		}
		if value := s.Environment["TEMPORAL_ADDRESS"]; (value == nil || *value == "") != (name == "api") { // which needs none
			t.Errorf("%s: where Temporal is: %v", name, value)
		}
	}
}

// TestWhatIsInTheEnvironmentFileArrives: the variables that .env may hold reach the services that read them.
func TestWhatIsInTheEnvironmentFileArrives(t *testing.T) {
	p := project(t, "HOMEROOM_ALLOW=staff.example.org", "HOMEROOM_SENDGRID_WEBHOOK_KEY=key", "HOMEROOM_KEEP_EVENTS=24h", "HOMEROOM_CONSOLE_OIDC_ISSUER=https://id.example.org",
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318")
	resolved, err := p.WithServicesEnvironmentResolved(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ service, variable, want string }{
		{"worker", "HOMEROOM_ALLOW", "staff.example.org"},
		{"edge", "HOMEROOM_SENDGRID_WEBHOOK_KEY", "key"},
		{"homeroom-setup", "HOMEROOM_KEEP_EVENTS", "24h"},
		{"console", "HOMEROOM_CONSOLE_OIDC_ISSUER", "https://id.example.org"},
		{"triggers", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"},
	} {
		if got := resolved.Services[tt.service].Environment[tt.variable]; got == nil || *got != tt.want {
			t.Errorf("%s: %s did not arrive", tt.service, tt.variable)
		}
	}
	// What is absent must be absent and not empty: an empty HOMEROOM_ALLOW is refused.
	bare, err := project(t).WithServicesEnvironmentResolved(true)
	if err != nil {
		t.Fatal(err)
	}
	if set := bare.Services["worker"].Environment["HOMEROOM_ALLOW"]; set != nil { // nil: the container does not get it
		t.Error("worker: HOMEROOM_ALLOW is set without being in .env")
	}
}

var (
	insists = regexp.MustCompile(`\$\{([A-Z_]+):\?([^}]*)\}`)
	uses    = regexp.MustCompile(`\$\{([A-Z_]+)(:?[-?][^}]*)?\}`)
	offers  = regexp.MustCompile(`(?m)^#?([A-Z_]+)=`)
	through = regexp.MustCompile(`(?m)^ +([A-Z_]+):$`)
)

var files = []string{"docker-compose.yml", "deploy/docker-compose.tls.yml"}

func TestItFailsWithoutWhatItNeeds(t *testing.T) {
	for _, file := range files {
		for _, match := range insists.FindAllStringSubmatch(read(t, file), -1) {
			variable := match[1]
			t.Run(variable, func(t *testing.T) {
				for _, how := range []string{"unset", "empty"} {
					env := tlsToo(environment(t))
					if env[variable] = ""; how == "unset" {
						delete(env, variable)
					}
					_, err := load(t, env, files...)
					if err == nil || !strings.Contains(err.Error(), variable) || !strings.Contains(err.Error(), "in .env") {
						t.Errorf("%s: %v; want an error that names it and .env", how, err)
					}
				}
			})
		}
	}
}

// tlsToo adds what deploy/docker-compose.tls.yml asks for.
func tlsToo(env map[string]string) map[string]string {
	for _, variable := range []string{"NATS_CA_FILE", "NATS_CERT_FILE", "NATS_KEY_FILE"} {
		env[variable] = "./secrets/" + strings.ToLower(variable)
	}
	return env
}

func TestTheExampleHasEveryVariable(t *testing.T) {
	offered := map[string]bool{}
	for _, match := range offers.FindAllStringSubmatch(read(t, ".env.example"), -1) {
		offered[match[1]] = true
	}
	used := map[string]bool{}
	for _, file := range files {
		for _, match := range append(uses.FindAllStringSubmatch(read(t, file), -1), through.FindAllStringSubmatch(read(t, file), -1)...) {
			used[match[1]] = true
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(used)) {
		if !offered[variable] {
			t.Errorf(".env.example does not offer %s", variable)
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(offered)) {
		if !used[variable] {
			t.Errorf(".env.example offers %s, which nobody uses", variable)
		}
	}
}

func TestThereAreNoPasswordsInThere(t *testing.T) {
	for _, line := range strings.Split(read(t, ".env.example"), "\n") {
		if name, value, _ := strings.Cut(line, "="); strings.HasSuffix(name, "_PASSWORD") && value != "" {
			t.Errorf(".env.example has a value for %s", name)
		}
	}
	for _, match := range uses.FindAllStringSubmatch(read(t, "docker-compose.yml"), -1) {
		if strings.Contains(match[1], "PASSWORD") && strings.HasPrefix(match[2], ":-") {
			t.Errorf("%s has a default", match[1])
		}
	}
	secret := regexp.MustCompile(`PASSWORD|_PWD|SECRET|_KEY|TOKEN`)
	p := project(t)
	for name, s := range p.Services {
		for variable, value := range s.Environment {
			if value == nil || !secret.MatchString(variable) {
				continue
			}
			if !strings.Contains(*value, "filled_in_") && !strings.HasPrefix(*value, "/run/secrets/") {
				t.Errorf("%s: %s has its value in docker-compose.yml", name, variable)
			}
		}
	}
	inURL := regexp.MustCompile(`://[^/\s:@]+:([^@\s]+)@`)
	for _, match := range inURL.FindAllStringSubmatch(read(t, "docker-compose.yml"), -1) {
		if !strings.HasPrefix(match[1], "${") {
			t.Errorf("the address %s has its password in docker-compose.yml", match[0])
		}
	}
}

func TestFilesOfSecretsAreMounted(t *testing.T) {
	p, err := load(t, tlsToo(environment(t)), files...)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range p.Services {
		mounted := map[string]bool{}
		for _, secret := range s.Secrets {
			mounted[secret.Target] = true
			if p.Secrets[secret.Source].File == "" {
				t.Errorf("%s: the secret %s is no file", name, secret.Source)
			}
		}
		for variable, value := range s.Environment {
			if value != nil && strings.HasPrefix(*value, "/run/secrets/") && !mounted[*value] {
				t.Errorf("%s: %s is %s, which is not mounted", name, variable, *value)
			}
		}
	}
}

// value is what a service sets a variable to.
func value(s types.ServiceConfig, variable string) string {
	if v := s.Environment[variable]; v != nil {
		return *v
	}
	return ""
}
