package backtest_test

import (
	"testing"
	"time"

	"homeroom/backtest"
)

// TestTraitsOfARecordingAreSetAnew: what rules set then is in the recording, but each side sets what its own rules set. Events that name another id are counted, once
// for both sides; nothing is merged.
func TestTraitsOfARecordingAreSetAnew(t *testing.T) {
	base := map[string]string{
		"settings.yaml":    "sender: {from: hello@academy.example, name: Academy, postal_address: 1 Main Street}\n",
		"rules/mark.yaml":  "rule: mark\nwhen: {event: assessment.graded, if: event.passed == false}\ndo:\n  - set: {struggles: true}\n",
		"rules/help.yaml":  "rule: help\nwhen: {event: learner.trait_set, if: event.trait == \"struggles\"}\ndo:\n  - send: help\n",
		"messages/help.md": "---\nsubject: Help\n---\nAsk us.\n",
	}
	draft := map[string]string{"rules/mark.yaml": ""}
	for name, content := range base {
		if _, changed := draft[name]; !changed {
			draft[name] = content
		}
	}
	const recording = failed +
		`{"id":"set-4","learner_id":"u_1","event":"learner.trait_set","time":"2026-03-02T13:00:00Z","properties":{"trait":"struggles","value":true,"rule":"mark","chain":1}}
{"id":"5","learner_id":"u_2","event":"user.aliased","time":"2026-03-02T14:00:00Z","properties":{"previous_id":"u_1"}}
`
	opts := sidesOf(compileFiles(t, base), compileFiles(t, draft))
	opts.RunOn = 24 * time.Hour
	r := runBacktest(t, recording, opts)
	if help := ruleOf(t, r, "help"); help.Counts != (backtest.Counts{Before: 1, NoLonger: 1}) || !help.KnockOn {
		t.Errorf("help: %+v", help)
	}
	if r.Aliased != 1 || r.Learners != 2 {
		t.Errorf("%d events name another id, %d learners", r.Aliased, r.Learners)
	}
}
