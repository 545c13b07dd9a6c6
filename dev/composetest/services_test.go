package composetest

import (
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestTheServices(t *testing.T) {
	want := []string{
		"api", "console", "edge", "homeroom-setup", "nats-1", "nats-2", "nats-3", "postgres", "temporal", "temporal-namespace", "temporal-schema", "temporal-ui",
		"triggers", "worker",
	}
	p := project(t)
	got := p.ServiceNames()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the services are %q, want %q", got, want)
	}
	var roles []string
	for _, name := range ours {
		if role := value(p.Services[name], "HOMEROOM_ROLES"); role != "" {
			roles = append(roles, role)
		}
	}
	if want := []string{"triggers", "worker", "edge", "api"}; !slices.Equal(roles, want) {
		t.Errorf("the roles are %q, want %q", roles, want)
	}
}

// TestOnlyTheWorkerHasTheProvidersKey: who reads the others' environment or files cannot write to learners.
func TestOnlyTheWorkerHasTheProvidersKey(t *testing.T) {
	p := project(t)
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		has := slices.ContainsFunc(s.Secrets, func(secret types.ServiceSecretConfig) bool { return secret.Source == "sendgrid_key" })
		if has != (name == "worker") || (value(s, "HOMEROOM_SENDGRID_KEY_FILE") != "") != has {
			t.Errorf("%s has the provider's key: %v", name, has)
		}
	}
}

// TestImagesArePinned, to the versions that the tests of this repository run on.
func TestImagesArePinned(t *testing.T) {
	modules := read(t, "dev/go.mod")
	version := func(module string) string {
		match := regexp.MustCompile(regexp.QuoteMeta(module) + ` v([0-9.]+)`).FindStringSubmatch(modules)
		if match == nil {
			t.Fatalf("dev/go.mod does not have %s", module)
		}
		return match[1]
	}
	tested := map[string]string{
		"nats": version("github.com/nats-io/nats-server/v2") + "-alpine", "temporalio/server": version("go.temporal.io/server"),
		"temporalio/admin-tools": version("go.temporal.io/server"), "temporalio/ui": version("github.com/temporalio/ui-server/v2"),
	}
	exact := regexp.MustCompile(`^\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$`)
	for name, s := range project(t).Services {
		image, digest, _ := strings.Cut(s.Image, "@")
		repository, tag, _ := strings.Cut(image, ":")
		if s.Build != nil && repository == "homeroom" {
			continue // built from here
		}
		if !exact.MatchString(tag) && digest == "" {
			t.Errorf("%s: the image %s is not pinned", name, s.Image)
		}
		if want := tested[repository]; want != "" && tag != want {
			t.Errorf("%s: the image is %s, the tests run on %s", name, s.Image, want)
		}
	}
}

func TestWhoWaitsForWhom(t *testing.T) {
	p := project(t)
	for name, s := range p.Services {
		for on, how := range s.DependsOn {
			other := p.Services[on]
			switch how.Condition {
			case types.ServiceConditionHealthy:
				if other.HealthCheck == nil || other.HealthCheck.Disable || len(other.HealthCheck.Test) == 0 {
					t.Errorf("%s waits for the health of %s, which has no health check", name, on)
				}
			case types.ServiceConditionCompletedSuccessfully:
				if !strings.HasPrefix(other.Restart, "on-failure") {
					t.Errorf("%s waits for the end of %s, which is restarted %q", name, on, other.Restart)
				}
			default:
				t.Errorf("%s waits for %s to be %s, which says nothing", name, on, how.Condition)
			}
		}
		once := strings.HasPrefix(s.Restart, "on-failure")
		if !once && (s.HealthCheck == nil || s.HealthCheck.Disable) {
			t.Errorf("%s has no health check", name)
		}
		if !once && s.Restart != "unless-stopped" {
			t.Errorf("%s is restarted %q", name, s.Restart)
		}
		if !once && (s.Deploy == nil || s.Deploy.Resources.Limits == nil || s.Deploy.Resources.Limits.MemoryBytes == 0) {
			t.Errorf("%s may take all the memory there is", name)
		}
	}
}

// TestPortsMatch: what the app listens on is what is mapped, probed and exposed.
func TestPortsMatch(t *testing.T) {
	p := project(t)
	for _, name := range []string{"triggers", "worker", "edge", "api"} {
		s := p.Services[name]
		if got, want := s.HealthCheck.Test[len(s.HealthCheck.Test)-1], "http://127.0.0.1"+value(s, "HOMEROOM_OPS_LISTEN")+"/readyz"; got != want {
			t.Errorf("%s: the health check asks %s, the app listens on %s", name, got, want)
		}
	}
	edge := p.Services["edge"]
	if len(edge.Ports) != 1 || ":"+port(edge.Ports[0].Target) != value(edge, "HOMEROOM_LISTEN") {
		t.Errorf("edge: the port is %+v, the app listens on %s", edge.Ports, value(edge, "HOMEROOM_LISTEN"))
	}
	console := p.Services["console"]
	if len(console.Ports) != 1 || ":"+port(console.Ports[0].Target) != value(console, "HOMEROOM_CONSOLE_LISTEN") {
		t.Errorf("console: the port is %+v, it listens on %s", console.Ports, value(console, "HOMEROOM_CONSOLE_LISTEN"))
	}
	if got, want := console.HealthCheck.Test[len(console.HealthCheck.Test)-1], "http://127.0.0.1"+value(console, "HOMEROOM_CONSOLE_LISTEN")+"/healthz"; got != want {
		t.Errorf("console: the health check asks %s, want %s", got, want)
	}
	posts := p.Services["api"]
	if len(posts.Ports) != 1 || ":"+port(posts.Ports[0].Target) != value(posts, "HOMEROOM_API_LISTEN") {
		t.Errorf("api: the port is %+v, the app listens on %s", posts.Ports, value(posts, "HOMEROOM_API_LISTEN"))
	}
	published := map[string]string{}
	for name, s := range p.Services {
		for _, mapped := range s.Ports {
			if mapped.HostIP != "127.0.0.1" {
				t.Errorf("%s: %s listens on %q unless .env says otherwise", name, mapped.Published, mapped.HostIP)
			}
			if other := published[mapped.Published]; other != "" {
				t.Errorf("%s and %s both want port %s", name, other, mapped.Published)
			}
			published[mapped.Published] = name
		}
	}
	for _, name := range []string{"postgres", "temporal", "triggers", "worker"} {
		if ports := p.Services[name].Ports; len(ports) > 0 {
			t.Errorf("%s is reachable from outside: %v", name, ports)
		}
	}
	if got := port(p.Services["temporal-ui"].Ports[0].Target); !strings.Contains(strings.Join(p.Services["temporal-ui"].HealthCheck.Test, " "), ":"+got+"/") {
		t.Errorf("temporal-ui: port %s is mapped and another one probed", got)
	}
}

// TestAddressesAreServices: every host that an address names is a service on a network that both are on, at its port.
func TestAddressesAreServices(t *testing.T) {
	p := project(t)
	ports := map[string]string{"nats-1": "4222", "nats-2": "4222", "nats-3": "4222", "temporal": "7233", "postgres": "5432"}
	for name, s := range p.Services {
		for variable := range s.Environment {
			var hosts []string
			switch variable {
			case "HOMEROOM_NATS_URL":
				for _, server := range strings.Split(value(s, variable), ",") {
					u, err := url.Parse(server)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					hosts = append(hosts, u.Host)
				}
				if len(hosts) != 3 {
					t.Errorf("%s knows %d NATS servers, there are three", name, len(hosts))
				}
			case "TEMPORAL_ADDRESS":
				hosts = []string{value(s, variable)}
			case "POSTGRES_SEEDS":
				hosts = []string{net.JoinHostPort(value(s, variable), value(s, "DB_PORT"))}
			case "SQL_HOST":
				hosts = []string{net.JoinHostPort(value(s, variable), value(s, "SQL_PORT"))}
			}
			for _, address := range hosts {
				host, port, err := net.SplitHostPort(address)
				if err != nil || ports[host] != port {
					t.Errorf("%s: %s names %s, which is none of the services", name, variable, address)
				}
				if !meet(s, p.Services[host]) {
					t.Errorf("%s and %s share no network", name, host)
				}
			}
		}
	}
	for _, route := range []string{"nats-1", "nats-2", "nats-3"} {
		if !strings.Contains(value(p.Services["nats-1"], "NATS_ROUTES"), "@"+route+":6222") {
			t.Errorf("nats-1 has no route to %s", route)
		}
	}
}

func meet(a, b types.ServiceConfig) bool {
	for network := range a.Networks {
		if _, both := b.Networks[network]; both {
			return true
		}
	}
	return false
}

func TestNetworksKeepApart(t *testing.T) {
	p := project(t)
	for network, who := range map[string][]string{
		"database": {"postgres", "temporal", "temporal-schema"},
		"front":    {"api", "edge", "nats-1", "nats-2", "nats-3", "temporal-ui", "worker"},
		"people":   {"console"},
	} {
		var on []string
		for name, s := range p.Services {
			if _, there := s.Networks[network]; there {
				on = append(on, name)
			}
		}
		if slices.Sort(on); !slices.Equal(on, who) {
			t.Errorf("on the network %s are %q, want %q", network, on, who)
		}
	}
	for name, network := range p.Networks {
		if network.Internal != (name != "front" && name != "people") {
			t.Errorf("the network %s: internal is %v", name, network.Internal)
		}
	}
}

func TestWhatIsKeptIsOnVolumes(t *testing.T) {
	p := project(t)
	used := map[string]string{}
	for name, s := range p.Services {
		for _, v := range s.Volumes {
			switch v.Type {
			case types.VolumeTypeVolume:
				if _, declared := p.Volumes[v.Source]; !declared {
					t.Errorf("%s: the volume %s is not declared", name, v.Source)
				}
				if other := used[v.Source]; other != "" {
					t.Errorf("%s and %s share the volume %s", name, other, v.Source)
				}
				used[v.Source] = name
			case types.VolumeTypeBind:
				if _, err := os.Stat(v.Source); err != nil || !v.ReadOnly {
					t.Errorf("%s: %s is mounted, read only %v: %v", name, v.Source, v.ReadOnly, err)
				}
			}
		}
	}
	for _, volume := range []string{"nats-1", "nats-2", "nats-3", "postgres", "console"} {
		if used[volume] == "" {
			t.Errorf("nobody keeps anything on the volume %s", volume)
		}
	}
	if len(used) != len(p.Volumes) {
		t.Errorf("%d volumes are declared and %d used", len(p.Volumes), len(used))
	}
}

func TestHomeroomHasNoRightsItDoesNotNeed(t *testing.T) {
	for name, s := range project(t).Services {
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.Privileged {
			t.Errorf("%s may gain privileges", name)
		}
		if slices.Contains(ours, name) && (!s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || s.User == "0" || s.User == "root") {
			t.Errorf("%s: read only %v, without %q, as %q", name, s.ReadOnly, s.CapDrop, s.User)
		}
	}
}
