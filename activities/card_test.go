package activities_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"homeroom/activities"
	"homeroom/engine"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew; read the diff")

var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

func rules() *engine.Ruleset {
	send := engine.Instr{Op: engine.OpSend, ID: "2", Send: &engine.SendStep{Message: "retry-encouragement", Channel: "email"}}
	waitFor := engine.Instr{Op: engine.OpWaitFor, ID: "3", Dur: 72 * time.Hour, Match: &engine.Match{Event: "assessment.retried"}}
	return &engine.Ruleset{
		Hash:    "rev1",
		Courses: map[string]engine.CourseInfo{"crs_go": {Title: "Go for *gophers*"}},
		Rules: []*engine.Rule{
			{Name: "inactive-in-course", When: engine.Trigger{Inactive: 72 * time.Hour}},
			{Name: "retry-after-failed-quiz", Program: []engine.Instr{{Op: engine.OpWait, ID: "1", Dur: 2 * time.Hour}, send, waitFor}},
		},
	}
}

func env(zone string) engine.Env {
	rs := rules()
	return engine.Env{
		Current:  rs,
		Revision: func(string) *engine.Ruleset { return rs },
		Profile:  engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail), Timezone: zone},
		Standing: &engine.Standing{},
	}
}

// busy is a learner in the middle of things.
func busy() activities.Scene {
	e := env("Europe/Berlin")
	e.Standing.Courses = map[string]*engine.Course{
		"crs_go":   {EnrolledAt: noon.Add(-240 * time.Hour), Progress: []engine.Progress{{At: noon, Pct: 40, Done: 4, Total: 10}}, Active: engine.Activity{noon.Add(-10 * time.Minute).Unix()}},
		"crs_rust": {EnrolledAt: noon.Add(-24 * time.Hour)},
		"crs_sql":  {EnrolledAt: noon.Add(-900 * time.Hour), CompletedAt: noon.Add(-300 * time.Hour), Title: "SQL"},
	}
	run := func(rule, scope string, pc int, due time.Time) engine.Run {
		return engine.Run{ID: rule + scope, Rule: rule, Revision: "rev1", Scope: scope, PC: pc, Due: due}
	}
	waiting := run("retry-after-failed-quiz", "assessment_id=a1", 0, noon.Add(2*time.Hour))
	waiting.Waiting = true
	late := run("retry-after-failed-quiz", "assessment_id=a2", 1, noon.Add(20*time.Hour))
	late.FirstDue = noon.Add(-time.Hour)
	watching := run("retry-after-failed-quiz", "assessment_id=a3", 2, noon.Add(60*time.Hour))
	watching.Waiting = true
	sending := run("certificate-share", "certificate_id=c9", 1, time.Time{})
	sending.Ended = true
	old := run("retired-rule", "", 7, noon.Add(90*time.Hour))
	return activities.Scene{
		Env:    e,
		Now:    noon,
		WakeAt: noon.Add(2 * time.Hour),
		State: engine.State{
			Learner:           "u_42",
			Runs:              []engine.Run{waiting, late, watching, sending, old},
			PendingDeliveries: []engine.PendingDelivery{{Send: engine.Send{Run: sending.ID, Rule: sending.Rule, Scope: sending.Scope, Message: "share-your-certificate", Channel: "email"}}},
			Recent: []engine.Decision{
				{At: noon.Add(-48 * time.Hour), Rule: "welcome", Scope: "course_id=crs_go", Kind: engine.KindSent, Message: "welcome"},
				{At: noon.Add(-47 * time.Hour), Rule: "halfway-cheer", Kind: engine.KindSkipped, Reason: engine.ReasonConditionError, Detail: `event.score_pct: the event carries no "score_pct"`},
				{At: noon.Add(-time.Hour), Rule: "retry-after-failed-quiz", Scope: "assessment_id=a2", Kind: engine.KindDeferred, Reason: engine.ReasonCap, Message: "retry-encouragement", Until: noon.Add(20 * time.Hour)},
				{At: noon.Add(-5 * time.Second), Rule: "retry-after-failed-quiz", Scope: "assessment_id=a1", Kind: engine.KindStarted},
				{At: noon, Rule: "enrolled-not-started", Scope: "course_id=crs_go", Kind: engine.KindExited, Reason: engine.ReasonUntil, Detail: "course.started"},
			},
		},
	}
}

func TestTheCardReadsLikeSentences(t *testing.T) {
	quiet := activities.Scene{Env: env("Asia/Tokyo"), Now: noon.Add(3 * time.Hour), WakeAt: noon.Add(99 * time.Hour), State: engine.State{Learner: "ada@example.org"}}
	unknown := activities.Scene{Env: env(""), Now: noon, State: engine.State{Learner: "u_1"}}
	unknown.Env.Profile = engine.Profile{}
	behind := busy()
	behind.Env.Profile.Reach = map[string]engine.Reach{engine.ChannelEmail: {Known: true, Suppressed: true}}
	behind.State.Runs = behind.State.Runs[:1]
	behind.State.Runs[0].Due = noon.Add(-time.Hour)
	behind.State.PendingDeliveries = nil
	behind.State.Recent = nil
	behind.WakeAt = noon.Add(2 * time.Second)

	for name, scene := range map[string]activities.Scene{"busy": busy(), "quiet": quiet, "unknown": unknown, "behind": behind} {
		t.Run(name, func(t *testing.T) {
			card := scene.Card()
			got := fmt.Sprintf("%s\ntimer: %s\ncourses: %v\nrules: %v\n", card.Details, scene.Next(), card.Courses, card.Rules)
			file := filepath.Join("testdata", "card-"+name+".golden.md")
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; run the test with -rewrite", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the card has changed (-want +got); if it should, run the test with -rewrite:\n%s", diff)
			}
		})
	}
}

func TestTheCardIsBounded(t *testing.T) {
	scene := busy()
	long := strings.Repeat("*ü", 400)
	for i := range 300 {
		id := fmt.Sprintf("%03d%s", i, long)
		scene.Env.Standing.Courses[id] = &engine.Course{Title: long, Active: engine.Activity{noon.Unix()}}
		scene.State.Runs = append(scene.State.Runs, engine.Run{ID: id, Rule: id, Scope: long, Due: noon.Add(time.Hour)})
		scene.State.PendingDeliveries = append(scene.State.PendingDeliveries, engine.PendingDelivery{Send: engine.Send{Run: id, Rule: id, Scope: long, Message: long}})
		scene.State.Recent = append(scene.State.Recent, engine.Decision{Rule: long, Scope: long, Message: long, Detail: long})
	}
	card := scene.Card()
	if len(card.Details) > 20_000 || !utf8.ValidString(card.Details) {
		t.Errorf("details: %d bytes, valid UTF-8: %v", len(card.Details), utf8.ValidString(card.Details))
	}
	if len(card.Courses) > 50 || len(card.Rules) > 50 {
		t.Errorf("%d courses and %d rules as search attributes", len(card.Courses), len(card.Rules))
	}
}

// Temporal terminates a workflow that sets a search attribute of more than 2,048 bytes.
func TestSearchAttributesFitTemporal(t *testing.T) {
	s := busy()
	for i := range 60 {
		s.Env.Standing.Courses[fmt.Sprintf("an-introduction-to-<machine>-learning-%03d", i)] = &engine.Course{EnrolledAt: noon}
		s.State.Runs = append(s.State.Runs, engine.Run{Rule: strings.Repeat("r", 60) + fmt.Sprint(i)})
	}
	card := s.Card()
	for name, list := range map[string][]string{"courses": card.Courses, "rules": card.Rules} {
		if data, err := json.Marshal(list); err != nil || len(data) > 2048 || len(list) < 20 {
			t.Errorf("%s: %d entries in %d bytes, %v", name, len(list), len(data), err)
		}
	}
}

// TestTheCardCounts: a run that gathers events says how many it has, and until when.
func TestTheCardCounts(t *testing.T) {
	s := busy()
	gather := engine.Instr{Op: engine.OpCollect, ID: "1", As: "replies", Collect: &engine.Collect{}}
	rs := s.Env.Current
	rs.Rules = append(rs.Rules, &engine.Rule{Name: "digest", Program: []engine.Instr{gather, {Op: engine.OpStop}}})
	run := engine.Run{ID: "d", Rule: "digest", Revision: "rev1", Waiting: true, Due: noon.Add(time.Hour)}
	run.Awaited = []engine.AwaitedEvent{{Name: "replies", Event: engine.Event{Properties: map[string]any{"count": 3.0}}}}
	s.State.Runs = []engine.Run{run}
	s.State.PendingDeliveries = nil
	if card := s.Card(); !strings.Contains(card.Details, "collects *replies* until Tue 3 Mar 2026 13:00 UTC (in their zone 14:00 Berlin), 3 so far") {
		t.Errorf("the card does not say what is gathered:\n%s", card.Details)
	}
}
