package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/subjects"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		os.Exit(victim(dir))
	}
	if servers := os.Getenv(backtestVictim); servers != "" {
		os.Exit(workUntilKilled(servers))
	}
	os.Exit(m.Run())
}

// world is one stack with Homeroom on it.
type world struct {
	t        *testing.T
	ctx      context.Context
	stack    *stack.Stack
	instance *instance.Instance
	academy  *rules.Academy
	heard    *heard
	seq      int
}

// open starts a stack and Homeroom on it, and listens to the decisions.
func open(t *testing.T, academy *rules.Academy, o instance.Options) *world {
	t.Helper()
	w := &world{t: t, ctx: harness.Deadline(t), academy: academy}
	w.stack = harness.StartStack(t, w.ctx, stack.Options{})
	w.instance = w.move(o)
	w.heard = listen(t, w.ctx, w.instance)
	return w
}

// in is the same world as a subtest sees it.
func (w *world) in(t *testing.T) *world {
	sub := *w
	sub.t = t
	return &sub
}

// move lets a Homeroom with the world's academy move in; it moves out when the test ends, or before.
func (w *world) move(o instance.Options) *instance.Instance {
	w.t.Helper()
	o.Academy = w.academy
	return harness.OpenInstance(w.t, w.ctx, w.stack, o)
}

// publish publishes an event that happens now and returns its id. Traits give the learner an address.
func (w *world) publish(learner, event string, properties map[string]any) string {
	w.t.Helper()
	w.seq++
	id := fmt.Sprintf("%s-%d", learner, w.seq)
	if err := publish(w.ctx, w.instance, w.academy.Catalog, learner, event, id, properties); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func publish(ctx context.Context, h *instance.Instance, cat *catalog.Catalog, learner, event, id string, properties map[string]any) error {
	p := instance.Publisher{JS: h.JS, Catalog: cat}
	m, err := p.Message(catalog.Decoded{
		Event:  engine.Event{ID: id, Name: event, Learner: learner, Time: h.Clock.Now(), Properties: properties},
		Traits: map[string]any{"email": address(learner), "first_name": "Ada"},
	})
	if err != nil {
		return err
	}
	return p.Publish(ctx, m)
}

// address is the learner's; every character that no address may hold becomes an x.
func address(learner string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return 'x'
	}, learner) + "@learners.example"
}

// failedQuiz are the properties of an assessment.graded.
func failedQuiz(id string) map[string]any {
	return map[string]any{"assessment_id": id, "score_pct": 40.0, "passed": false, "grader_type": "auto"}
}

// heard are the decisions in the stream so far, each once.
type heard struct {
	mu        sync.Mutex
	decisions []engine.Decision
	changed   chan struct{} // closed with every change
}

func listen(t *testing.T, ctx context.Context, h *instance.Instance) *heard {
	t.Helper()
	heard := &heard{changed: make(chan struct{})}
	if err := instance.FollowDecisions(ctx, h.JS, heard.take); err != nil {
		t.Fatal(err)
	}
	return heard
}

func (h *heard) take(d engine.Decision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.decisions = append(h.decisions, d)
	close(h.changed)
	h.changed = make(chan struct{})
}

// all returns the decisions that match; nil matches everything.
func (h *heard) all(match func(engine.Decision) bool) []engine.Decision {
	found, _ := h.look(match)
	return found
}

func (h *heard) look(match func(engine.Decision) bool) ([]engine.Decision, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []engine.Decision
	for _, d := range h.decisions {
		if match == nil || match(d) {
			found = append(found, d)
		}
	}
	return found, h.changed
}

// wait returns the matching decisions as soon as there are n.
func (w *world) wait(n int, match func(engine.Decision) bool) []engine.Decision {
	w.t.Helper()
	return w.waitFor(func(found []engine.Decision) bool { return len(found) >= n }, match)
}

// waitFor returns the matching decisions as soon as they are enough.
func (w *world) waitFor(enough func([]engine.Decision) bool, match func(engine.Decision) bool) []engine.Decision {
	w.t.Helper()
	for {
		found, changed := w.heard.look(match)
		if enough(found) {
			return found
		}
		select {
		case <-changed:
		case <-w.ctx.Done():
			w.t.Fatalf("%d of the expected decisions came. All decisions:\n%s", len(found), w.heard.story())
		}
	}
}

// learners are those whom decisions are about.
func learners(decisions []engine.Decision) map[string]bool {
	about := map[string]bool{}
	for _, d := range decisions {
		about[d.Learner] = true
	}
	return about
}

// story tells the decisions, one a line; those that say the same of the same learner are one line.
func (h *heard) story() string {
	times := map[string]int{}
	var lines []string
	for _, d := range h.all(nil) {
		line := fmt.Sprintf("%s %s %s %s %s: %s", d.Learner, d.Rule, d.Message, d.Kind, d.Reason, d.Detail)
		if times[line]++; times[line] == 1 {
			lines = append(lines, line)
		}
	}
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "  %d × %s\n", times[line], line)
	}
	return b.String()
}

// of matches a learner's decisions of one of the kinds.
func of(learner string, kinds ...engine.Kind) func(engine.Decision) bool {
	return func(d engine.Decision) bool {
		if learner != "" && d.Learner != learner {
			return false
		}
		for _, kind := range kinds {
			if d.Kind == kind {
				return true
			}
		}
		return len(kinds) == 0
	}
}

// because matches decisions of a kind with a reason.
func because(learner string, kind engine.Kind, reason engine.Reason) func(engine.Decision) bool {
	return func(d engine.Decision) bool { return of(learner, kind)(d) && d.Reason == reason }
}

// storedEvents is how many events the stream has taken.
func storedEvents(ctx context.Context, js jetstream.JetStream) (int64, error) {
	stream, err := js.Stream(ctx, subjects.Stream)
	if err != nil {
		return 0, err
	}
	return int64(stream.CachedInfo().State.LastSeq), nil
}

// state asks a learner's workflow for its state.
func (w *world) state(learner string) (engine.State, error) {
	return harness.QueryState(w.ctx, w.instance.Temporal, learner)
}

// done waits until nothing is under way for a learner.
func done(t *testing.T, ctx context.Context, h *instance.Instance, learner string) {
	t.Helper()
	harness.Eventually(t, ctx, learner+" is done", func() error {
		st, err := harness.QueryState(ctx, h.Temporal, learner)
		if err == nil && len(st.Runs)+len(st.PendingDeliveries) > 0 {
			err = fmt.Errorf("%d runs, %d deliveries under way", len(st.Runs), len(st.PendingDeliveries))
		}
		return err
	})
}

var errNotYet = errors.New("not yet")
