package faulttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/push"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/internal/pushstandin"
	"homeroom/profile"
	"homeroom/store"
)

// pushTableFile is the table of the channel push as this test found it last.
const pushTableFile = "../../docs/crash-and-faults-push.md"

// The apps of a learner.
const (
	phone  = "phone:0123456789abcdef"
	tablet = "tablet:0123456789abcdef"
)

// appFault is what Firebase does to the first messages; later ones are answered as they should be.
type appFault struct {
	name    string
	faults  []pushstandin.Fault
	apps    []any // of the learner; nil: the phone
	gone    bool  // the phone's app was removed
	refused bool  // nobody listens, once
}

var appFaults = []appFault{
	{name: "200 taken"},
	{name: "200 taken, two apps", apps: []any{phone, tablet}},
	{name: "404, the app was removed", gone: true},
	{name: "404, one of two apps was removed", gone: true, apps: []any{phone, tablet}},
	{name: "400 bad request", faults: []pushstandin.Fault{{Status: 400}}},
	{name: "401, the account is refused once", faults: []pushstandin.Fault{{Status: 401}}},
	{name: "403, another project's token for an hour", faults: []pushstandin.Fault{{Status: 403, Code: "SENDER_ID_MISMATCH", Times: 6}}},
	{name: "the token server is away for two minutes", faults: []pushstandin.Fault{{Status: 503, AtToken: true, Times: 6}}},
	{name: "the token server does not answer twice, two apps", apps: []any{phone, tablet}, faults: []pushstandin.Fault{{Hold: true, Reset: true, AtToken: true, Times: 2}}},
	{name: "429, come back in ten minutes", faults: []pushstandin.Fault{{Status: 429, RetryAfter: "600"}}},
	{name: "500", faults: []pushstandin.Fault{{Status: 500}}},
	{name: "503 for two minutes", faults: []pushstandin.Fault{{Status: 503, Times: 6}}},
	{name: "502, not taken", faults: []pushstandin.Fault{{Status: 502}}},
	{name: "502, taken", faults: []pushstandin.Fault{{Status: 502, Taken: true}}},
	{name: "reset, not taken", faults: []pushstandin.Fault{{Reset: true}}},
	{name: "reset, taken", faults: []pushstandin.Fault{{Reset: true, Taken: true}}},
	{name: "no answer, not taken", faults: []pushstandin.Fault{{Hold: true, Reset: true}}},
	{name: "no answer, taken", faults: []pushstandin.Fault{{Hold: true, Taken: true}}},
	{name: "connection refused", refused: true},
}

// pushRow is what came of one message.
type pushRow struct {
	step, fault             string
	requests, pushes, twice int // at Firebase
	phase                   delivery.Phase
	outcome, verdict        string
}

// TestPushTable walks every step × every fault of Firebase. A crash is followed by another process that takes the send up.
func TestPushTable(t *testing.T) {
	_, _, st := natstest.Open(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048) // one for all: making a key takes long
	if err != nil {
		t.Fatal(err)
	}
	var rows []pushRow
	for _, at := range steps {
		for _, f := range appFaults {
			rows = append(rows, pushRow{step: string(at), fault: f.name})
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for n := range rows {
		at := steps[n/len(appFaults)]
		f := appFaults[n%len(appFaults)]
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			walkPush(t, st, key, at, f, n, &rows[n])
		})
	}
	wg.Wait()
	for _, r := range rows {
		if r.verdict == "" || r.twice > 0 {
			t.Errorf("%s, %s: %s with %d messages at apps, %d of them twice, and the ledger says %s", r.step, r.fault, r.outcome, r.pushes, r.twice, r.phase)
		}
	}
	table := renderPush(rows)
	if *rewrite {
		if err := os.WriteFile(pushTableFile, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(pushTableFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(table)) {
		t.Errorf("%s is not what was found; run with -rewrite and read the diff\n%s", pushTableFile, table)
	}
}

// walkPush takes one message through one crash and one fault.
func walkPush(t *testing.T, st *store.Store, key *rsa.PrivateKey, at step, f appFault, n int, r *pushRow) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	firebase, err := pushstandin.New(pushstandin.Options{Key: key})
	if err != nil {
		t.Error(err)
		return
	}
	server := httptest.NewServer(firebase)
	defer server.Close()
	firebase.Fail(f.faults...)
	if f.gone {
		firebase.Expire(phone)
	}
	learner := fmt.Sprintf("u_push_%d", n)
	apps := f.apps
	if apps == nil {
		apps = []any{phone}
	}
	if _, err := st.Profiles.Merge(ctx, learner, map[string]any{profile.TraitPushTokens: apps}, start); err != nil {
		t.Error(err)
	}
	send := engine.Send{ID: fmt.Sprintf("snd-push-%d", n), Learner: learner, Rule: "live-class", Run: "run", Step: "0", Message: "soon", Channel: engine.ChannelPush, At: start}
	c := &clock{now: start}
	life := &mortal{Ledger: st.Sends, at: at}
	pusher := newPusher(t, firebase, server.URL, server.URL, answerTime)
	for _, fault := range f.faults {
		if fault.Hold {
			pusher = &firstPusher{first: newPusher(t, firebase, server.URL, server.URL, noAnswerTime), then: pusher, calls: max(1, fault.Times) * len(apps)}
		}
	}
	first := pusher
	if f.refused {
		first = newPusher(t, firebase, server.URL, closedPort(t), answerTime)
	}
	out, err := pushDeliverer(t, st, c, life, mortalPusher{&firstPusher{first: first, then: pusher, calls: 1}, life}).Deliver(ctx, send)
	again := pushDeliverer(t, st, c, st.Sends, pusher)
	for tries := 0; tries < 20 && (life.isDead() || err != nil || out.Status == engine.OutcomeRetry); tries++ {
		life = &mortal{}
		c.to(out.RetryAt)
		out, err = again.Deliver(ctx, send)
	}
	if err != nil {
		t.Errorf("%s, %s: %v", at, f.name, err)
	}
	firebase.Release()
	counts := firebase.Counts()
	r.requests = counts.Requests
	r.pushes = counts.Taken
	r.twice = counts.Repeats
	r.outcome = string(out.Status)
	r.phase = phase(ctx, t, st, send.ID)
	r.verdict = pushVerdict(r)
}

// pushVerdict says what a row means for the learner; empty: something that must not be.
func pushVerdict(r *pushRow) string {
	switch {
	case r.pushes > 0 && r.outcome == string(engine.OutcomeAccepted) && r.phase == delivery.PhaseSettled:
		return "shown once on each app that answers"
	case r.pushes == 0 && r.outcome == string(engine.OutcomeFailed) && r.phase == delivery.PhaseSettled:
		return "refused for good, with the reason"
	case r.pushes > 0 && r.outcome == string(engine.OutcomeUncertain) && r.phase == delivery.PhaseUncertain:
		return "shown once; uncertain, and not sent again"
	case r.pushes == 0 && r.outcome == string(engine.OutcomeUncertain) && r.phase == delivery.PhaseUncertain:
		return "not shown; uncertain, and not sent again"
	default:
		return ""
	}
}

// newPusher is the real client with the stand-in's account. host is where it looks for Firebase; it waits for answers as long as timeout.
func newPusher(t *testing.T, firebase *pushstandin.Standin, url, host string, timeout time.Duration) push.Pusher {
	file, err := firebase.Account(url)
	account, err2 := push.ReadAccount(bytes.NewReader(file))
	client, err3 := push.New(push.Options{Account: account, Host: host, Timeout: timeout, Now: time.Now})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Error(err)
	}
	return client
}

// firstPusher makes the first attempts by another pusher.
type firstPusher struct {
	first, then push.Pusher
	mu          sync.Mutex
	calls       int // that are left for first
}

func (f *firstPusher) Push(ctx context.Context, m push.Push) (delivery.Receipt, error) {
	f.mu.Lock()
	pusher := f.then
	if f.calls > 0 {
		pusher = f.first
		f.calls--
	}
	f.mu.Unlock()
	return pusher.Push(ctx, m)
}

// mortalPusher makes no request once the process is dead.
type mortalPusher struct {
	push.Pusher
	life *mortal
}

func (m mortalPusher) Push(ctx context.Context, p push.Push) (delivery.Receipt, error) {
	if m.life.isDead() {
		return delivery.Receipt{}, errDead
	}
	return m.Pusher.Push(ctx, p)
}

// storedTokens drops tokens in the store.
type storedTokens struct{ st *store.Store }

func (s storedTokens) DropToken(ctx context.Context, learner, token string) error {
	return s.st.Profiles.Change(ctx, learner, func(p *profile.Profile) bool { return p.DropToken(token, start) })
}

// pushDeliverer is one process's.
func pushDeliverer(t *testing.T, st *store.Store, c *clock, ledger delivery.Ledger, pusher push.Pusher) *delivery.Deliverer {
	channels, err := delivery.NewChannels(push.NewChannel(pusher, storedTokens{st}, c.Now))
	d, err2 := delivery.New(delivery.Options{
		Switch:     st.Control,
		Ledger:     ledger,
		Recipients: people{st},
		Composer:   pushComposer{},
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

type pushComposer struct{}

func (pushComposer) Compose(context.Context, engine.Send, delivery.Recipient, content.Outward) (delivery.Message, error) {
	return delivery.Message{Rendered: content.Rendered{Push: content.Notification{Title: "It begins soon", Body: "Soon"}}}, nil
}

// renderPush writes the table as Markdown.
func renderPush(rows []pushRow) string {
	var b strings.Builder
	count := map[string]int{}
	twice := 0
	for _, r := range rows {
		count[r.verdict]++
		twice += r.twice
	}
	uncertain := count["shown once; uncertain, and not sent again"] + count["not shown; uncertain, and not sent again"]
	fmt.Fprintf(&b, "# Crashes and faults of the channel push\n\nEvery step of a delivery × every answer of Firebase: %d messages, each through one crash and one fault, then taken up by another process. The real ledger, the real client, a\n"+
		"stand-in that checks signatures and messages; `go test ./delivery/faulttest -run PushTable -v` fails when this table is not what it finds, and `-rewrite` writes it.\n\n"+
		"**Lost without a trace: %d. Twice on one app: %d. Shown: %d. Refused for good: %d. Uncertain: %d, of which shown: %d.**\n\n"+
		"Firebase recognizes no repeat and reports nothing: a call of which nobody saw the end is not made again, and its send stays uncertain. It is counted, and `homeroom learner why` says so.\n",
		len(rows), count[""], twice, count["shown once on each app that answers"], count["refused for good, with the reason"], uncertain, count["shown once; uncertain, and not sent again"])
	last := ""
	for _, r := range rows {
		if r.step != last {
			last = r.step
			fmt.Fprintf(&b, "\n## The process %s\n\n| Firebase | requests | shown | the ledger | what it means |\n|---|---|---|---|---|\n", r.step)
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s |\n", r.fault, r.requests, r.pushes, r.phase, r.verdict)
	}
	return b.String()
}
