package publish

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"homeroom/engine"
	"homeroom/rules"
)

// academy compiles files; settings and two messages are there unless the test has its own.
func academy(t *testing.T, files map[string]string) *rules.Academy {
	t.Helper()
	fsys := fstest.MapFS{
		"settings.yaml":     {Data: []byte("sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n")},
		"messages/nudge.md": {Data: []byte("---\nsubject: One more try\n---\nHave another go.\n")},
	}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	a, problems := rules.Load(fsys, ".")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return a
}

func retry(name, more string) string {
	return fmt.Sprintf("rule: %s\n%swhen: {event: assessment.graded, if: event.passed == false}\nper: assessment_id\ndo:\n  - wait: 1h\n  - send: nudge\n", name, more)
}

func quiet(inactive string) string {
	return fmt.Sprintf("rule: quiet\nwhen: {inactive: %s, in: course}\ndo: [send: nudge]\n", inactive)
}

func TestCompare(t *testing.T) {
	old := academy(t, map[string]string{
		"rules/kept.yaml": retry("kept", ""), "rules/gone.yaml": retry("gone", ""),
		"rules/edited.yaml": retry("edited", ""), "rules/held.yaml": retry("held", "paused: true\n"),
	})
	next := academy(t, map[string]string{
		"rules/kept.yaml": retry("kept", ""), "rules/new.yaml": retry("new", ""),
		"rules/edited.yaml": retry("edited", "priority: 70\n"), "rules/held.yaml": retry("held", ""),
		"messages/nudge.md": "---\nsubject: Once more\n---\nHave another go.\n",
	})
	c := Compare(old, next)
	want := Change{
		From:      old.Ruleset.Hash,
		To:        next.Ruleset.Hash,
		Added:     []string{"new"},
		Removed:   []string{"gone"},
		Changed:   []string{"edited", "held"},
		Lifted:    []string{"held"},
		Reworded:  []string{"kept"},
		Files:     []string{"messages/nudge.md", "rules/edited.yaml", "rules/gone.yaml", "rules/held.yaml", "rules/new.yaml"},
		NewFiles:  []string{"rules/new.yaml"},
		GoneFiles: []string{"rules/gone.yaml"},
	}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreUnexported(Change{})); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
	for mode, want := range map[engine.RunPolicy][]string{
		engine.RunPolicyFinish:  {"held"}, // its pause ends, whatever else
		engine.RunPolicyCancel:  {"edited", "gone", "held"},
		engine.RunPolicyMigrate: {"edited", "gone", "held", "kept"}, // kept says something else now
	} {
		if diff := cmp.Diff(want, c.Touched(mode)); diff != "" {
			t.Errorf("%s touches (-want +got):\n%s", mode, diff)
		}
	}
	if c.Silences() {
		t.Error("there is no inactivity rule, and somebody would be woken")
	}
}

// TestWhoIsWoken: a learner who enrolled on Monday and did nothing since.
func TestWhoIsWoken(t *testing.T) {
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	idle := &engine.Standing{Courses: map[string]*engine.Course{"crs_go": {EnrolledAt: monday}}}
	finished := &engine.Standing{Courses: map[string]*engine.Course{"crs_go": {EnrolledAt: monday, CompletedAt: monday.Add(time.Hour)}}}
	for _, tc := range []struct {
		name     string
		old, new string // inactive: of the rule; empty: there is no such rule
		standing *engine.Standing
		since    time.Time
		want     bool
	}{
		{"the rule is new", "", "7d", idle, time.Time{}, true},
		{"the rule is new, and its silence is stale", "", "7d", idle, monday.Add(8 * 24 * time.Hour), false},
		{"the course is done", "", "7d", finished, time.Time{}, false},
		{"nobody knows the learner", "", "7d", &engine.Standing{}, time.Time{}, false},
		{"it falls due earlier", "7d", "3d", idle, time.Time{}, true},
		{"it falls due later", "3d", "7d", idle, time.Time{}, false},
		{"nothing changed", "7d", "7d", idle, time.Time{}, false},
		{"the rule is gone", "7d", "", idle, time.Time{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := func(inactive string) *rules.Academy {
				files := map[string]string{"rules/kept.yaml": retry("kept", "")}
				if inactive != "" {
					files["rules/quiet.yaml"] = quiet(inactive)
				}
				return academy(t, files)
			}
			if got := Compare(folder(tc.old), folder(tc.new)).Wakes(tc.standing, tc.since); got != tc.want {
				t.Errorf("woken: %v, want %v", got, tc.want)
			}
		})
	}
}
