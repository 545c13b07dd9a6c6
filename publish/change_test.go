package publish

import (
	"fmt"
	"strings"
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
		{"it speaks at a lower risk", "0.99", "0.9", idle, time.Time{}, true},
		{"it speaks at a higher risk", "0.9", "0.99", idle, time.Time{}, false},
		{"it speaks after a shorter silence, whatever the risk", "0.99, or_silent: 10d", "0.99, or_silent: 5d", idle, time.Time{}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := func(inactive string) *rules.Academy {
				files := map[string]string{"rules/kept.yaml": retry("kept", "")}
				if inactive != "" {
					files["rules/quiet.yaml"] = quiet(inactive)
					if strings.HasPrefix(inactive, "0.") {
						files["rules/quiet.yaml"] = fmt.Sprintf("rule: quiet\nwhen: {at_risk: %s}\ndo: [send: nudge]\n", inactive)
					}
				}
				return academy(t, files)
			}
			if got := Compare(folder(tc.old), folder(tc.new)).Wakes(tc.standing, tc.since); got != tc.want {
				t.Errorf("woken: %v, want %v", got, tc.want)
			}
		})
	}
}

// TestACourseThatStartsEarlierWakes: silence counts from the start, and a start that moves forward may make it fall due before a sleeper wakes.
func TestACourseThatStartsEarlierWakes(t *testing.T) {
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	idle := &engine.Standing{Courses: map[string]*engine.Course{"crs_go": {EnrolledAt: monday}}}
	folder := func(settings, courses string) *rules.Academy {
		files := map[string]string{"rules/quiet.yaml": quiet("7d"), "courses.yaml": courses}
		if settings != "" {
			files["rules/quiet.yaml"] = "rule: quiet\nwhen: {at_risk: 0.95}\ndo: [send: nudge]\n"
			files["settings.yaml"] = settings
		}
		return academy(t, files)
	}
	later := folder("", "crs_go: {starts: 2026-05-01}\n")
	earlier := folder("", "crs_go: {starts: 2026-04-01}\n")
	if !Compare(later, earlier).Wakes(idle, time.Time{}) {
		t.Error("nobody is woken for a course that starts a month earlier")
	}
	if Compare(earlier, later).Wakes(idle, time.Time{}) || Compare(earlier, earlier).Silences() {
		t.Error("learners are woken though nothing falls due earlier")
	}
	doubtful := folder("risk: {intercept: 3}\n", "")
	hopeful := folder("risk: {intercept: 2}\n", "")
	if !Compare(hopeful, doubtful).Wakes(idle, time.Time{}) || Compare(doubtful, hopeful).Wakes(idle, time.Time{}) {
		t.Error("a greater intercept wakes, a smaller one does not")
	}
}

// TestDatesWake: a date that only the profile knows wakes everybody once it is written, and again when it is written otherwise; one of a course wakes whom it concerns.
func TestDatesWake(t *testing.T) {
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	enrolled := &engine.Standing{Courses: map[string]*engine.Course{"crs_go": {EnrolledAt: monday}}}
	folder := func(date, starts string) *rules.Academy {
		files := map[string]string{"rules/kept.yaml": retry("kept", ""), "courses.yaml": "crs_go: {starts: " + starts + "}\n"}
		if date != "" {
			files["rules/dated.yaml"] = "rule: dated\nwhen: {date: " + date + "}\ndo: [send: nudge]\n"
		}
		return academy(t, files)
	}
	const exam = "timestamp(learner.traits.exam_date)"
	for _, c := range []struct {
		name     string
		old, new *rules.Academy
		standing *engine.Standing
		want     bool
	}{
		{"a trait", folder("", "2026-05-01"), folder(exam, "2026-05-01"), &engine.Standing{}, true},
		{"another day before it", folder(exam, "2026-05-01"), folder(exam+" - days(3)", "2026-05-01"), &engine.Standing{}, true},
		{"the same", folder(exam, "2026-05-01"), folder(exam, "2026-05-01"), &engine.Standing{}, false},
		{"a course", folder("", "2026-05-01"), folder("course.starts_at", "2026-05-01"), enrolled, true},
		{"nobody's course", folder("", "2026-05-01"), folder("course.starts_at", "2026-05-01"), &engine.Standing{}, false},
		{"a course that starts earlier", folder("course.starts_at", "2026-05-01"), folder("course.starts_at", "2026-04-01"), enrolled, true},
		{"a course that starts later", folder("course.starts_at", "2026-04-01"), folder("course.starts_at", "2026-05-01"), enrolled, false},
	} {
		if got := Compare(c.old, c.new).Wakes(c.standing, monday.Add(time.Hour)); got != c.want {
			t.Errorf("%s: woken: %v", c.name, got)
		}
	}
}

// TestADateThatTheCalendarMovesNearerWakesSleepers, also if the profile has a say in it, or the zone of learners without one.
func TestADateThatTheCalendarMovesNearerWakesSleepers(t *testing.T) {
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	enrolled := &engine.Standing{Courses: map[string]*engine.Course{"crs_go": {EnrolledAt: monday}}}
	folder := func(date, starts, zone string) *rules.Academy {
		return academy(t, map[string]string{
			"settings.yaml":    "sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\ntimezone: " + zone + "\n",
			"courses.yaml":     "crs_go: {starts: " + starts + "}\n",
			"rules/dated.yaml": "rule: dated\nwhen: {date: '" + date + "'}\ndo: [send: nudge]\n",
		})
	}
	const (
		plain   = "course.starts_at - days(1)"
		profile = "has(learner.traits.advanced) ? course.starts_at - days(1) : course.starts_at - days(3)"
		trait   = "timestamp(learner.traits.exam_date) - days(3)"
	)
	for _, tc := range []struct {
		name      string
		old, next *rules.Academy
		want      bool
	}{
		{"a course that starts earlier", folder(plain, "2026-05-01", "UTC"), folder(plain, "2026-04-01", "UTC"), true},
		{"a course that starts later", folder(plain, "2026-04-01", "UTC"), folder(plain, "2026-05-01", "UTC"), false},
		{"the profile has a say", folder(profile, "2026-05-01", "UTC"), folder(profile, "2026-04-01", "UTC"), true},
		{"another zone for a day", folder(trait, "2026-05-01", "UTC"), folder(trait, "2026-05-01", "Asia/Tokyo"), true},
		{"nothing of it changes", folder(trait, "2026-05-01", "UTC"), folder(trait, "2026-05-01", "UTC"), false},
	} {
		if got := Compare(tc.old, tc.next).Wakes(enrolled, monday.Add(time.Hour)); got != tc.want {
			t.Errorf("%s: wakes %v, want %v", tc.name, got, tc.want)
		}
	}
}
