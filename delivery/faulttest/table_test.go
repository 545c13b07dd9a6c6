package faulttest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"homeroom/delivery/email"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/internal/standin"
	"homeroom/store"
)

var rewrite = flag.Bool("rewrite", false, "write docs/crash-and-faults.md anew")

// tableFile is the table as this test found it last.
const tableFile = "../../docs/crash-and-faults.md"

// fault is what the provider does to the first call; later ones are answered as they should be.
type fault struct {
	name    string
	faults  []standin.Fault
	refused bool // nobody listens
}

var faults = []fault{
	{name: "202 accepted"},
	{name: "400 bad request", faults: []standin.Fault{{Status: 400}}},
	{name: "401, the account is refused once", faults: []standin.Fault{{Status: 401}}},
	{name: "413 too large", faults: []standin.Fault{{Status: 413}}},
	{name: "429", faults: []standin.Fault{{Status: 429}}},
	{
		name: "429, come back in ten minutes",
		faults: []standin.Fault{{
			Status:  429,
			Headers: map[string]string{"X-RateLimit-Reset": strconv.FormatInt(start.Add(10*time.Minute).Unix(), 10)},
		}},
	},
	{name: "500", faults: []standin.Fault{{Status: 500}}},
	{name: "503 for two minutes", faults: []standin.Fault{{Status: 503, Times: 6}}},
	{name: "502, not taken", faults: []standin.Fault{{Status: 502}}},
	{name: "502, taken", faults: []standin.Fault{{Status: 502, Taken: true}}},
	{name: "504, taken", faults: []standin.Fault{{Status: 504, Taken: true}}},
	{name: "reset, not taken", faults: []standin.Fault{{Reset: true}}},
	{name: "reset, taken", faults: []standin.Fault{{Reset: true, Taken: true}}},
	{name: "no answer, not taken", faults: []standin.Fault{{Hold: true, Reset: true}}},
	{name: "no answer, taken", faults: []standin.Fault{{Hold: true, Taken: true}}},
	{name: "connection refused", refused: true},
}

// row is what came of one send.
type row struct {
	step             step
	fault            string
	requests, mails  int
	before, after    delivery.Phase // in the ledger: before the webhooks, and after them
	outcome, verdict string
	settled          delivery.Phase // in the ledger: 15 minutes later, after settlement by evidence
	doubled          bool
}

// TestTable walks every step × every fault. A crash is followed by another process that takes the send up; then the
// provider's webhooks come.
func TestTable(t *testing.T) {
	_, _, st := natstest.Open(t)
	rows := make([]row, len(steps)*len(faults))
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i, at := range steps {
		for j, f := range faults {
			n := i*len(faults) + j
			p := newProvider(t, st)
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				rows[n] = walk(t, st, p, at, f, n)
			})
		}
	}
	wg.Wait()
	table := render(rows)
	t.Log("\n" + table)
	for _, r := range rows {
		if r.settled != delivery.PhaseSettled || r.doubled {
			t.Errorf("%s, %s: after settlement the ledger says %s, doubled %v", r.step, r.fault, r.settled, r.doubled)
		}
		if r.mails > 1 {
			t.Errorf("%s, %s: %d mails", r.step, r.fault, r.mails)
		}
		if r.verdict == "" {
			t.Errorf("%s, %s: %s with %d mails, and the ledger says %s: nobody would notice", r.step, r.fault, r.outcome, r.mails, r.after)
		}
	}
	if *rewrite {
		if err := os.WriteFile(tableFile, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(table)) {
		t.Errorf("%s is not what was found; run with -rewrite and read the diff", tableFile)
	}
}

// walk takes one send through one crash and one fault.
func walk(t *testing.T, st *store.Store, p *provider, at step, f fault, n int) row {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	learner := fmt.Sprintf("u_%d", n)
	if _, err := st.Profiles.Merge(ctx, learner, map[string]any{"email": learner + "@example.org"}, start); err != nil {
		t.Error(err)
	}
	send := engine.Send{ID: fmt.Sprintf("snd-%d", n), Learner: learner, Rule: "quiz-retry", Run: "run", Step: "0", Message: "quiz-retry", Channel: "email", At: start}
	p.SetDisorder(standin.Disorder{Hold: true}) // the webhooks come when everything else is over
	other := send
	other.ID += "-other"
	if out, err := p.deliverer(t, st, st.Sends, p.sender(t, p.URL(), answerTime)).Deliver(ctx, other); err != nil || out.Status != engine.OutcomeAccepted {
		t.Errorf("another mail of that minute: %+v, %v", out, err)
	}
	p.Fail(f.faults...)
	sender := email.Sender(p.sender(t, p.URL(), answerTime))
	switch {
	case f.refused:
		sender = &firstElsewhere{first: p.sender(t, closedPort(t), answerTime), then: sender}
	case slices.ContainsFunc(f.faults, func(s standin.Fault) bool { return s.Hold }):
		sender = &firstElsewhere{first: p.sender(t, p.URL(), noAnswerTime), then: sender}
	}
	life := &mortal{Ledger: st.Sends, at: at}
	out, err := p.deliverer(t, st, life, mortalSender{sender, life}).Deliver(ctx, send)
	again := p.deliverer(t, st, st.Sends, sender)
	for tries := 0; tries < 20 && (life.isDead() || err != nil || out.Status == engine.OutcomeRetry); tries++ {
		life = &mortal{}
		p.clock.to(out.RetryAt)
		out, err = again.Deliver(ctx, send)
	}
	if err != nil {
		t.Errorf("%s, %s: %v", at, f.name, err)
	}
	p.Release()
	r := row{step: at, fault: f.name, outcome: string(out.Status), before: phase(ctx, t, st, send.ID)}
	counts := p.Counts()
	r.requests = counts.Requests - 1 // the other mail's
	r.mails = counts.Accepted - 1
	p.SetDisorder(standin.Disorder{})
	if err := p.WaitReported(ctx, func(w standin.WebhookCounts) bool { return w.Waiting == 0 && w.Accepted >= 2*counts.Accepted }); err != nil {
		t.Errorf("%s, %s: %v", at, f.name, err)
	}
	r.after = phase(ctx, t, st, send.ID)
	r.verdict = verdict(r)
	settle(ctx, t, st, p, send, &r)
	return r
}

// settle looks at the send again when the evidence is in, as the engine asks for.
func settle(ctx context.Context, t *testing.T, st *store.Store, p *provider, send engine.Send, r *row) {
	if r.after == delivery.PhaseUncertain {
		p.ClearFaults() // a process that died before its call left the fault
		p.clock.to(p.clock.Now().Add(delivery.SettleAfter + delivery.CallingTimeout))
		send.Settles = true
		for range 2 { // the activity may be repeated
			if _, err := p.deliverer(t, st, st.Sends, p.sender(t, p.URL(), answerTime)).Deliver(ctx, send); err != nil {
				t.Errorf("%s, %s: settle: %v", r.step, r.fault, err)
			}
		}
	}
	r.settled = phase(ctx, t, st, send.ID)
	r.doubled = p.Counts().Accepted-1 > 1
}

// verdict says what a row means for the learner; empty: something that must not be.
func verdict(r row) string {
	switch {
	case r.mails == 1 && r.after == delivery.PhaseSettled && r.before == delivery.PhaseUncertain:
		return "sent once; uncertain until the webhook"
	case r.mails == 1 && r.outcome == string(engine.OutcomeAccepted) && r.after == delivery.PhaseSettled:
		return "sent once"
	case r.mails == 0 && r.outcome == string(engine.OutcomeFailed) && r.after == delivery.PhaseSettled:
		return "refused for good, with the reason"
	case r.mails == 0 && r.outcome == string(engine.OutcomeUncertain) && r.after == delivery.PhaseUncertain:
		return "uncertain, and sent again by settlement"
	default:
		return ""
	}
}

func phase(ctx context.Context, t *testing.T, st *store.Store, id string) delivery.Phase {
	e, err := st.Sends.Get(ctx, id)
	if err != nil {
		t.Error(err)
	}
	return e.Phase
}

// firstElsewhere makes the first call to another sender.
type firstElsewhere struct {
	first, then email.Sender
	mu          sync.Mutex
	called      bool
}

func (s *firstElsewhere) Send(ctx context.Context, m email.Email) (delivery.Receipt, error) {
	s.mu.Lock()
	sender := s.then
	if !s.called {
		sender = s.first
		s.called = true
	}
	s.mu.Unlock()
	return sender.Send(ctx, m)
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return ""
	}
	defer ln.Close()
	return "http://" + ln.Addr().String()
}

// render writes the table as Markdown.
func render(rows []row) string {
	var b strings.Builder
	doubled := 0
	uncertain := 0
	again := 0
	once := 0
	refused := 0
	for _, r := range rows {
		switch {
		case r.mails > 1 || r.doubled:
			doubled++
		case r.settled == delivery.PhaseUncertain:
			uncertain++
		case strings.Contains(r.verdict, "settlement"):
			again++
		case r.mails == 1:
			once++
		default:
			refused++
		}
	}
	fmt.Fprintf(&b, "# Crashes and faults\n\nEvery step of a delivery × every answer of a provider: %d sends, each through one crash and one fault, then taken up by\nanother process, then reported on by the provider's webhooks. "+
		"The real ledger, the real adapter, a stand-in provider;\n`go test ./delivery/faulttest -run Table -v` prints this table, and fails when it is not what it finds.\n\n"+
		"**Doubled: %d. Lost: 0. Sent once: %d, of which after settlement: %d. Refused by the provider for good: %d. Uncertain after settlement: %d.**\n\n"+
		"With each send goes another mail of the same minute that nothing happens to, as under load. What is uncertain is settled by the first\n"+
		"webhook about it, or 15 minutes later by the provider's silence about it: it is sent again, once. Without webhooks it stays uncertain.\n",
		len(rows), doubled, once+again, again, refused, uncertain)
	for _, at := range steps {
		fmt.Fprintf(&b, "\n## The process %s\n\n| the provider | requests | mails | the ledger, then after the webhooks | what it means | uncertain after settlement |\n|---|---|---|---|---|---|\n", at)
		for _, r := range rows {
			if r.step == at {
				still := 0
				if r.settled == delivery.PhaseUncertain {
					still = 1
				}
				fmt.Fprintf(&b, "| %s | %d | %d | %s, %s | %s | %d |\n", r.fault, r.requests, r.mails, r.before, r.after, r.verdict, still)
			}
		}
	}
	return b.String()
}
