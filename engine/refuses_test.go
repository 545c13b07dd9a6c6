package engine_test

import (
	"testing"
	"time"

	"homeroom/engine"
)

// TestASendSaysThatItsTopicMustBeChosen: whoever delivers asks again, and knows no settings.
func TestASendSaysThatItsTopicMustBeChosen(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for topic, want := range map[string]bool{"offers": true, "progress": false, "undeclared": false, "": false} {
		rs := &engine.Ruleset{
			Settings: engine.Settings{Patience: time.Hour, Topics: map[string]bool{"offers": false, "progress": true}},
			Rules: []*engine.Rule{{
				Name:    "hello",
				When:    engine.Trigger{Match: engine.Match{Event: "user.signed_up"}},
				Program: []engine.Instr{{Op: engine.OpSend, ID: "1", Send: &engine.SendStep{Message: "hello", Channel: "email", Topic: topic}}},
			}},
		}
		env := stepEnv(rs, &engine.Standing{})
		env.Profile.Subscribed = []string{"offers"}
		res := engine.Step(env, engine.State{Learner: "u_1"}, []engine.Input{{Event: &engine.Event{ID: "e1", Name: "user.signed_up", Learner: "u_1", Time: at, StoredAt: at, Seq: 1}}}, at)
		if len(res.Effects) != 1 || res.Effects[0].Send.OptIn != want {
			t.Errorf("topic %q: %+v, want opt-in %v", topic, res.Effects, want)
		}
	}
}
