package delivery_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/ledgertest"
	"homeroom/engine"
)

// crash is the panic that stands for the death of a process.
type crash struct{ step string }

// faults are what a provider can do to a request, each with whether it took the message all the same.
var faults = []struct {
	name string
	err  error
	took bool
}{
	{"202", nil, true},
	{"400", answer(delivery.Final, 400, "bad"), false},
	{"429", &delivery.Error{Class: delivery.Retry, Status: 429, RetryAfter: 3 * time.Second, Message: "slow"}, false},
	{"429 for hours", &delivery.Error{Class: delivery.Retry, Status: 429, RetryAfter: 3 * time.Hour, Message: "slow"}, false},
	{"500", answer(delivery.Retry, 500, "oops"), false},
	{"502, taken", answer(delivery.Uncertain, 502, "gateway"), true},
	{"502, not taken", answer(delivery.Uncertain, 502, "gateway"), false},
	{"503", answer(delivery.Retry, 503, "down"), false},
	{"504, taken", answer(delivery.Uncertain, 504, "gateway"), true},
	{"timeout, taken", answer(delivery.Uncertain, 0, "timeout"), true},
	{"timeout, not taken", answer(delivery.Uncertain, 0, "timeout"), false},
	{"reset, taken", answer(delivery.Uncertain, 0, "reset"), true},
	{"refused", answer(delivery.Retry, 0, "refused"), false},
}

// TestCrashAtEveryStepOfEveryFault lets the process die once at every single contact with the outside, for every fault
// of the provider, and then delivers again as the workflow would, until the send has come to its end.
func TestCrashAtEveryStepOfEveryFault(t *testing.T) {
	crashes := 0
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for n := 1; ; n++ {
				w := newWorld(t)
				w.answers = []error{f.err}
				w.lost = func(err error) bool { return f.took && errors.Is(err, f.err) }
				died := ""
				count := 0
				w.onCall = func(step string) {
					if count++; count == n {
						died = step
						panic(crash{step})
					}
				}
				out := untilItEnds(t, w)
				if died == "" {
					return // there is no n-th step: all have been tried
				}
				crashes++
				where := fmt.Sprintf("crash %d, at %q", n, died)
				if w.accepted > 1 {
					t.Errorf("%s: the provider took it %d times", where, w.accepted)
				}
				switch out.Status {
				case engine.OutcomeAccepted:
					if w.accepted != 1 {
						t.Errorf("%s: accepted, but the provider has %d", where, w.accepted)
					}
				case engine.OutcomeUncertain: // may be there or not; never sent again
				case engine.OutcomeFailed:
					if w.accepted != 0 || f.name != "400" {
						t.Errorf("%s: failed, but the provider has %d", where, w.accepted)
					}
				default:
					t.Errorf("%s: ended as %s", where, out.Status)
				}
				if again := w.deliver(); again != out {
					t.Errorf("%s: then %+v, later %+v", where, out, again)
				}
			}
		})
	}
	if crashes < 200 {
		t.Errorf("only %d crashes were tried; the matrix has shrunk", crashes)
	}
}

// untilItEnds delivers again after every crash and after every "later".
func untilItEnds(t *testing.T, w *world) engine.Outcome {
	t.Helper()
	for range 10 {
		out, err := survive(w)
		switch {
		case err != nil:
			continue // crashed, or a question could not be asked: the activity is tried again
		case out.Status == engine.OutcomeRetry:
			w.now = out.RetryAt
		default:
			return out
		}
	}
	t.Fatal("the send never came to its end")
	return engine.Outcome{}
}

func survive(w *world) (out engine.Outcome, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case crash:
			err = fmt.Errorf("crashed at %s", r.step)
		default:
			panic(r)
		}
	}()
	return w.deliverer().Deliver(w.t.Context(), send)
}

// TestTheLedgerFailsAtEveryWrite lets each write of the ledger fail, stored or not, and delivers again.
func TestTheLedgerFailsAtEveryWrite(t *testing.T) {
	for _, f := range faults {
		for _, stored := range []bool{false, true} {
			for _, times := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s, stored %t, %d times", f.name, stored, times), func(t *testing.T) {
					for n := 1; n < 12; n++ {
						w := newWorld(t)
						w.answers = []error{f.err}
						w.lost = func(err error) bool { return f.took && errors.Is(err, f.err) }
						flaky := &flakyLedger{Memory: w.ledger, fail: n, times: times, stored: stored}
						out := untilItEndsWith(t, w, flaky)
						if w.accepted > 1 {
							t.Errorf("write %d fails: the provider took it %d times", n, w.accepted)
						}
						if out.Status == engine.OutcomeAccepted && w.accepted != 1 {
							t.Errorf("write %d fails: accepted, but the provider has %d", n, w.accepted)
						}
					}
				})
			}
		}
	}
}

// TestManyAttemptsAtOnce delivers one send from many processes at the same time.
func TestManyAttemptsAtOnce(t *testing.T) {
	for round := range 20 {
		p := &provider{}
		ledger := new(ledgertest.Memory)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var outs []engine.OutcomeStatus
		for range 8 {
			wg.Go(func() {
				w := newWorld(t)
				w.ledger = ledger
				d := w.with(func(o *delivery.Options) {
					o.Ledger = ledger
					o.Channels = w.channels(p)
				})
				for {
					out, err := d.Deliver(t.Context(), send)
					if err != nil {
						continue
					}
					mu.Lock()
					outs = append(outs, out.Status)
					mu.Unlock()
					return
				}
			})
		}
		wg.Wait()
		// An attempt that finds another one calling says uncertain, and then nobody may try again: zero is right too, as
		// long as nobody claims more.
		if p.took > 1 || p.took == 0 && slices.Contains(outs, engine.OutcomeAccepted) {
			t.Fatalf("round %d: the provider took it %d times, the attempts say %v", round, p.took, outs)
		}
		for _, o := range outs {
			if !slices.Contains([]engine.OutcomeStatus{engine.OutcomeAccepted, engine.OutcomeUncertain}, o) {
				t.Errorf("round %d: an attempt says %s", round, o)
			}
		}
	}
}

// TestACallOfAClockThatIsAhead: another process is calling, and its clock is ahead of ours. The mail may be out, so it is not sent again.
func TestACallOfAClockThatIsAhead(t *testing.T) {
	w := newWorld(t)
	entry := delivery.Entry{Phase: delivery.PhaseCalling, At: w.now.Add(time.Hour), Calls: 1, Send: send}
	if _, err := w.ledger.Put(t.Context(), send.ID, entry); err != nil {
		t.Fatal(err)
	}
	out, err := w.deliverer().Deliver(t.Context(), send)
	if err != nil || out.Status != engine.OutcomeUncertain || w.calls != 0 {
		t.Errorf("got %s, %v after %d calls; want uncertain and none", out.Status, err, w.calls)
	}
}
