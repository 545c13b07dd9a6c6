package delivery_test

import (
	"context"
	"errors"
	"homeroom/delivery/email"
	"homeroom/delivery/inapp"
	"sync"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/ledgertest"
	"homeroom/engine"
	"homeroom/internal/links"
)

// world is everything outside the Deliverer, on a virtual clock.
type world struct {
	t      *testing.T
	now    time.Time
	waits  []time.Duration
	paused bool
	to     delivery.Recipient
	ledger *ledgertest.Memory
	// answers are what the provider says, in turn; then it accepts. Each is an error or nil.
	answers  []error
	calls    int // how often the provider was called
	accepted int // how many messages it took, whatever it said
	last     email.Email
	nudges   map[string]inapp.Nudge // what the platform got, by id: a repeat is recognized
	targets  map[string]string      // where the composed message's links lead
	shared   []links.Shared
	referred map[string]links.Referred
	compose  error
	allow    []string
	// onCall is called at every contact with the outside; it may panic: a crash.
	onCall func(step string)
	// lost tells that the provider took the message although its answer is an error (a timeout, a reset).
	lost func(err error) bool
}

func newWorld(t *testing.T) *world {
	return &world{
		t:        t,
		now:      start,
		ledger:   new(ledgertest.Memory),
		to:       delivery.Recipient{Address: "ada@example.org", Profile: engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}},
		nudges:   map[string]inapp.Nudge{},
		referred: map[string]links.Referred{},
		onCall:   func(string) {},
		lost:     func(error) bool { return false },
	}
}

// addresses are the links of a world: as plain as can be.
type addresses struct{}

func (addresses) Unsubscribe(s engine.Send) string { return "https://academy.example/u/" + s.ID }

func (addresses) Preferences(s engine.Send) string { return "https://academy.example/p/" + s.ID }

func (addresses) Share(s engine.Send, place string) string {
	return "https://academy.example/s/" + s.ID + "/" + place
}

func (addresses) Referral(learner string) (code, url string) {
	return "CODE" + learner, "https://academy.example/r/CODE" + learner
}

func (w *world) deliverer() *delivery.Deliverer { return w.with(func(*delivery.Options) {}) }

// with is a deliverer in w with other options.
func (w *world) with(change func(*delivery.Options)) *delivery.Deliverer {
	w.t.Helper()
	allow, err := delivery.NewAllowList(w.allow)
	if err != nil {
		w.t.Fatal(err)
	}
	o := delivery.Options{
		Switch:     w,
		Ledger:     stepLedger{w},
		Recipients: w,
		Composer:   w,
		Channels:   w.channels(w),
		Allow:      allow,
		Links:      addresses{},
		LinkStore:  w,
		Now:        func() time.Time { return w.now },
		Wait: func(ctx context.Context, d time.Duration) error {
			w.onCall("wait")
			if ctx.Err() != nil {
				return ctx.Err()
			}
			w.waits = append(w.waits, d)
			w.now = w.now.Add(d)
			return nil
		},
	}
	change(&o)
	d, err := delivery.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// channels are both channels, with another sender if the test has one of its own.
func (w *world) channels(sender email.Sender) delivery.Channels {
	w.t.Helper()
	channels, err := delivery.NewChannels(email.New(sender), inapp.New(w))
	if err != nil {
		w.t.Fatal(err)
	}
	return channels
}

func (w *world) Paused(context.Context) (bool, error) {
	w.onCall("switch")
	return w.paused, nil
}

func (w *world) Recipient(context.Context, string) (delivery.Recipient, error) {
	w.onCall("recipient")
	return w.to, nil
}

func (w *world) Compose(_ context.Context, _ engine.Send, _ delivery.Recipient, o content.Outward) (delivery.Message, error) {
	w.onCall("compose")
	return delivery.Message{
		From: "hello@academy.example",
		Rendered: content.Rendered{
			Subject:  "S",
			HTML:     "<p>H</p>",
			Text:     "T " + o.Unsubscribe,
			Fragment: "H",
			Plain:    "T",
			Targets:  w.targets,
			Actions:  []content.Action{{Label: "Post on X", URL: o.Share("x")}, {Label: "Invite", URL: o.ReferralURL}},
		},
	}, w.compose
}

func (w *world) KeepShared(_ context.Context, s links.Shared) error {
	w.onCall("keep")
	w.shared = append(w.shared, s)
	return nil
}

func (w *world) KeepReferral(_ context.Context, code string, r links.Referred) error {
	w.onCall("keep referral")
	w.referred[code] = r
	return nil
}

func (w *world) Announce(_ context.Context, n inapp.Nudge) (delivery.Receipt, error) {
	w.onCall("before send")
	w.calls++
	_, known := w.nudges[n.ID]
	answer := w.answer(!known)
	if answer == nil || w.lost(answer) {
		w.nudges[n.ID] = n
	}
	w.onCall("after send")
	return delivery.Receipt{MessageID: "7"}, answer
}

// answer is what the provider says next; news tells that it has not got this message yet.
func (w *world) answer(news bool) error {
	var answer error
	if len(w.answers) > 0 {
		answer = w.answers[0]
		w.answers = w.answers[1:]
	}
	if news && (answer == nil || w.lost(answer)) {
		w.accepted++
	}
	return answer
}

func (w *world) Send(_ context.Context, m email.Email) (delivery.Receipt, error) {
	w.onCall("before send")
	w.calls++
	w.last = m
	answer := w.answer(true)
	w.onCall("after send")
	if answer != nil {
		return delivery.Receipt{}, answer
	}
	return delivery.Receipt{MessageID: "msg-1"}, nil
}

// stepLedger lets a crash happen before and after each write.
type stepLedger struct{ w *world }

func (l stepLedger) Get(ctx context.Context, id string) (delivery.Entry, error) {
	l.w.onCall("get")
	return l.w.ledger.Get(ctx, id)
}

func (l stepLedger) Put(ctx context.Context, id string, e delivery.Entry) (delivery.Entry, error) {
	l.w.onCall("before " + string(e.Phase))
	next, err := l.w.ledger.Put(ctx, id, e)
	l.w.onCall("after " + string(e.Phase))
	return next, err
}

func (w *world) deliver() engine.Outcome {
	w.t.Helper()
	out, err := w.deliverer().Deliver(w.t.Context(), send)
	if err != nil {
		w.t.Fatalf("Deliver: %v", err)
	}
	return out
}

func (w *world) phase() delivery.Phase { return w.ledger.Entries()[send.ID].Phase }

func answer(class delivery.Class, status int, words string) error {
	return &delivery.Error{Class: class, Status: status, Message: words}
}

// flakyLedger fails some writes in a row, beginning with the fail-th; stored tells whether they are stored all the same.
type flakyLedger struct {
	*ledgertest.Memory
	fail, times int
	stored      bool
	puts        int
}

func (l *flakyLedger) Put(ctx context.Context, id string, e delivery.Entry) (delivery.Entry, error) {
	l.puts++
	if l.puts < l.fail || l.puts >= l.fail+l.times {
		return l.Memory.Put(ctx, id, e)
	}
	if l.stored {
		if _, err := l.Memory.Put(ctx, id, e); err != nil {
			return delivery.Entry{}, err
		}
	}
	return delivery.Entry{}, errors.New("no answer from the ledger")
}

func untilItEndsWith(t *testing.T, w *world, l delivery.Ledger) engine.Outcome {
	t.Helper()
	for range 10 {
		out, err := w.with(func(o *delivery.Options) { o.Ledger = l }).Deliver(t.Context(), send)
		switch {
		case err != nil:
		case out.Status == engine.OutcomeRetry:
			w.now = out.RetryAt
		default:
			return out
		}
	}
	t.Fatal("the send never came to its end")
	return engine.Outcome{}
}

// provider says "not now" to the first call and takes every other.
type provider struct {
	mu          sync.Mutex
	calls, took int
}

func (p *provider) Send(context.Context, email.Email) (delivery.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.calls == 1 {
		return delivery.Receipt{}, answer(delivery.Retry, 503, "down")
	}
	p.took++
	return delivery.Receipt{}, nil
}
