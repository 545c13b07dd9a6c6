package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/standin"
	"homeroom/subjects"
)

// killed is Homeroom in a process of its own, with everything it stands on.
type killed struct {
	cmd      *exec.Cmd
	lines    *bufio.Scanner
	instance *instance.Instance // to publish, to listen and to ask; it is not this process that serves
}

// startVictim starts this test program again, as the process that the environment makes of it.
func startVictim(t *testing.T, environment ...string) *killed {
	t.Helper()
	k := &killed{cmd: exec.Command(os.Args[0])}
	k.cmd.Env = append(os.Environ(), environment...)
	k.cmd.Stderr = t.Output()
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := k.cmd.StdinPipe() // its end is the process's end, whatever becomes of this one
	if err != nil {
		t.Fatal(err)
	}
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); k.kill() })
	k.lines = bufio.NewScanner(out)
	return k
}

// start starts the process on a directory; it halts once at each of the points, in order.
func start(t *testing.T, ctx context.Context, dir, inbox string, halts ...string) *killed {
	t.Helper()
	k := startVictim(t, victimDir+"="+dir, victimInbox+"="+inbox, victimHalts+"="+strings.Join(halts, ","))
	servers := strings.Fields(k.expect(t, "ready "))
	nc, err := nats.Connect(servers[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	k.instance = &instance.Instance{}
	if k.instance.JS, err = jetstream.New(nc); err != nil {
		t.Fatal(err)
	}
	if k.instance.Temporal, err = client.DialContext(ctx, client.Options{HostPort: servers[1]}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.instance.Temporal.Close)
	return k
}

// expect waits for a line that begins so and returns the rest of it.
func (k *killed) expect(t *testing.T, prefix string) string {
	t.Helper()
	for k.lines.Scan() {
		if rest, ok := strings.CutPrefix(k.lines.Text(), prefix); ok {
			return rest
		}
		t.Log("the process says:", k.lines.Text())
	}
	t.Fatalf("the process ended before it said %q: %v", prefix, k.lines.Err())
	return ""
}

// kill is kill -9.
func (k *killed) kill() {
	_ = k.cmd.Process.Kill()
	_ = k.cmd.Wait()
}

// TestCrashBetween202AndTheEndOfTheActivity is guarantee 4, and 1 besides: Homeroom is killed while five deliveries stand
// at five different points between their claim and their end, and while events are pouring in. After the restart
// everybody has exactly one decision, and nobody two mails.
func TestCrashBetween202AndTheEndOfTheActivity(t *testing.T) {
	t.Parallel()
	ctx := harness.Deadline(t)
	inbox, err := standin.New(standin.Options{}).Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inbox.Stop(context.Background()) })
	dir := t.TempDir()
	rules := harness.Academy(t, victimRules)

	// What must have become of the send that stood at each point.
	want := map[string]struct {
		kind  engine.Kind
		mails int
	}{
		"claimed":  {engine.KindSent, 1},      // the provider was not called: it is called now
		"calling":  {engine.KindUncertain, 0}, // nobody can know that it was not called
		"held":     {engine.KindUncertain, 1}, // the provider took it and did not come to answer
		"answered": {engine.KindUncertain, 1}, // it answered 202, and that was not written down
		"settled":  {engine.KindSent, 1},      // it was written down
	}
	points := []string{"claimed", "calling", "answered", "settled"}
	first := start(t, ctx, dir, inbox.URL(), points...)
	fail := func(learner string) {
		t.Helper()
		if err := publish(ctx, first.instance, rules.Catalog, learner, "assessment.graded", learner+"-1", failedQuiz("q1")); err != nil {
			t.Fatal(err)
		}
	}
	for _, point := range points {
		fail(point)
		first.expect(t, "halted "+point)
	}
	inbox.Fail(standin.Fault{Hold: true, Taken: true})
	fail("held")
	if err := inbox.Wait(ctx, func(c standin.Counts) bool { return c.Held == 1 }); err != nil {
		t.Fatal(err)
	}
	before := inbox.Counts().Accepted
	const crowd = 60
	var acks []jetstream.PubAckFuture
	for n := range crowd {
		ack, err := first.instance.JS.PublishMsgAsync(quizMsg(t, rules.Catalog, fmt.Sprintf("crowd%02d", n)))
		if err != nil {
			t.Fatal(err)
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			t.Fatal(err)
		}
	}
	if err := inbox.Wait(ctx, func(c standin.Counts) bool { return c.Accepted >= before+5 }); err != nil {
		t.Fatal(err)
	}
	first.kill()
	at := inbox.Counts().Accepted
	t.Logf("killed when %d of the crowd of %d had their mail", at-before, crowd)

	second := start(t, ctx, dir, inbox.URL())
	log := final(t, ctx, second, len(want)+crowd)
	for learner, decisions := range log {
		if len(decisions) != 1 {
			t.Errorf("%s has %d final decisions, want one: %+v", learner, len(decisions), decisions)
		}
	}
	for point, want := range want {
		if got := log[point]; len(got) == 1 && got[0].Kind != want.kind {
			t.Errorf("killed when %s: %s (%s), want %s", point, got[0].Kind, got[0].Detail, want.kind)
		}
		if got := len(inbox.Messages(address(point))); got != want.mails {
			t.Errorf("killed when %s: %d mails, want %d", point, got, want.mails)
		}
	}
	sent := 0
	for n := range crowd {
		learner := fmt.Sprintf("crowd%02d", n)
		mails := len(inbox.Messages(address(learner)))
		for _, d := range log[learner] {
			switch {
			case d.Kind == engine.KindSent && mails == 1:
				sent++
			case d.Kind == engine.KindUncertain && mails <= 1:
			default:
				t.Errorf("%s: %s (%s %s) with %d mails", learner, d.Kind, d.Reason, d.Detail, mails)
			}
		}
	}
	t.Logf("of the crowd %d sent, %d uncertain", sent, crowd-sent)
	if c := inbox.Counts(); c.Duplicates != 0 || c.Unnamed != 0 {
		t.Errorf("%d duplicates (%v), %d mails without a send id", c.Duplicates, c.Repeated, c.Unnamed)
	}
}

// final waits until n learners have a decision that ends a send and nothing is under way for any of them, and returns
// all such decisions in the stream.
func final(t *testing.T, ctx context.Context, k *killed, n int) map[string][]engine.Decision {
	t.Helper()
	harness.Eventually(t, ctx, "everybody has a final decision", func() error {
		found, err := k.ends(ctx)
		if err == nil && len(found) < n {
			err = fmt.Errorf("%d of %d learners have one: %v", len(found), n, slices.Sorted(maps.Keys(found)))
		}
		return err
	})
	found, err := k.ends(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for learner := range found {
		done(t, ctx, k.instance, learner)
	}
	if found, err = k.ends(ctx); err != nil {
		t.Fatal(err)
	}
	return found
}

// ends reads every decision that ends a send, by learner.
func (k *killed) ends(ctx context.Context) (map[string][]engine.Decision, error) {
	stream, err := k.instance.JS.Stream(ctx, subjects.DecisionStream)
	if err != nil {
		return nil, err
	}
	found := map[string][]engine.Decision{}
	for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
		m, err := stream.GetMsg(ctx, seq)
		if err != nil {
			return nil, err
		}
		var d engine.Decision
		if err := json.Unmarshal(m.Data, &d); err != nil {
			return nil, err
		}
		switch d.Kind {
		case engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindSkipped, engine.KindWithheld:
			found[d.Learner] = append(found[d.Learner], d)
		case engine.KindStarted, engine.KindDeferred, engine.KindExited, engine.KindConverted:
		}
	}
	return found, nil
}
