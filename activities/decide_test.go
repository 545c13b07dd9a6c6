package activities_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/activities"
	"homeroom/engine"
	"homeroom/workflows"
)

// facts are stores that know one learner.
type facts struct {
	now      time.Time
	factor   time.Duration // virtual time passes so many times as fast
	mark     time.Time
	waited   time.Duration
	standing error
	lost     string // a revision that is gone

	longestTimer time.Duration // 0: timers are as long as it takes
}

func (f *facts) Profile(context.Context, string) (engine.Profile, error) {
	return engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}, nil
}
func (f *facts) Get(context.Context, string) (*engine.Standing, error) {
	return &engine.Standing{}, f.standing
}
func (f *facts) Current(context.Context) (*engine.Ruleset, error) { return rules(), nil }
func (f *facts) Revision(_ context.Context, hash string) (*engine.Ruleset, error) {
	if hash == f.lost {
		return nil, nil
	}
	return &engine.Ruleset{Hash: hash}, nil
}
func (f *facts) AwaitLearner(_ context.Context, _ string, _ int, _ time.Time, wait time.Duration) time.Time {
	f.waited = wait
	return f.mark
}
func (f *facts) Now() time.Time                           { return f.now }
func (f *facts) Wait(virtual time.Duration) time.Duration { return virtual / max(f.factor, 1) }
func (f *facts) Timer(virtual time.Duration) time.Duration {
	if f.longestTimer > 0 {
		return min(f.Wait(virtual), f.longestTimer)
	}
	return f.Wait(virtual)
}

func decide(f *facts, step func(engine.Env, engine.State, []engine.Input, time.Time) engine.Result) *activities.Decide {
	return activities.NewDecide(activities.Options{Profiles: f, Standings: f, Rulesets: f, Watermarks: f, Clock: f, Spread: -1, Step: step})
}

// Temporal would terminate the workflow, and everything that is remembered of the learner would be gone.
func TestAResultThatIsTooLargeIsHeld(t *testing.T) {
	for _, tc := range []struct {
		runs int
		held bool
	}{{50, false}, {100, true}} {
		_, err := decide(&facts{now: noon}, func(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
			for range tc.runs {
				s.Runs = append(s.Runs, engine.Run{Trigger: engine.Event{Properties: map[string]any{"text": strings.Repeat("x", 30_000)}}})
			}
			return engine.Result{State: s}
		}).Run(t.Context(), workflows.DecideInput{Learner: "u_42"})
		if held := err != nil && strings.Contains(err.Error(), "more than a workflow may record"); held != tc.held {
			t.Errorf("%d runs: %v", tc.runs, err)
		}
	}
}

func TestDecideGathersWhatADecisionLooksAt(t *testing.T) {
	f := &facts{now: noon, mark: noon.Add(-time.Second), lost: "rev0"}
	in := workflows.DecideInput{
		Learner:   "u_42",
		Partition: 3,
		State:     engine.State{Version: 1, Learner: "u_42", Runs: []engine.Run{{Revision: "rev0"}, {Revision: "rev1"}, {Revision: "rev2"}}},
		Inputs:    []engine.Input{{Event: &engine.Event{ID: "e1"}}},
	}
	_, err := decide(f, func(env engine.Env, s engine.State, inputs []engine.Input, now time.Time) engine.Result {
		if env.Current.Hash != "rev1" || env.Revision("rev1") != env.Current || env.Revision("rev2").Hash != "rev2" || env.Revision("rev0") != nil {
			t.Error("the revisions are not those of the live runs")
		}
		if !env.Profile.Reach[engine.ChannelEmail].Known || env.Standing == nil || env.Grace != time.Minute || !env.Watermark.Equal(f.mark) {
			t.Errorf("env = %+v", env)
		}
		if !now.Equal(noon) || len(inputs) != 1 {
			t.Errorf("now %v, %d inputs", now, len(inputs))
		}
		return engine.Result{State: s}
	}).Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if f.waited != 0 {
		t.Errorf("waited %v for the stream, though an event woke it", f.waited)
	}
}

func TestTheFirstDecisionBeginsTheState(t *testing.T) {
	res, err := decide(&facts{now: noon}, nothing).Run(t.Context(), workflows.DecideInput{Learner: "u_42"})
	if err != nil || res.State.Learner != "u_42" || res.State.Version != engine.StateVersion {
		t.Errorf("state %+v, error %v", res.State, err)
	}
}

func nothing(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
	return engine.Result{State: s}
}

func TestHowFarTheStreamIsHandedOver(t *testing.T) {
	for _, tc := range []struct {
		name       string
		mark, said time.Time // the partition's mark, and the batch's own
		woke       time.Time
		want       time.Time
		wait       time.Duration
	}{
		{"the partition's mark", noon, time.Time{}, time.Time{}, noon, 0},
		{"the batch knows more", noon, noon.Add(time.Second), time.Time{}, noon.Add(time.Second), 0},
		{"the batch knows less", noon, noon.Add(-time.Second), time.Time{}, noon, 0},
		{"nobody knows: nothing is, rather than everything", time.Time{}, time.Time{}, time.Time{}, time.Unix(0, 0), 0},
		{"a wake-up gives the mark a moment", noon, time.Time{}, noon, noon, 2 * time.Second},
		{"a wake-up is a little early", noon, time.Time{}, noon.Add(2 * time.Second), noon, 2 * time.Second},
		{"a wake-up is so early that no mark comes in time", noon, time.Time{}, noon.Add(3 * time.Second), noon, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &facts{now: noon, mark: tc.mark}
			var got time.Time
			_, err := decide(f, func(env engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
				got = env.Watermark
				return engine.Result{State: s}
			}).Run(t.Context(), workflows.DecideInput{Watermark: tc.said, WokenAt: tc.woke})
			if err != nil || !got.Equal(tc.want) || f.waited != tc.wait {
				t.Errorf("handed over %v after waiting %v (%v), want %v after %v", got, f.waited, err, tc.want, tc.wait)
			}
		})
	}
}

func TestSleep(t *testing.T) {
	for _, tc := range []struct {
		name   string
		wake   time.Duration // from now; 0: none
		lag    time.Duration
		factor time.Duration
		want   time.Duration

		longestTimer time.Duration
	}{
		{"nothing is due", 0, 0, 1, 0, 0},
		{"in two hours", 2 * time.Hour, time.Second, 1, 2 * time.Hour, 0},
		{"in time-lapse", 2 * time.Hour, time.Second, 3600, 2 * time.Second, 0},
		{"never for no time at all", time.Nanosecond, 0, 3600, time.Millisecond, 0},
		{"the stream lags a little", 2 * time.Second, 4 * time.Second, 1, 2 * time.Second, 0},
		{"the stream lags: look less often", 2 * time.Second, 40 * time.Second, 1, 10 * time.Second, 0},
		{"the triggers have been down for hours", 2 * time.Second, 5 * time.Hour, 1, time.Minute, 0},
		{"the pace may change", 2 * time.Hour, time.Second, 60, time.Minute, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &facts{now: noon, mark: noon.Add(-tc.lag), factor: tc.factor, longestTimer: tc.longestTimer}
			res, err := decide(f, func(_ engine.Env, s engine.State, _ []engine.Input, now time.Time) engine.Result {
				out := engine.Result{State: s}
				if tc.wake > 0 {
					out.WakeAt = now.Add(tc.wake)
				}
				return out
			}).Run(t.Context(), workflows.DecideInput{})
			if err != nil || res.Sleep != tc.want {
				t.Errorf("sleeps %v (%v), want %v", res.Sleep, err, tc.want)
			}
			if want := activities.DefaultRestAfter / tc.factor; res.Rest != want {
				t.Errorf("rests after %v, want %v", res.Rest, want)
			}
		})
	}
}

func TestDecideErrors(t *testing.T) {
	away := errors.New("nats: timeout")
	_, err := decide(&facts{now: noon, standing: away}, nothing).Run(t.Context(), workflows.DecideInput{Learner: "u_42"})
	if !errors.Is(err, away) || !strings.Contains(err.Error(), `"u_42"`) {
		t.Errorf("a store is away: %v", err)
	}
	_, err = decide(&facts{now: noon}, nothing).Run(t.Context(), workflows.DecideInput{Learner: "u_42", State: engine.State{Version: engine.StateVersion + 1}})
	if err == nil || !strings.Contains(err.Error(), "deploy the newer worker again") {
		t.Errorf("a newer state: %v", err)
	}
}

func TestWakeUpsThatManyShareAreSpread(t *testing.T) {
	for _, tc := range []struct {
		name   string
		wake   time.Time
		spread time.Duration
		grace  time.Duration
		factor time.Duration
		within time.Duration // the wake-up comes so long after its instant at the most; 0: at its instant
	}{
		{"quiet hours end for everybody", noon.Add(9 * time.Hour), 0, 0, 1, 5 * time.Second},
		{"two hours after somebody's own quiz", noon.Add(2*time.Hour + 17*time.Second), 0, 0, 1, 0},
		{"soon: somebody may be waiting", noon.Add(time.Minute), 0, 0, 1, 0},
		{"a short grace leaves less room", noon.Add(9 * time.Hour), 0, 12 * time.Second, 1, time.Second},
		{"in time-lapse an hour is soon", noon.Add(time.Hour), 0, 0, 3600, 0},
		{"in time-lapse grace is short for real", noon.Add(90 * 24 * time.Hour), 0, time.Hour, 3600, time.Second / 12},
		{"switched off", noon.Add(9 * time.Hour), -1, 0, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &facts{now: noon, mark: noon, factor: tc.factor}
			d := activities.NewDecide(activities.Options{
				Profiles:   f,
				Standings:  f,
				Rulesets:   f,
				Watermarks: f,
				Clock:      f,
				Spread:     tc.spread,
				Grace:      tc.grace,
				Step: func(_ engine.Env, s engine.State, _ []engine.Input, _ time.Time) engine.Result {
					return engine.Result{State: s, WakeAt: tc.wake}
				},
			})
			offsets := map[time.Duration]bool{}
			for i := range 200 {
				in := workflows.DecideInput{Learner: fmt.Sprintf("u_%d", i)}
				res, err := d.Run(t.Context(), in)
				again, _ := d.Run(t.Context(), in)
				if err != nil || again.Sleep != res.Sleep || !res.WakeAt.Equal(tc.wake) {
					t.Fatalf("sleeps %v, then %v (%v), until %v", res.Sleep, again.Sleep, err, res.WakeAt)
				}
				late := res.Sleep - f.Wait(tc.wake.Sub(noon))
				if late < 0 || late > tc.within {
					t.Fatalf("%s wakes %v after its instant, want at most %v", in.Learner, late, tc.within)
				}
				offsets[late] = true
			}
			if spread := len(offsets) > 50; spread != (tc.within > 0) {
				t.Errorf("200 learners wake at %d different instants", len(offsets))
			}
		})
	}
}
