package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"homeroom/internal/guard"
	"homeroom/internal/links"
)

// ErrUnknown says that there is no such record, above all because the learner was erased. See [Options.Unknown].
var ErrUnknown = errors.New("no such record")

// Reader reads the addresses that learners were given; [links.Links] does. Its errors are links.ErrForged and
// links.ErrExpired, with which the content is returned too.
type Reader interface {
	ReadUnsubscribe(token string, now time.Time) (links.Ref, error)
	ReadPreferences(token string, now time.Time) (links.Ref, error)
	ReadShare(token string, now time.Time) (keptAs, place string, err error)
	// Preferences makes the link that the unsubscribe page leads on to.
	Preferences(r links.Ref, at time.Time) string
}

// People keeps what learners want. What it returns without an error is stored. Of an erased learner the error is
// [Options.Unknown], and nothing is written; any other error means "not now".
type People interface {
	Preferences(ctx context.Context, learner string) (PreferencesPage, error)
	// Choose takes in what the learner said at a time, all of it or nothing. To say the same again is not an error. An
	// older statement never overrules a newer one.
	Choose(ctx context.Context, learner string, c Choice, at time.Time) error
}

// PreferencesPage is what a learner wants, as it is now.
type PreferencesPage struct {
	Locale string // BCP 47; empty: not known
	// Everything is false for those who left everything, or took their consent back.
	Everything bool
	// Consented: they said yes to mail as such, so that topics that are off by default are on unless left.
	Consented bool
	// Topics are those they left (false) or chose (true) by name; the others are as declared.
	Topics map[string]bool
	// Suppressed is why their address is not written to: "bounced", "soft_bounced", "complained" or "unsubscribed"; empty: it is.
	Suppressed string
}

// Choice is what a learner says. What is absent stays as it is.
type Choice struct {
	// Everything: false leaves everything; true comes back, with the topics as they were, and takes back a refused
	// consent. It lifts a suppression whose reason is "unsubscribed". Topics that come with it count, whichever it is.
	Everything *bool
	Topics     map[string]bool // false: leave, true: join
	// Lift takes the learner's address off the suppression list, whatever the reason, unless it was erased.
	Lift bool
	// ForAddress: topics are left for the mailbox, whoever has it. A mail program's one click says so.
	ForAddress bool
}

// Shares finds what lies behind share and referral links. Of what is not kept the error is [Options.Unknown].
type Shares interface {
	Shared(ctx context.Context, key string) (links.Shared, error)
	Referral(ctx context.Context, code string) (links.Referred, error)
}

// Events takes what happened here to the stream of events. The same id is the same event.
type Events interface {
	Publish(ctx context.Context, learner, event, id string, at time.Time, properties map[string]any) error
}

// Topic is one that learners can leave and choose.
type Topic struct {
	Name    string // as in settings.yaml
	Default bool   // whether those who never chose get it
	// Titles and Abouts are what learners read, by language ("de"); "" stands for those that have none. Where there is neither, the name itself is made
	// readable.
	Titles, Abouts map[string]string
}

// Site is the academy, as its learners know it.
type Site struct {
	Name          string
	HomeURL       string // http or https; empty: no link
	Accent        string // #rrggbb; empty: a calm green
	PostalAddress string
}

// Webhook is where a provider posts what became of its messages. Its handler limits and verifies the posts itself; an Edge
// adds its security headers only.
type Webhook struct {
	Path    string // such as "/webhooks/sendgrid"; only POST reaches the handler
	Handler http.Handler
}

// Options are what an Edge needs. What is marked optional may be left out.
type Options struct {
	Links  Reader
	People People
	Shares Shares
	Events Events
	// Unknown is the error by which People and Shares say that there is no such record; optional: ErrUnknown.
	Unknown error

	Webhooks []Webhook // of the providers; optional: none

	Topics  func() []Topic        // declared now, in the order to show; optional: none
	Site    func() Site           // optional: no name
	Targets func(url string) bool // whether a redirect may lead there

	// Installation is what the edge answers on [CheckPath], so that the doctor knows which installation learners reach; optional.
	Installation string

	Now func() time.Time
	Log *slog.Logger // optional: silence
	// RatePerMinute is how many requests a minute one client address may make; 0: 120. Unsubscribing is counted by link
	// instead, because mail providers do it for many people from few addresses. Webhooks are not counted.
	RatePerMinute int
	// TrustProxy: a proxy that sets X-Forwarded-For and X-Forwarded-Proto is in front, always.
	TrustProxy bool
}

// Edge answers what comes from outside. It may be used concurrently.
type Edge struct {
	o      Options
	mux    *http.ServeMux
	served http.Handler // the mux behind its guard
	limit  *limiter
	held   *heldClicks
}

// New returns an Edge; the error says what Options lack.
func New(o Options) (*Edge, error) {
	for _, need := range []struct {
		name string
		ok   bool
	}{
		{"Links", o.Links != nil}, {"People", o.People != nil}, {"Shares", o.Shares != nil}, {"Events", o.Events != nil},
		{"Targets", o.Targets != nil}, {"Now", o.Now != nil},
	} {
		if !need.ok {
			return nil, fmt.Errorf("the edge needs Options.%s", need.name)
		}
	}
	if o.Unknown == nil {
		o.Unknown = ErrUnknown
	}
	if o.Topics == nil {
		o.Topics = func() []Topic { return nil }
	}
	if o.Site == nil {
		o.Site = func() Site { return Site{} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.RatePerMinute <= 0 {
		o.RatePerMinute = defaultRate
	}
	e := &Edge{o: o, mux: http.NewServeMux(), limit: newLimiter(o.RatePerMinute)}
	e.held = newHeldClicks(func(f pageEvent) { e.publishPageEvent(context.Background(), f) })
	e.registerRoutes()
	e.served = guard.Requests(e.mux, guard.Options{
		Report: guard.LogTo(o.Log, "a request of the edge panicked", guard.LogPattern), // its path holds a learner's token
		Answer: func(w http.ResponseWriter, r *http.Request) { e.serveNotice(w, r, "", http.StatusInternalServerError) },
	})
	return e, nil
}

// Flush publishes the clicks that are held back, see [shareWindow]. Call it when no more requests come.
func (e *Edge) Flush() { e.held.releaseAll() }

func (e *Edge) registerRoutes() {
	for _, hook := range e.o.Webhooks {
		e.mux.Handle("POST "+hook.Path, hook.Handler)
	}
	e.mux.HandleFunc("GET /healthz", e.serveHealth)
	e.mux.HandleFunc("GET "+CheckPath, e.perClient("check", e.serveCheck))
	e.mux.HandleFunc("GET /u/{token}", e.perClient("unsubscribe", e.askLeave))
	e.mux.HandleFunc("POST /u/{token}", e.serveUnsubscribe) // limits by link
	e.mux.HandleFunc("GET /p/{token}", e.perClient("preferences", e.showPreferences))
	e.mux.HandleFunc("POST /p/{token}", e.perClient("preferences", e.savePreferences))
	e.mux.HandleFunc("GET /s/{token}", e.perClient("share", e.serveShareLink))
	e.mux.HandleFunc("GET /r/{code}", e.perClient("referral", e.serveReferralLink))
	e.mux.HandleFunc("/", e.perClient("other", e.serveNotFound))
}

// ServeHTTP answers a request.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.setSecurityHeaders(w.Header(), r)
	e.served.ServeHTTP(w, r)
}

func (e *Edge) serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}

// CheckPath is where an edge says which installation it is of. It lies among the learners' pages, so that a proxy which passes these on
// passes it on too.
const CheckPath = "/p/homeroom-check"

// checkAnswer stands before the installation in the answer on CheckPath.
const checkAnswer = "homeroom edge "

func (e *Edge) serveCheck(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, checkAnswer+e.o.Installation)
}

// ParseCheck reads an answer on [CheckPath]. It reports whether an edge of Homeroom wrote it, and of which installation.
func ParseCheck(answer []byte) (installation string, ok bool) {
	installation, ok = strings.CutPrefix(string(answer), checkAnswer)
	return strings.TrimSpace(installation), ok
}

// isUnknown reports whether an error of People or Shares means that there is no such record.
func (e *Edge) isUnknown(err error) bool { return errors.Is(err, e.o.Unknown) }
