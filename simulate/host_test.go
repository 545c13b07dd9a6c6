package simulate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/rules"
	"homeroom/simulate"
)

// Who watches gets every state as it was, so the engine must not work in its memory; it decides the same both ways.
func TestBeingWatchedChangesNothing(t *testing.T) {
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	recording, _ := term(24)
	decide := func(watched bool) (decisions []engine.Decision) {
		hosts := map[string]*simulate.Host{}
		for body := range strings.Lines(recording) {
			d, err := academy.Catalog.Decode("", "", []byte(body), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			h := hosts[d.Event.Learner]
			if h == nil {
				opts := simulate.HostOptions{
					Learner: d.Event.Learner, Ruleset: academy.Ruleset,
					Decided: func(d engine.Decision) { decisions = append(decisions, d) },
				}
				if watched {
					opts.Stepped = func(engine.State, []engine.Input, engine.Result) {}
				}
				h = simulate.NewHost(opts)
				hosts[d.Event.Learner] = h
			}
			if err := h.Event(d, d.Event.Time); err != nil {
				t.Fatal(err)
			}
		}
		return decisions
	}
	unseen, seen := decide(false), decide(true)
	if len(unseen) < 100 {
		t.Errorf("only %d decisions", len(unseen))
	}
	if diff := cmp.Diff(seen, unseen); diff != "" {
		t.Errorf("watched (-) and not (+):\n%s", diff)
	}
}
