package walls_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A wall says what a package must not depend on, however indirectly.
type wall struct {
	pkg    string
	why    string
	banned []string // import path prefixes
	only   []string // if set: nothing outside the standard library but these
}

var (
	temporal = "go.temporal.io/"
	nats     = "github.com/nats-io/"
	sendgrid = "github.com/sendgrid/"
	cel      = "cel.dev/"
	kong     = "github.com/alecthomas/"
	servers  = []string{"go.temporal.io/server", "github.com/nats-io/nats-server", "github.com/temporalio/ui-server"}
	testOnly = []string{"github.com/prometheus/prometheus/", "helm.sh/", "k8s.io/"}
)

var walls = []wall{
	{"homeroom/engine", "the core is pure", nil, []string{"homeroom/engine"}},
	{"homeroom/internal/narrate", "words need the engine's decisions only", nil, []string{"homeroom/engine", "homeroom/internal/narrate"}},
	{"homeroom/internal/rfc3339", "reading a time needs nothing else", nil, []string{"homeroom/internal/rfc3339"}},
	{"homeroom/internal/locale", "how a language is written needs tables of languages only", nil, []string{"homeroom/internal/locale", "github.com/gohugoio/", "github.com/bojanz/currency", "github.com/cockroachdb/apd/", "github.com/osteele/tuesday", "golang.org/x/text/"}},
	{"homeroom/internal/colors", "colors need nothing else", nil, []string{"homeroom/internal/colors", "github.com/lucasb-eyer/go-colorful"}},
	{"homeroom/internal/cells", "columns need nothing but the widths of characters", nil, []string{"homeroom/internal/cells", "golang.org/x/text/"}},
	{"homeroom/internal/cleantext", "what is fit to be shown needs tables of characters and domains only", nil, []string{"homeroom/internal/cleantext", "golang.org/x/net/", "golang.org/x/text/"}},
	{"homeroom/internal/guard", "serving through a fault knows nothing of what is served", nil, []string{"homeroom/internal/guard"}},
	{"homeroom/internal/links", "links are made without stores or servers", nil, []string{"homeroom/internal/links"}},
	{"homeroom/internal/yamlfile", "reading files knows nothing of what they are about", nil, []string{"github.com/goccy/go-yaml", "homeroom/internal/spelling", "homeroom/internal/yamlfile"}},
	{"homeroom/profile", "what is known of a person is decided without stores", nil, []string{"homeroom/engine", "homeroom/profile", "homeroom/internal/mailaddress", "homeroom/internal/cleantext", "homeroom/internal/spelling", "golang.org/x/net/", "golang.org/x/text/"}},
	{"homeroom/internal/mailaddress", "what an address is needs nothing but the rules of domains", nil, []string{"homeroom/internal/mailaddress", "golang.org/x/net/idna", "golang.org/x/text/"}},
	{"homeroom/internal/safefiles", "reading files needs nothing else", nil, []string{"homeroom/internal/safefiles"}},
	{"homeroom/emit", "a platform that publishes brings NATS's client along, and nothing of Homeroom", []string{temporal, sendgrid, cel, kong, "homeroom/store", "homeroom/rules", "homeroom/catalog", "homeroom/engine", "homeroom/app"}, nil},
	{"homeroom/setaside", "a record needs nothing else", nil, []string{"homeroom/setaside"}},
	{"homeroom/experiment", "formulas know no events, rules or stores", nil, []string{"gonum.org/v1/gonum/"}},
	{"homeroom/report", "counts and stories need no server", []string{temporal, nats, sendgrid, cel}, nil},
	{"homeroom/readmodel", "a file for reports knows decisions and events, and streams through an interface", []string{temporal, nats, sendgrid, cel, kong, "homeroom/store", "homeroom/rules", "homeroom/app", "homeroom/admin"}, nil},
	{"homeroom/privacy", "erasing asks stores through interfaces", []string{sendgrid, cel, "homeroom/rules", "homeroom/app"}, nil},
	{"homeroom/internal/connect", "connecting knows nothing of what is asked", []string{sendgrid, cel, "homeroom/store", "homeroom/rules", "homeroom/app"}, nil},
	{"homeroom/internal/codec", "encryption knows Temporal's payloads and nothing of Homeroom", []string{nats, sendgrid, cel, "homeroom/"}, nil},
	{"homeroom/edge", "the edge knows stores through interfaces and no provider, and decides nothing", []string{temporal, nats, sendgrid, cel, "homeroom/store", "homeroom/rules", "homeroom/app", "homeroom/delivery"}, nil},
	{"homeroom/api", "the way in knows stores through interfaces, and decides nothing", []string{temporal, nats, sendgrid, cel, kong, "homeroom/store", "homeroom/rules", "homeroom/app", "homeroom/admin", "homeroom/telemetry"}, nil},
	{"homeroom/internal/writekey", "a key is a text", nil, []string{"homeroom/internal/writekey"}},
	{"homeroom/delivery/email", "the channel knows no provider", []string{temporal, nats, sendgrid, cel, "homeroom/delivery/sendgrid", "homeroom/rules", "homeroom/store"}, nil},
	{"homeroom/delivery/webhook", "an adapter knows its provider only", []string{temporal, nats, sendgrid, cel, "homeroom/rules", "homeroom/store"}, nil},
	{"homeroom/delivery/webhook/webhooktest", "the suite knows no provider", []string{temporal, nats, sendgrid, cel}, nil},
	{"homeroom/delivery/push", "an adapter knows its provider only", []string{temporal, nats, sendgrid, cel, "homeroom/rules", "homeroom/store"}, nil},
	{"homeroom/delivery/push/pushtest", "the suite knows no provider", []string{temporal, nats, sendgrid, cel}, nil},
	{"homeroom/delivery/inapp", "an adapter knows its provider only", []string{temporal, sendgrid, cel, "homeroom/rules", "homeroom/store"}, nil},
	{"homeroom/catalog", "events are known without servers", []string{temporal, nats, sendgrid, cel, "homeroom/rules"}, nil},
	{"homeroom/sources", "bodies are read without servers, stores or rules", []string{temporal, nats, sendgrid, kong, "net/http", "homeroom/store", "homeroom/rules", "homeroom/app", "homeroom/admin"}, nil},
	{"homeroom/rules", "rules are checked without servers", []string{temporal, nats, sendgrid}, nil},
	{"homeroom/content", "messages are rendered without servers", []string{temporal, nats, sendgrid, cel}, nil},
	{"homeroom/simulate", "looking ahead needs no server", []string{temporal, nats, sendgrid}, nil},
	{"homeroom/judgement", "judging needs no server and no rules but compiled ones", []string{temporal, nats, sendgrid, cel, kong, "net/http", "homeroom/store", "homeroom/rules", "homeroom/app", "homeroom/admin"}, nil},
	{"homeroom/backtest", "comparing two rulesets needs no server and no rules but compiled ones", []string{temporal, nats, sendgrid, cel, kong, "net/http", "homeroom/store", "homeroom/rules", "homeroom/app", "homeroom/admin"}, nil},
	{"homeroom/backtest/segments", "keeping events knows nothing of what they are about", []string{temporal, nats, sendgrid, cel, kong, "homeroom/"}, nil},
	{"homeroom/rules/ruletest", "rule tests need no server", []string{temporal, nats, sendgrid}, nil},
	{"homeroom/workflows", "the shell carries, it does not decide", []string{nats, sendgrid, cel, "homeroom/rules", "homeroom/store", "homeroom/delivery", "homeroom/content"}, nil},
	{"homeroom/activities", "activities carry; adapters come in through interfaces", []string{nats, sendgrid, cel, "homeroom/store", "homeroom/rules"}, nil},
	{"homeroom/triggers", "triggers know workflows by name only", []string{sendgrid, cel, "homeroom/activities", "homeroom/delivery/sendgrid"}, nil},
	{"homeroom/delivery", "the contract does not know the provider", []string{temporal, nats, sendgrid, cel}, nil},
	{"homeroom/delivery/sendgrid", "an adapter knows its provider only", []string{temporal, nats, cel, "homeroom/rules", "homeroom/store", "homeroom/edge"}, nil},
	{"homeroom/delivery/sendertest", "the suite knows no provider", []string{temporal, nats, sendgrid, cel}, nil},
	{"homeroom/store", "the store does not know Temporal", []string{temporal, sendgrid, cel}, nil},
	{"homeroom/publish", "publishing goes through interfaces and Temporal's client", []string{sendgrid, "homeroom/app", "homeroom/triggers", "homeroom/delivery/sendgrid"}, nil},
	{"homeroom/importer", "an import knows stores and Temporal's client, no terminal and no folder of rules", []string{sendgrid, cel, kong, "homeroom/rules", "homeroom/app", "homeroom/internal/cli"}, nil},
	{"homeroom/deadletters", "dead letters are known without Temporal, rules or a terminal", []string{temporal, sendgrid, cel, kong, "homeroom/rules", "homeroom/app", "homeroom/admin", "homeroom/internal/cli"}, nil},
	{"homeroom/telemetry", "telemetry wraps the seams, and knows nothing behind them", []string{sendgrid, cel, "homeroom/store", "homeroom/rules", "homeroom/app"}, nil},
	{"homeroom/doctor", "the doctor is told what the app needs", []string{"homeroom/app", "homeroom/triggers", "homeroom/telemetry"}, nil},
	{"homeroom/cmd/homeroom", "the production binary carries no server and no stand-in", slices.Concat([]string{"homeroom/internal/standin", "homeroom/internal/natstest", "homeroom/internal/temporaltest", "homeroom/internal/clitest"}, servers, testOnly), nil},
}

// directWalls hold for what a package itself imports: NATS and Temporal's client bring net/http along. With only, no other packages of Homeroom may be
// imported.
var directWalls = []wall{
	{"homeroom/admin", "what people can ask or do needs no terminal and no HTTP", []string{kong, "homeroom/internal/cli", "net/http", "os", "flag"}, nil},
	{"homeroom/internal/printing", "printing knows the types of answers, and no flags, servers or files", []string{kong, temporal, nats, "os", "flag", "net/http"}, []string{
		"homeroom/admin", "homeroom/catalog", "homeroom/deadletters", "homeroom/engine", "homeroom/experiment", "homeroom/importer", "homeroom/report", "homeroom/rules", "homeroom/simulate", "homeroom/subjects",
		"homeroom/internal/cells", "homeroom/internal/narrate",
	}},
	{"homeroom/internal/cli", "the command line asks admin and app, and has printed what they answer", []string{temporal, nats}, []string{
		"homeroom/admin", "homeroom/app", "homeroom/console", "homeroom/internal/printing",
		// The types of answers, and what parses the values of flags.
		"homeroom/catalog", "homeroom/deadletters", "homeroom/engine", "homeroom/experiment", "homeroom/importer", "homeroom/report", "homeroom/rules", "homeroom/rules/ruletest", "homeroom/simulate", "homeroom/subjects",
		// Logs, metrics and the codec server of the process itself.
		"homeroom/telemetry", "homeroom/internal/codec", "homeroom/internal/guard",
		// Printing and reading.
		"homeroom/internal/cells", "homeroom/internal/narrate", "homeroom/internal/rfc3339", "homeroom/internal/safefiles",
	}},
	{"homeroom/console", "the pages ask admin, and print what it answers", []string{kong, temporal, nats}, []string{
		"homeroom/admin", "homeroom/deadletters", "homeroom/engine", "homeroom/internal/guard", "homeroom/internal/narrate", "homeroom/rules",
	}},
	{"homeroom/importer", "an import needs no terminal and no HTTP", []string{kong, "net/http", "flag"}, nil},
	{"homeroom/deadletters", "dead letters need no terminal, no HTTP and no files", []string{kong, "net/http", "os", "flag"}, nil},
}

func TestDirectWallsStand(t *testing.T) {
	for _, w := range directWalls {
		t.Run(strings.TrimPrefix(w.pkg, "homeroom/"), func(t *testing.T) {
			out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, w.pkg).CombinedOutput()
			if err != nil {
				t.Fatalf("go list %s: %v\n%s", w.pkg, err, out)
			}
			for _, imported := range strings.Fields(string(out)) {
				if slices.ContainsFunc(w.banned, func(banned string) bool {
					return imported == banned || strings.HasSuffix(banned, "/") && strings.HasPrefix(imported, banned)
				}) || w.only != nil && strings.HasPrefix(imported, "homeroom/") && !slices.Contains(w.only, imported) {
					t.Errorf("%s must not import %s: %s", w.pkg, imported, w.why)
				}
			}
		})
	}
}

func TestWallsStand(t *testing.T) {
	for _, w := range walls {
		t.Run(strings.TrimPrefix(w.pkg, "homeroom/"), func(t *testing.T) {
			for _, dep := range deps(t, w.pkg) {
				if w.breaks(dep) {
					t.Errorf("%s must not depend on %s: %s", w.pkg, dep, w.why)
				}
			}
		})
	}
}

func (w wall) breaks(dep string) bool {
	if dep == w.pkg {
		return false
	}
	for _, prefix := range w.banned {
		if strings.HasPrefix(dep, prefix) {
			return true
		}
	}
	if w.only == nil {
		return false
	}
	for _, prefix := range w.only {
		if strings.HasPrefix(dep, prefix) {
			return false
		}
	}
	return true
}

// deps lists what a package depends on outside the standard library.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go list -deps %s: %v\n%s", pkg, err, out)
	}
	return strings.Fields(string(out))
}
