package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// sunset writes and then stops messages about a topic, or all, for a week.
func sunset(name, topic string, stops ...string) *engine.Rule {
	last := send("1", name)
	last.Send.Topic = topic
	return &engine.Rule{
		Name:    name,
		When:    engine.Trigger{Match: engine.Match{Event: "enrollment.created"}},
		Per:     []string{"course_id"},
		Again:   engine.Again{Always: true},
		Program: []engine.Instr{last, {Op: engine.OpSuppress, ID: "2", Dur: 7 * day, Topics: stops, Reason: "enough"}},
	}
}

// TestSuppressedTopics: what a step stops, no rule sends until the time is over, held out or not; other topics, transactional messages, and what the same run was to send
// before all go. The state is read back between steps, as a workflow does.
func TestSuppressedTopics(t *testing.T) {
	plain := &engine.Rule{
		Name:    "plain",
		When:    engine.Trigger{Match: engine.Match{Event: "course.started"}},
		Again:   engine.Again{Always: true},
		Program: []engine.Instr{send("1", "tips"), send("2", "offer"), send("3", "receipt")},
	}
	plain.Program[0].Send.Topic = "progress"
	plain.Program[1].Send.Topic = "offers"
	plain.Program[2].Send.Transactional = true
	// The outcome of a delivery is heard after the next step.
	for _, c := range []struct {
		name    string
		stops   []string
		heldOut bool
		retry   bool // the provider takes the last message a minute later
		want    string
	}{
		{"a topic", []string{"progress"}, false, false, "suppressed, sent last, skipped tips left_alone, sent offer, sent receipt | sent tips, sent offer, sent receipt"},
		{"all", nil, false, false, "suppressed, sent last, skipped tips left_alone, skipped offer left_alone, sent receipt | sent tips, sent offer, sent receipt"},
		{"held out", nil, true, false, "withheld last holdout, suppressed, skipped tips left_alone, skipped offer left_alone, sent receipt | sent tips, sent offer, sent receipt"},
		{"the last message is late", nil, false, true, "suppressed, suppressed, sent last, skipped tips left_alone, skipped offer left_alone, sent receipt | sent tips, sent offer, sent receipt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rule := sunset("last", "progress", c.stops...)
			if c.heldOut {
				rule.Holdout = 100
			}
			env := engine.Env{
				Current:  &engine.Ruleset{Hash: "h", Settings: engine.Settings{Patience: day}, Rules: []*engine.Rule{rule, plain}},
				Standing: &engine.Standing{},
				Grace:    time.Minute,
				Profile:  engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)},
			}
			env.Revision = func(string) *engine.Ruleset { return env.Current }
			state := engine.State{Learner: "u"}
			retry := c.retry
			var story []string
			step := func(inputs []engine.Input, now time.Time) time.Time {
				for {
					res := engine.Step(env, state, inputs, now)
					raw, err := json.Marshal(res.State)
					state = engine.State{}
					if err == nil {
						err = json.Unmarshal(raw, &state)
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, d := range res.Decisions {
						if d.Kind != engine.KindStarted && d.Kind != engine.KindDeferred {
							story = append(story, strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Kind, d.Message, d.Reason)))
						}
					}
					inputs = nil
					for _, e := range res.Effects {
						outcome := &engine.Outcome{SendID: e.Send.ID, Status: engine.OutcomeAccepted}
						if retry {
							outcome.Status = engine.OutcomeRetry
							outcome.RetryAt = now.Add(time.Minute)
							retry = false
						}
						inputs = append(inputs, engine.Input{Outcome: outcome})
					}
					if len(inputs) == 0 {
						return res.WakeAt
					}
				}
			}
			play := func(event string, at time.Time) {
				wake := step([]engine.Input{{Event: &engine.Event{ID: event + at.String(), Name: event, Learner: "u", Time: at, Properties: map[string]any{"course_id": "go"}}}}, at)
				for !wake.IsZero() && wake.Before(at.Add(time.Hour)) {
					wake = step(nil, wake)
				}
			}
			play("enrollment.created", start)
			play("course.started", start.Add(6*day))
			story = append(story, "|")
			play("course.started", start.Add(8*day))
			told := strings.ReplaceAll(strings.Join(story, ", "), ", |, ", " | ")
			if told != c.want {
				t.Errorf("\ngot  %s\nwant %s", told, c.want)
			}
			if len(state.Suppressions) != 0 {
				t.Errorf("what is over is still remembered: %+v", state.Suppressions)
			}
		})
	}
}
