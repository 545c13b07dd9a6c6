package play_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"homeroom/engine"
	"homeroom/rules"
)

// wordsStory has learners whose runs are restarted, are left by an event of another course, and read what they have waited for.
const wordsStory = `
{"id":"1","event":"course.completed","learner_id":"ann","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go"},"traits":{"email":"ann@example.org"}}
{"id":"2","event":"assignment.due_set","learner_id":"ben","time":"2026-03-02T10:10:00Z","properties":{"assignment_id":"a1","due_at":"2026-03-12T12:00:00Z"},"traits":{"email":"ben@example.org"}}
{"id":"3","event":"course.completed","learner_id":"cem","time":"2026-03-02T11:00:00Z","properties":{"course_id":"go"},"traits":{"email":"cem@example.org"}}
{"id":"4","event":"enrollment.created","learner_id":"cem","time":"2026-03-03T10:00:00Z","properties":{"course_id":"rust"}}
{"id":"5","event":"assignment.due_set","learner_id":"ben","time":"2026-03-03T12:00:00Z","properties":{"assignment_id":"a1","due_at":"2026-03-07T12:00:00Z"}}
{"id":"6","event":"nps.answered","learner_id":"ann","time":"2026-03-04T10:00:00Z","properties":{"course_id":"go","score":3}}
{"id":"7","event":"nps.answered","learner_id":"cem","time":"2026-03-12T18:00:00Z","properties":{"course_id":"go","score":10}}
`

// TestTheLawOfWords plays the folder of match, again: restart and wait_for … as through real NATS and real Temporal, and simulates it: the same messages go
// at the same second.
func TestTheLawOfWords(t *testing.T) {
	academy := loadGood(t, "words")
	events := []byte(strings.TrimLeft(wordsStory, "\n"))
	until := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	simulated, played := simulateAndPlay(t, academy, events, until)
	want := sent(simulated.Decisions)
	for _, message := range []string{"due-tomorrow", "nps-detractor", "nps-promoter", "nps-bye"} {
		if !slices.ContainsFunc(want, func(line string) bool { return strings.HasSuffix(line, " "+message) }) {
			t.Errorf("nobody got %s:\n%s", message, strings.Join(want, "\n"))
		}
	}
	exits := func(decisions []engine.Decision) []string {
		var lines []string
		for _, d := range decisions {
			if d.Kind == engine.KindExited {
				lines = append(lines, d.Learner+" "+d.Rule+" "+string(d.Reason))
			}
		}
		slices.Sort(lines)
		return lines
	}
	if diff := cmp.Diff(exits(simulated.Decisions), exits(played.Decisions)); diff != "" {
		t.Errorf("runs that ended, simulated (-) and played (+):\n%s", diff)
	}
}

// loadGood loads one of the folders that the tests of package rules compile.
func loadGood(t *testing.T, name string) *rules.Academy {
	t.Helper()
	archive, err := txtar.ParseFile("../../rules/testdata/good/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range archive.Files {
		if f.Name != "want" {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	academy, problems := rules.Load(fsys, ".")
	if academy == nil {
		t.Fatal(problems)
	}
	return academy
}
