package faulttest

import (
	"context"
	"errors"
	"homeroom/delivery/email"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
	"homeroom/edge"
	"homeroom/engine"
	"homeroom/internal/links"
	"homeroom/internal/standin"
	"homeroom/store"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// How long an adapter waits here: for an answer that comes, longer than a busy machine takes; for one that does not come, longer than it takes to read the
// request.
const (
	answerTime   = time.Minute
	noAnswerTime = 2 * time.Second
)

// clock is the time of one case; waiting moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) to(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t
	}
}

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.to(c.Now().Add(d))
	return ctx.Err()
}

// provider is a stand-in SendGrid with an edge that hears of it.
type provider struct {
	*standin.Listener
	clock *clock
}

func newProvider(t *testing.T, st *store.Store) *provider {
	t.Helper()
	c := &clock{now: start}
	l, err := standin.New(standin.Options{Now: c.Now, Webhook: standin.Webhook{Batch: 10 * time.Millisecond}}).Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	key, err := sendgrid.ParsePublicKey(l.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	reports, err := delivery.NewReportHandler(delivery.ReportHandlerOptions{
		Ledger:       st.Sends,
		Suppressions: st.Suppressions,
		People:       store.People{Profiles: st.Profiles, Suppressions: st.Suppressions},
		Events:       st.Events,
		Decisions:    st.Decisions,
		Now:          c.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := links.New("https://learn.example.org", []byte("a secret of this test"))
	if err != nil {
		t.Fatal(err)
	}
	hook, err := sendgrid.NewWebhook(sendgrid.WebhookOptions{
		Reports: reports,
		Key:     key,
		Client:  func(r *http.Request) string { return edge.ClientAddress(r, false) },
		Now:     c.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := edge.New(edge.Options{
		Links:    made,
		People:   nobody{},
		Shares:   st.Links,
		Events:   st.Events,
		Webhooks: []edge.Webhook{{Path: sendgrid.WebhookPath, Handler: hook}},
		Targets:  func(string) bool { return false },
		Now:      c.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	outside := httptest.NewServer(e)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			t.Error(err)
		}
		outside.Close()
	})
	if err := l.SetWebhook(outside.URL + "/webhooks/sendgrid"); err != nil {
		t.Fatal(err)
	}
	return &provider{Listener: l, clock: c}
}

// sender is the real adapter on the stand-in, or on a port where nobody listens. It waits for answers as long as timeout.
func (p *provider) sender(t *testing.T, host string, timeout time.Duration) *sendgrid.Sender {
	t.Helper()
	s, err := sendgrid.New(sendgrid.Options{APIKey: "SG.stand-in", Host: host, Timeout: timeout, Now: p.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// deliverer is one process's.
func (p *provider) deliverer(t *testing.T, st *store.Store, ledger delivery.Ledger, sender email.Sender, allow ...string) *delivery.Deliverer {
	t.Helper()
	list, err := delivery.NewAllowList(allow)
	if err != nil {
		t.Fatal(err)
	}
	channels, err := delivery.NewChannels(email.New(sender))
	if err != nil {
		t.Fatal(err)
	}
	d, err := delivery.New(delivery.Options{
		Switch:     st.Control,
		Ledger:     ledger,
		Recipients: people{st},
		Composer:   composer{},
		Channels:   channels,
		Allow:      list,
		Links:      addresses{},
		LinkStore:  st.Links,

		SettleAfter: delivery.SettleAfter,

		Now:  p.clock.Now,
		Wait: p.clock.wait,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type people struct{ st *store.Store }

func (p people) Recipient(ctx context.Context, learner string) (delivery.Recipient, error) {
	known, err := p.st.Profiles.Profile(ctx, learner)
	if err != nil {
		return delivery.Recipient{}, err
	}
	stored, err := p.st.Profiles.Get(ctx, learner)
	return delivery.Recipient{Address: stored.Email, Profile: known}, err
}

type composer struct{}

func (composer) Compose(context.Context, engine.Send, delivery.Recipient, content.Outward) (delivery.Message, error) {
	return delivery.Message{From: "maya@academy.example", Rendered: content.Rendered{Subject: "One more try?", HTML: "<p>Hello</p>", Text: "Hello"}}, nil
}

type addresses struct{}

func (addresses) Unsubscribe(s engine.Send) string { return "https://learn.example.org/u/" + s.ID }
func (addresses) Preferences(s engine.Send) string { return "https://learn.example.org/p/" + s.ID }
func (addresses) Share(s engine.Send, place string) string {
	return "https://learn.example.org/s/" + s.ID
}
func (addresses) Referral(learner string) (code, url string) {
	return "CODE", "https://learn.example.org/r/CODE"
}

// nobody uses the pages here.
type nobody struct{}

var errNobody = errors.New("nobody uses the pages here")

func (nobody) Preferences(context.Context, string) (edge.PreferencesPage, error) {
	return edge.PreferencesPage{}, errNobody
}
func (nobody) Choose(context.Context, string, edge.Choice, time.Time) error { return errNobody }
