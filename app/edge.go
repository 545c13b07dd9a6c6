package app

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
	"homeroom/edge"
	"homeroom/internal/links"
	"homeroom/profile"
	"homeroom/rules"
	"homeroom/store"
)

// EdgeOptions are how the public pages and the webhook are served.
type EdgeOptions struct {
	// Listener is what the edge accepts from; it is closed by Stop. Required.
	Listener net.Listener
	// WebhookKey is the key that the provider signs its webhooks with; nil: there are no webhooks.
	WebhookKey *ecdsa.PublicKey
	// WebhookMaxAge is how old a signed webhook may be; 0: any age, because it is not documented whether SendGrid signs
	// a repeated post anew.
	WebhookMaxAge time.Duration
	// RatePerMinute and TrustProxy: see edge.Options.
	RatePerMinute int
	TrustProxy    bool
}

// newEdge builds the HTTP server for requests from outside: learners' pages and providers' webhooks. flush publishes what the edge holds back; it is for when no more requests come.
func newEdge(st *store.Store, revs *revisions, read *links.Links, installation string, o Options) (server *http.Server, flush func(), err error) {
	people := store.People{Profiles: st.Profiles, Suppressions: st.Suppressions}
	reports, err := delivery.NewReportHandler(delivery.ReportHandlerOptions{
		Ledger:       st.Sends,
		Suppressions: st.Suppressions,
		People:       people,
		Events:       st.Events,
		Decisions:    o.Telemetry.Publisher(st.Decisions),
		Now:          o.Clock.Now,
		CallingFor:   o.Clock.Scale(delivery.CallingTimeout),
	})
	if err != nil {
		return nil, nil, err
	}
	hook, err := sendgrid.NewWebhook(sendgrid.WebhookOptions{
		Reports: o.Telemetry.Reports(reports),
		Key:     o.Edge.WebhookKey,
		MaxAge:  o.Edge.WebhookMaxAge,
		Client:  func(r *http.Request) string { return edge.ClientAddress(r, o.Edge.TrustProxy) },
		Now:     o.Clock.Now,
		Log:     o.Log,
	})
	if err != nil {
		return nil, nil, err
	}
	e, err := edge.New(edge.Options{
		Links:         read,
		People:        preferences{people},
		Shares:        st.Links,
		Events:        st.Events,
		Unknown:       store.ErrNotFound,
		Webhooks:      []edge.Webhook{{Path: sendgrid.WebhookPath, Handler: hook}},
		Topics:        revs.topicsInForce,
		Site:          revs.siteInForce,
		Targets:       revs.declaresTarget,
		Installation:  installation,
		Now:           o.Clock.Now,
		Log:           o.Log,
		RatePerMinute: o.Edge.RatePerMinute,
		TrustProxy:    o.Edge.TrustProxy,
	})
	if err != nil {
		return nil, nil, err
	}
	return &http.Server{
		Handler:           o.Telemetry.Edge(e),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}, e.Flush, nil
}

// serveEdge serves the edge's requests in the background until Stop.
func (a *App) serveEdge(ln net.Listener) {
	a.background.Go(func() {
		if err := a.edge.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			a.reportFailure(fmt.Errorf("the edge stopped serving at %s: %w", ln.Addr(), err))
		}
	})
}

// edgeGrace is how long Stop waits for requests that are being answered.
const edgeGrace = 5 * time.Second

func (a *App) stopEdge() {
	ctx, cancel := context.WithTimeout(context.Background(), edgeGrace)
	defer cancel()
	if err := a.edge.Shutdown(ctx); err != nil {
		_ = a.edge.Close()
	}
	a.flushEdge()
}

// preferences read and write what learners chose about their mail, in the form that the edge's pages need.
type preferences struct{ people store.People }

// Preferences implements edge.People.
func (p preferences) Preferences(ctx context.Context, learner string) (edge.PreferencesPage, error) {
	prefs, err := p.people.Preferences(ctx, learner)
	if err != nil {
		return edge.PreferencesPage{}, err
	}
	if !prefs.Known {
		return edge.PreferencesPage{}, fmt.Errorf("the learner's profile: %w", store.ErrNotFound)
	}
	page := edge.PreferencesPage{
		Locale:     prefs.Locale,
		Everything: !prefs.All && (prefs.Consent == nil || *prefs.Consent),
		Consented:  prefs.Consent != nil && *prefs.Consent,
		Topics:     map[string]bool{},
		Suppressed: prefs.Suppressed,
	}
	for _, topic := range prefs.Left {
		page.Topics[topic] = false
	}
	for _, topic := range prefs.Chosen {
		page.Topics[topic] = true
	}
	return page, nil
}

// Choose implements edge.People.
func (p preferences) Choose(ctx context.Context, learner string, c edge.Choice, at time.Time) error {
	return p.people.Choose(ctx, learner, profile.Choice{Everything: c.Everything, Topics: c.Topics, Lift: c.Lift, ForAddress: c.ForAddress}, at)
}

// topicsInForce returns the topics of the revision in force, by name; none if no revision is in force.
func (r *revisions) topicsInForce() []edge.Topic {
	f := r.inForce.Load()
	if f == nil {
		return nil
	}
	declared := f.academy.Settings.Topics
	list := make([]edge.Topic, 0, len(declared))
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		words := f.academy.Topics[name]
		list = append(list, edge.Topic{Name: name, Default: declared[name], Titles: words.Titles, Abouts: words.Abouts})
	}
	return list
}

// siteInForce returns name, address and color of the academy in force, as learners' pages show them; empty if none is in force.
func (r *revisions) siteInForce() edge.Site {
	f := r.inForce.Load()
	if f == nil {
		return edge.Site{}
	}
	return siteOf(f.academy)
}

func siteOf(a *rules.Academy) edge.Site {
	site := a.Library.Site()
	return edge.Site{Name: site.Sender.Name, HomeURL: site.PublicURL, Accent: site.Accent, PostalAddress: site.Sender.PostalAddress}
}

// declaresTarget reports whether a target is declared by any revision whose links learners may still have.
func (r *revisions) declaresTarget(target string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.byHash {
		if c.academy != nil && c.academy.Library.Declares(target) {
			return true
		}
	}
	return false
}
