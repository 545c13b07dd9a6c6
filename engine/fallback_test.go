package engine_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// TestFallback: the second message goes if nothing is heard of the nudge, also if the provider or the platform was slow to take it; who is held out gets neither, and a nudge
// that never went has nothing in its place.
func TestFallback(t *testing.T) {
	for _, c := range []struct {
		name    string
		channel string // of the first message; empty: in the app
		noApp   bool
		heldOut bool
		status  []engine.OutcomeStatus // of the deliveries, in turn; then accepted
		answer  time.Duration          // when the nudge was seen; 0: never
		want    string
	}{
		{"unseen", "", false, false, nil, 0, "0s sent inapp, 2h sent email"},
		{"seen", "", false, false, nil, time.Hour, "0s sent inapp"},
		{"seen when it is too late", "", false, false, nil, 3 * time.Hour, "0s sent inapp, 2h sent email"},
		{"held out", "", false, true, nil, 0, "0s withheld inapp, 2h withheld email"},
		{"taken a minute later", "", false, false, []engine.OutcomeStatus{engine.OutcomeRetry}, 0, "0s deferred inapp, 1m sent inapp, 2h1m sent email"},
		{"never taken", "", false, false, []engine.OutcomeStatus{engine.OutcomeFailed}, 0, "0s failed inapp, 2h sent email"},
		{"a push that nobody touched", engine.ChannelPush, false, false, nil, 0, "0s sent push, 2h sent email"},
		{"a push that somebody touched", engine.ChannelPush, false, false, nil, time.Hour, "0s sent push"},
		{"a learner without an app", engine.ChannelPush, true, false, nil, 0, "0s sent email"},
		{"a learner without an app, held out", engine.ChannelPush, true, true, nil, 0, "0s withheld email"},
		{"the last app is gone", engine.ChannelPush, false, false, []engine.OutcomeStatus{engine.OutcomeFailed}, 0, "0s failed push, 2h sent email"},
	} {
		t.Run(c.name, func(t *testing.T) {
			nudge := send("1", "hello")
			nudge.Send.Channel = engine.ChannelInApp
			reach := engine.ReachedBy(engine.ChannelEmail)
			if c.channel != "" {
				nudge.Send.Channel = c.channel
				reach[c.channel] = engine.Reach{Known: !c.noApp}
			}
			mail := send("1.fallback", "hello")
			mail.Send.Channel = engine.ChannelEmail
			rule := &engine.Rule{
				Name:    "x",
				When:    engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
				Program: []engine.Instr{nudge, {Op: engine.OpFallback, ID: "1.unseen", Nudge: "1", Dur: 2 * time.Hour, Else: 3}, mail},
			}
			if c.heldOut {
				rule.Holdout = 100
			}
			rs := &engine.Ruleset{Hash: "h", Settings: engine.Settings{Patience: day}, Rules: []*engine.Rule{rule}}
			env := engine.Env{
				Current:  rs,
				Revision: func(string) *engine.Ruleset { return rs },
				Standing: &engine.Standing{},
				Grace:    time.Minute,
				Profile:  engine.Profile{Reach: reach},
			}
			state := engine.State{Learner: "u"}
			var told []string
			var wake time.Time
			nudgeID := ""
			var step func(now time.Time, inputs ...engine.Input)
			step = func(now time.Time, inputs ...engine.Input) {
				res := engine.Step(env, state, inputs, now)
				state = res.State
				wake = res.WakeAt
				for _, d := range res.Decisions {
					if d.Kind != engine.KindStarted {
						told = append(told, strings.TrimSpace(engine.FormatDuration(now.Sub(start))+" "+string(d.Kind)+" "+d.Channel))
					}
				}
				for _, e := range res.Effects {
					o := &engine.Outcome{SendID: e.Send.ID, Status: engine.OutcomeAccepted}
					if nudgeID == "" {
						nudgeID = e.Send.ID
					}
					if len(c.status) > 0 {
						o.Status = c.status[0]
						c.status = c.status[1:]
					}
					step(now, engine.Input{Outcome: o})
				}
			}
			to := func(at time.Time) {
				for !wake.IsZero() && wake.Before(at) {
					step(wake)
				}
			}
			step(start, engine.Input{Event: &engine.Event{ID: "e", Name: "enrollment.created", Learner: "u", Time: start}})
			if c.answer > 0 {
				at := start.Add(c.answer)
				to(at)
				seen := &engine.Event{ID: "s", Name: engine.EventNudgeSeen, Learner: "u", Time: at, Properties: map[string]any{engine.KeySend: nudgeID}}
				if !rs.Wants(seen, engine.Change{}) {
					t.Fatal("nobody wants to hear that a nudge was seen")
				}
				step(at, engine.Input{Event: seen})
			}
			to(start.Add(2 * day))
			if got := strings.Join(told, ", "); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
			if len(state.Runs) != 0 {
				t.Errorf("a run is left: %+v", state.Runs)
			}
		})
	}
}
