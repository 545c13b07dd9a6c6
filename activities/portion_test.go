package activities_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

// inputsOf are events, a second apart from noon.
func inputsOf(n int) []engine.Input {
	var inputs []engine.Input
	for i := range n {
		inputs = append(inputs, engine.Input{Event: &engine.Event{ID: fmt.Sprint(i), StoredAt: noon.Add(time.Duration(i) * time.Second)}})
	}
	return inputs
}

// TestALargeResultIsSplit: half of the inputs are decided, down to one, and what waits is neither lost nor overtaken by what falls due.
func TestALargeResultIsSplit(t *testing.T) {
	for _, tc := range []struct {
		name  string
		bytes int // of the decision about each of 8 inputs
		taken int
	}{
		{"they all have room", 20_000, 0},
		{"half of them have", 60_000, 4},
		{"one has", 200_000, 1},
		{"one is much, and may still be recorded", 1_000_000, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &facts{now: noon.Add(time.Hour), mark: noon.Add(time.Hour)}
			var watermark time.Time
			d := decide(f, func(env engine.Env, s engine.State, in []engine.Input, _ time.Time) engine.Result {
				watermark = env.Watermark
				res := engine.Result{State: s}
				res.State.Runs = append(res.State.Runs, engine.Run{})
				for _, i := range in {
					res.Decisions = append(res.Decisions, engine.Decision{ID: i.Event.ID, Detail: strings.Repeat("x", tc.bytes)})
				}
				return res
			})
			res, err := d.Run(t.Context(), workflows.DecideInput{Learner: "u_42", Inputs: inputsOf(8), NextStoredAt: noon.Add(8 * time.Second)})
			if err != nil || res.Taken != tc.taken {
				t.Fatalf("took %d (%v), want %d", res.Taken, err, tc.taken)
			}
			next := tc.taken
			if next == 0 {
				next = 8
			}
			if want := noon.Add(time.Duration(next)*time.Second - time.Nanosecond); !watermark.Equal(want) {
				t.Errorf("decided up to %v, want %v: the next event waits", watermark, want)
			}
			if body, _ := json.Marshal(res); res.Size < len(body)*9/10 || res.Size > len(body)*11/10 {
				t.Errorf("size %d, want about %d", res.Size, len(body))
			}
		})
	}
}

func TestALargeStateDoesNotSplitAnything(t *testing.T) {
	res, err := decide(&facts{now: noon}, func(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
		s.Runs = append(s.Runs, engine.Run{Trigger: engine.Event{Properties: map[string]any{"text": strings.Repeat("x", 600_000)}}})
		return engine.Result{State: s}
	}).Run(t.Context(), workflows.DecideInput{Learner: "u_42", Inputs: inputsOf(8)})
	if err != nil || res.Taken != 0 {
		t.Errorf("took %d (%v), want all", res.Taken, err)
	}
}

func TestOneInputThatIsTooLargeIsAPermanentFailure(t *testing.T) {
	_, err := decide(&facts{now: noon}, func(_ engine.Env, s engine.State, in []engine.Input, _ time.Time) engine.Result {
		for range in {
			s.Runs = append(s.Runs, engine.Run{Trigger: engine.Event{Properties: map[string]any{"text": strings.Repeat("x", 2_000_000)}}})
		}
		return engine.Result{State: s}
	}).Run(t.Context(), workflows.DecideInput{Learner: "u_42", Inputs: inputsOf(8)})
	var permanent *temporal.ApplicationError
	if !errors.As(err, &permanent) || !permanent.NonRetryable() || permanent.Type() != activities.TooLarge || !strings.Contains(err.Error(), "shorter properties") {
		t.Errorf("error = %v, want a permanent one that says what to do", err)
	}
}

// TestABurstOfSkipsIsOneDecision: what is recorded of 1,000 events that begin no run is one decision, which says how many they were.
func TestABurstOfSkipsIsOneDecision(t *testing.T) {
	res, err := decide(&facts{now: noon}, func(_ engine.Env, s engine.State, in []engine.Input, _ time.Time) engine.Result {
		res := engine.Result{State: s}
		for _, i := range in {
			res.Decisions = append(res.Decisions, engine.Decision{ID: i.Event.ID, At: i.Event.StoredAt, Rule: "welcome", Kind: engine.KindSkipped, Reason: engine.ReasonRunning})
		}
		return res
	}).Run(t.Context(), workflows.DecideInput{Learner: "u_42", Inputs: inputsOf(1000)})
	if err != nil || len(res.Unpublished) != 1 {
		t.Fatalf("%d decisions (%v), want 1", len(res.Unpublished), err)
	}
	if d := res.Unpublished[0]; d.Count != 1000 || !d.At.Equal(noon) || !d.Last.Equal(noon.Add(999*time.Second)) {
		t.Errorf("decision = %+v", d)
	}
}
