package play_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

// traitsStory has learners of whom rules note something: one whose stage the platform changes meanwhile, and a recording that holds what a rule had set.
const traitsStory = `
{"id":"1","event":"trial.started","learner_id":"ann","time":"2026-03-02T10:00:00Z","properties":{"plan_type":"pro"},"traits":{"email":"ann@example.org","stage":"lead"}}
{"id":"2","event":"trial.started","learner_id":"ben","time":"2026-03-02T10:10:00Z","properties":{"plan_type":"pro"},"traits":{"email":"ben@example.org"}}
{"id":"3","event":"learner.trait_set","learner_id":"cem","time":"2026-03-02T11:00:00Z","properties":{"trait":"stage","value":"trial"},"traits":{"email":"cem@example.org"}}
{"id":"4","event":"profile.updated","learner_id":"ben","time":"2026-03-03T10:00:00Z","properties":{"stage":"paying","seats":4}}
{"id":"5","event":"trial.started","learner_id":"cem","time":"2026-03-04T10:00:00Z","properties":{"plan_type":"pro"},"traits":{"email":"cem@example.org"}}
`

// TestTheLawOfTraits plays the folder in which rules set traits and begin by them through real NATS and real Temporal, and simulates it: the same traits are set, and the same messages go,
// at the same second.
func TestTheLawOfTraits(t *testing.T) {
	academy := loadGood(t, "set")
	until := time.Date(2026, 3, 19, 12, 0, 0, 0, time.UTC)
	simulated, played := simulateAndPlay(t, academy, []byte(strings.TrimLeft(traitsStory, "\n")), until)
	want := traitsSet(simulated.Decisions)
	if len(want) < 9 || !slices.ContainsFunc(sent(simulated.Decisions), func(line string) bool { return strings.Contains(line, "stage-left") }) {
		t.Errorf("the story tells too little:\n%s\n%s", strings.Join(want, "\n"), strings.Join(sent(simulated.Decisions), "\n"))
	}
	if diff := cmp.Diff(want, traitsSet(played.Decisions)); diff != "" {
		t.Errorf("what was set, simulated (-) and played (+):\n%s", diff)
	}
}

// traitsSet lists what rules set, and what they did not set although a step said so, a line each.
func traitsSet(decisions []engine.Decision) []string {
	var lines []string
	for _, d := range decisions {
		if d.Kind == engine.KindSet || d.Reason == engine.ReasonAlreadySet {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", d.At.UTC().Format(time.RFC3339), d.Learner, d.Rule, d.Detail))
		}
	}
	slices.Sort(lines)
	return lines
}
