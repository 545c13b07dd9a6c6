package simulate_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/rules"
	"homeroom/simulate"
)

// Who watches gets every state as it was, so the engine must not work in its memory; and Run reads events into the memory of
// others. It decides the same all ways.
func TestSharedMemoryChangesNothing(t *testing.T) {
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	recording, _ := term(24)
	var last time.Time
	decide := func(watched, traced bool) (decisions []engine.Decision) {
		hosts := map[string]*simulate.Host{}
		for body := range strings.Lines(recording) {
			d, err := academy.Catalog.Decode("", "", []byte(body), time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			h := hosts[d.Event.Learner]
			if h == nil {
				opts := simulate.HostOptions{
					Learner: d.Event.Learner,
					Ruleset: academy.Ruleset,
					Decided: func(d engine.Decision) { decisions = append(decisions, d) },
				}
				if watched {
					opts.Stepped = func(engine.State, []engine.Input, engine.Result) {}
				}
				if traced {
					opts.Trace = takeApart
				}
				h = simulate.NewHost(opts)
				hosts[d.Event.Learner] = h
			}
			last = d.Event.Time
			if err := h.Event(d, last); err != nil {
				t.Fatal(err)
			}
		}
		for _, h := range hosts {
			if err := h.Finish(last); err != nil {
				t.Fatal(err)
			}
		}
		return inOrder(decisions)
	}
	unseen := decide(false, false)
	seen := decide(true, false)
	if diff := gocmp.Diff(unseen, decide(false, true)); diff != "" {
		t.Errorf("who traces what the engine looks at changes what it decides (-untraced +traced):\n%s", diff)
	}
	if len(unseen) < 100 {
		t.Errorf("only %d decisions", len(unseen))
	}
	if diff := gocmp.Diff(seen, unseen); diff != "" {
		t.Errorf("watched (-) and not (+):\n%s", diff)
	}
	for _, workers := range []int{1, 3} {
		report, err := simulate.Run(t.Context(), strings.NewReader(recording), simulate.Options{
			Ruleset: academy.Ruleset,
			Decoder: academy.Catalog,
			Until:   last,
			Workers: workers,
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(unseen, inOrder(report.Decisions)); diff != "" {
			t.Errorf("hosts with events of their own (-) and Run with %d workers (+):\n%s", workers, diff)
		}
	}
}

func inOrder(decisions []engine.Decision) []engine.Decision {
	return slices.SortedFunc(slices.Values(decisions), func(a, b engine.Decision) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID), strings.Compare(string(a.Kind), string(b.Kind)))
	})
}
