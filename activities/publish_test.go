package activities_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

func TestWhatIsPublishedOnceIsNotPublishedAgain(t *testing.T) {
	step := func(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
		return engine.Result{State: s, Decisions: []engine.Decision{{ID: "d1", Kind: engine.KindStarted}, {ID: "d2", Kind: engine.KindSent}}}
	}
	for _, tc := range []struct {
		published []string
		left      int
		urgent    bool
	}{
		{nil, 2, true},
		{[]string{"d2"}, 1, false}, // that a run began can wait for what comes of it
		{[]string{"d1", "d2"}, 0, false},
	} {
		res, err := decide(&facts{now: noon}, step).Run(t.Context(), workflows.DecideInput{AlreadyPublished: tc.published})
		if err != nil || len(res.Unpublished) != tc.left || res.Urgent != tc.urgent {
			t.Errorf("published %v: %d left, urgent %v (%v); want %d, %v", tc.published, len(res.Unpublished), res.Urgent, err, tc.left, tc.urgent)
		}
	}
}

func TestDecideTellsWhatWasLeftUntold(t *testing.T) {
	f := &facts{now: noon}
	run := func(to activities.Publisher) workflows.DecideResult {
		t.Helper()
		d := activities.NewDecide(activities.Options{Profiles: f, Standings: f, Rulesets: f, Watermarks: f, Clock: f, Decisions: to, Step: nothing})
		res, err := d.Run(t.Context(), workflows.DecideInput{Unpublished: []engine.Decision{{ID: "d1"}, {ID: "d2"}}})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	there := &stream{}
	both := []string{"d1", "d2"}
	if res := run(there); !slices.Equal(res.Published, both) || !slices.Equal(there.ids, both) {
		t.Errorf("told %v, published %v; want both", res.Published, there.ids)
	}
	if res := run(&stream{err: errors.New("nats: no responders")}); len(res.Published) != 0 {
		t.Errorf("told %v, but the stream is away", res.Published)
	}
	if res := run(nil); len(res.Published) != 0 {
		t.Errorf("told %v, but there is nobody to tell", res.Published)
	}
}

// TestAMessageDoesNotWaitForWhatItTakesAlong: whatever is not published goes with the delivery.
func TestAMessageDoesNotWaitForWhatItTakesAlong(t *testing.T) {
	f := &facts{now: noon}
	there := &stream{}
	step := func(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
		return engine.Result{State: s, Effects: []engine.Effect{{Kind: engine.EffectCancel}, {Kind: engine.EffectDeliver}}}
	}
	d := activities.NewDecide(activities.Options{Profiles: f, Standings: f, Rulesets: f, Watermarks: f, Clock: f, Decisions: there, Step: step})
	res, err := d.Run(t.Context(), workflows.DecideInput{Unpublished: []engine.Decision{{ID: "d1"}}})
	if err != nil || len(res.Published)+len(there.ids) > 0 {
		t.Errorf("told %v, published %v (%v)", res.Published, there.ids, err)
	}
}
