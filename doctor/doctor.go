package doctor

import (
	"context"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"homeroom/internal/clock"
	"homeroom/store"
)

// Status is how a check came out.
type Status string

// The statuses of a check.
const (
	OK         Status = "ok"
	Warning    Status = "warning"     // it runs; somebody should know
	Failed     Status = "failed"      // it does not run, or something gets lost
	NotChecked Status = "not_checked" // it could not be checked, because of what another finding says or because a permission is missing
)

// Finding is what came of one check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"verdict"`
	Says   string `json:"says"`
	Do     string `json:"do,omitempty"` // what to do about it
}

// Mail is what is asked of the provider of mail; *sendgrid.Sender answers. Nothing is sent.
type Mail interface {
	Permissions(ctx context.Context) ([]string, error)
	MaySendAs(ctx context.Context, address string) (bool, error)
}

// Options say how to reach what is looked at. All are required unless they say otherwise.
type Options struct {
	NATS     func() (*nats.Conn, jetstream.JetStream, error)
	Temporal func(ctx context.Context) (client.Client, string, error) // and its namespace
	Mail     func() (Mail, error)
	MailHost string               // of the provider, for words
	Push     func() (Push, error) // nil: there is no service account, and nothing is said of it
	// SearchAttributes are those that the namespace must have.
	SearchAttributes map[string]enums.IndexedValueType
	// Store says how streams are made that are missing; what exists is held against it.
	Store store.Options
	// PublicURL is where learners reach the edge; empty: it is not asked.
	PublicURL string
	HTTP      *http.Client // for PublicURL; nil: one that waits for ten seconds
	Now       func() time.Time
}

// partTimeout bounds what is asked of one server.
const partTimeout = 15 * time.Second

// Examine asks everything and returns the findings in the order in which they are best read.
func Examine(ctx context.Context, o Options) []Finding {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	e := &examination{opts: o}
	for _, part := range []func(context.Context){e.checkNATS, e.checkTemporal, e.checkMail, e.checkPush, e.checkPublicURL} {
		func() {
			ctx, cancel := context.WithTimeout(ctx, partTimeout)
			defer cancel()
			part(ctx)
		}()
	}
	return e.findings
}

// Healthy reports whether nothing failed.
func Healthy(findings []Finding) bool {
	for _, f := range findings {
		if f.Status == Failed {
			return false
		}
	}
	return true
}

// examination is one under way.
type examination struct {
	opts     Options
	findings []Finding
	senders  []string      // the addresses that mail comes from, sorted; none: not known
	skew     time.Duration // how far the store's clock is ahead
	edges    []string      // the installations that the live edges say they are of
	posts    bool          // a live instance takes events over HTTP
	clock    clock.Clock   // the one on which the live instances run
	standIn  bool          // a live instance hands its mail to a stand-in of the provider
	denied   []string      // subjects on which the NATS user may not ask
	unserved []string      // subjects that the NATS account of the user does not import, so that nobody answers
}

func (e *examination) addFinding(check string, status Status, says, do string) {
	e.findings = append(e.findings, Finding{check, status, says, do})
}

func (e *examination) reportOK(check, says string)          { e.addFinding(check, OK, says, "") }
func (e *examination) reportWarning(check, says, do string) { e.addFinding(check, Warning, says, do) }
func (e *examination) reportFailure(check, says, do string) { e.addFinding(check, Failed, says, do) }

func (e *examination) reportNotChecked(why string, checks ...string) {
	for _, check := range checks {
		e.addFinding(check, NotChecked, why, "")
	}
}
