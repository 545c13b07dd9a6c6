package faulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/webhook"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/internal/targetstandin"
	"homeroom/store"
)

// webhookTableFile is the table of the channel webhook as this test found it last.
const webhookTableFile = "../../docs/crash-and-faults-webhook.md"

// targetFault is what a target does to the first posts; later ones are answered as they should be.
type targetFault struct {
	name    string
	faults  []targetstandin.Fault
	refused bool // nobody listens, once
}

var targetFaults = []targetFault{
	{name: "204 taken"},
	{name: "400 bad request", faults: []targetstandin.Fault{{Status: 400}}},
	{name: "401, another secret for an hour", faults: []targetstandin.Fault{{Status: 401, Times: 6}}},
	{name: "410 gone, once", faults: []targetstandin.Fault{{Status: 410}}},
	{name: "429, come back in ten minutes", faults: []targetstandin.Fault{{Status: 429, RetryAfter: "600"}}},
	{name: "500, not taken", faults: []targetstandin.Fault{{Status: 500}}},
	{name: "500, taken", faults: []targetstandin.Fault{{Status: 500, Taken: true}}},
	{name: "503 for two minutes", faults: []targetstandin.Fault{{Status: 503, Times: 6}}},
	{name: "504, taken", faults: []targetstandin.Fault{{Status: 504, Taken: true}}},
	{name: "a redirect, once", faults: []targetstandin.Fault{{Status: 308, Location: "https://elsewhere.example/"}}},
	{name: "reset, not taken", faults: []targetstandin.Fault{{Reset: true}}},
	{name: "reset, taken", faults: []targetstandin.Fault{{Reset: true, Taken: true}}},
	{name: "no answer, not taken", faults: []targetstandin.Fault{{Hold: true, Reset: true}}},
	{name: "no answer, taken", faults: []targetstandin.Fault{{Hold: true, Taken: true}}},
	{name: "connection refused", refused: true},
}

// webhookRow is what came of one message.
type webhookRow struct {
	step, fault        string
	posts, ids, repeat int // at the target
	phase              delivery.Phase
	outcome, verdict   string
}

// TestWebhookTable walks every step × every fault of a target. A crash is followed by another process that takes the send up.
func TestWebhookTable(t *testing.T) {
	_, _, st := natstest.Open(t)
	var rows []webhookRow
	for _, at := range steps {
		for _, f := range targetFaults {
			rows = append(rows, webhookRow{step: string(at), fault: f.name})
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for n := range rows {
		at := steps[n/len(targetFaults)]
		f := targetFaults[n%len(targetFaults)]
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			walkWebhook(t, st, at, f, &rows[n])
		})
	}
	wg.Wait()
	for _, r := range rows {
		if r.verdict == "" {
			t.Errorf("%s, %s: %s with %d messages at the target, and the ledger says %s", r.step, r.fault, r.outcome, r.ids, r.phase)
		}
	}
	table := renderWebhook(rows)
	if *rewrite {
		if err := os.WriteFile(webhookTableFile, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(webhookTableFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(table)) {
		t.Errorf("%s is not what was found; run with -rewrite and read the diff\n%s", webhookTableFile, table)
	}
}

// walkWebhook takes one message through one crash and one fault.
func walkWebhook(t *testing.T, st *store.Store, at step, f targetFault, r *webhookRow) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	target, err := targetstandin.New(targetstandin.Options{})
	if err != nil {
		t.Error(err)
		return
	}
	server := httptest.NewServer(target)
	defer server.Close()
	target.Fail(f.faults...)
	c := &clock{now: start}
	send := engine.Send{
		ID:      fmt.Sprintf("snd-webhook-%s-%s", at, f.name),
		Learner: "u_webhook",
		Rule:    "live-class",
		Run:     "run",
		Step:    "0",
		Message: "soon",
		Channel: engine.ChannelWebhook,
		At:      start,
	}
	life := &mortal{Ledger: st.Sends, at: at}
	poster := newPoster(t, server.URL, answerTime)
	if slices.ContainsFunc(f.faults, func(s targetstandin.Fault) bool { return s.Hold }) {
		poster = &firstPoster{first: newPoster(t, server.URL, noAnswerTime), then: poster}
	}
	first := poster
	if f.refused {
		first = newPoster(t, closedPort(t), answerTime)
	}
	out, err := webhookDeliverer(t, st, c, life, server.URL, mortalPoster{&firstPoster{first: first, then: poster}, life}).Deliver(ctx, send)
	again := webhookDeliverer(t, st, c, st.Sends, server.URL, poster)
	for tries := 0; tries < 20 && (life.isDead() || err != nil || out.Status == engine.OutcomeRetry); tries++ {
		life = &mortal{}
		c.to(out.RetryAt)
		out, err = again.Deliver(ctx, send)
	}
	if err != nil {
		t.Errorf("%s, %s: %v", at, f.name, err)
	}
	target.Release()
	counts := target.Counts()
	r.posts = counts.Requests
	r.ids = counts.Taken
	r.repeat = counts.Repeats
	r.outcome = string(out.Status)
	r.phase = phase(ctx, t, st, send.ID)
	switch {
	case r.ids == 1 && r.outcome == string(engine.OutcomeAccepted) && r.phase == delivery.PhaseSettled:
		r.verdict = "done once"
	case r.ids == 0 && r.outcome == string(engine.OutcomeFailed) && r.phase == delivery.PhaseSettled:
		r.verdict = "refused for good, with the reason"
	}
}

// newPoster is the real client. It looks for the target at a fixed address, whatever a message says, and waits for answers as long as timeout.
func newPoster(t *testing.T, url string, timeout time.Duration) webhook.Poster {
	secrets, err := webhook.ReadSecrets(strings.NewReader("chat " + targetstandin.Secret))
	if err != nil {
		t.Error(err)
	}
	client, err := webhook.New(webhook.Options{Secrets: secrets, PrivateHosts: []string{strings.TrimPrefix(url, "http://")}, Timeout: timeout, Now: time.Now})
	if err != nil {
		t.Error(err)
	}
	return posterAt{client, url}
}

type posterAt struct {
	webhook.Poster
	url string
}

func (p posterAt) Post(ctx context.Context, m webhook.Post) (delivery.Receipt, error) {
	m.Target.URL = p.url
	return p.Poster.Post(ctx, m)
}

// firstPoster makes the first post by another poster.
type firstPoster struct {
	first, then webhook.Poster
	once        sync.Once
}

func (f *firstPoster) Post(ctx context.Context, m webhook.Post) (delivery.Receipt, error) {
	poster := f.then
	f.once.Do(func() { poster = f.first })
	return poster.Post(ctx, m)
}

// mortalPoster makes no post once the process is dead.
type mortalPoster struct {
	webhook.Poster
	life *mortal
}

func (m mortalPoster) Post(ctx context.Context, p webhook.Post) (delivery.Receipt, error) {
	if m.life.isDead() {
		return delivery.Receipt{}, errDead
	}
	return m.Poster.Post(ctx, p)
}

// webhookDeliverer is one process's.
func webhookDeliverer(t *testing.T, st *store.Store, c *clock, ledger delivery.Ledger, url string, poster webhook.Poster) *delivery.Deliverer {
	channels, err := delivery.NewChannels(webhook.NewChannel(poster))
	d, err2 := delivery.New(delivery.Options{
		Switch:     st.Control,
		Ledger:     ledger,
		Recipients: people{st},
		Composer:   postComposer{url},
		Channels:   channels,
		Links:      addresses{},
		LinkStore:  st.Links,

		SettleAfter: delivery.SettleAfter,

		Now:  c.Now,
		Wait: c.wait,
	})
	if err := errors.Join(err, err2); err != nil {
		t.Error(err)
	}
	return d
}

type postComposer struct{ url string }

func (c postComposer) Compose(context.Context, engine.Send, delivery.Recipient, content.Outward) (delivery.Message, error) {
	return delivery.Message{Rendered: content.Rendered{
		Subject:  "It begins soon",
		Fragment: "<p>Soon</p>",
		Plain:    "Soon",
		PostTo:   content.Target{Name: "chat", URL: c.url},
	}}, nil
}

// renderWebhook writes the table as Markdown.
func renderWebhook(rows []webhookRow) string {
	var b strings.Builder
	var lost, twice, done, refused, repeats int
	for _, r := range rows {
		switch {
		case r.ids > 1:
			twice++
		case r.ids == 1:
			done++
		case r.verdict != "":
			refused++
		default:
			lost++
		}
		repeats += r.repeat
	}
	fmt.Fprintf(&b, "# Crashes and faults of the channel webhook\n\nEvery step of a delivery × every answer of a target: %d messages, each through one crash and one fault, then taken up by another process. The real ledger, the real client, a\n"+
		"stand-in target that checks signatures; `go test ./delivery/faulttest -run WebhookTable -v` fails when this table is not what it finds, and `-rewrite` writes it.\n\n"+
		"**Lost: %d. Done twice: %d. Done once: %d. Refused by the target for good: %d. Repeats that the target recognized by their id: %d.**\n\n"+
		"A target does what a message asks for once for each `webhook-id`; on that the channel posts again after an answer that was lost, so that nothing stays uncertain.\n", len(rows), lost, twice, done, refused, repeats)
	last := ""
	for _, r := range rows {
		if r.step != last {
			last = r.step
			fmt.Fprintf(&b, "\n## The process %s\n\n| the target | posts | done | repeats recognized | the ledger | what it means |\n|---|---|---|---|---|---|\n", r.step)
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s | %s |\n", r.fault, r.posts, r.ids, r.repeat, r.phase, r.verdict)
	}
	return b.String()
}
