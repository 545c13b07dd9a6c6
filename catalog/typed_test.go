package catalog_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/catalog"
)

// own are events of a team whose names are hard for a language.
const own = `events:
  class.scheduled: {about: "A date */ for a class.", properties: {class_id: string, starts_at: timestamp, topics: strings, seats_left: integer, payload: any, join_url: url, event: string, type: string}, keys: [class_id], required: [class_id, starts_at]}
  class.sched_uled: {properties: {a_b: number, a_b_: boolean}}
  9lives.lost: {}
  more.traits: {}
  traits: {}
`

func extended(t *testing.T) *catalog.Catalog {
	t.Helper()
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	usable := []string{"events:\n"}
	for _, line := range strings.SplitAfter(own, "\n")[1:] {
		if _, err := known.Extend("catalog.yaml", []byte("events:\n"+line)); err == nil || line == "" {
			usable = append(usable, line)
		} else if strings.Contains(line, "class.scheduled") {
			t.Fatal(err)
		}
	}
	known, err = known.Extend("catalog.yaml", []byte(strings.Join(usable, "")))
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// TestTypedGo: the Go file compiles, with the team's events in it, and says what the catalog says.
func TestTypedGo(t *testing.T) {
	text, err := extended(t).TypedGo("events")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"type LessonCompleted struct", "LessonID ", `json:"lesson_id"`, "type ClassScheduled struct", "StartsAt  time.Time", "func (p ClassScheduled) Event(learner, id string, at time.Time) emit.Event"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it does not have %s", want)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "events.go")
	use := filepath.Join(dir, "use.go")
	write(t, file, text)
	write(t, use, []byte("package events\n\nimport \"time\"\n\nvar _ = LessonCompleted{LessonID: \"l1\", DurationSeconds: new(4.5)}.Event(\"u_42\", \"e1\", time.Now())\nvar _ = ContentPublished{}.Event(\"e1\", time.Now())\n"))
	here, err := filepath.Abs("generated")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "events.go"): file, filepath.Join(here, "use.go"): use}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "overlay.json"), overlay)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "homeroom/catalog/generated").CombinedOutput(); err != nil {
		t.Errorf("it does not compile: %v\n%s", err, out)
	}
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTypedTypeScript: each event has its interface and its constructor. That the module is TypeScript, dev/librarytest shows with the compiler.
func TestTypedTypeScript(t *testing.T) {
	text := string(extended(t).TypedTypeScript())
	for _, want := range []string{
		"export interface LessonCompleted {\n  lesson_id: string;", "  duration_seconds?: number;", "export function lessonCompleted(learner: string, id: string, properties: LessonCompleted, more: More = {}): HomeroomEvent {",
		"export function classScheduled(", "  topics?: string[];", "  payload?: unknown;", "A date * / for a class.", "export function contentPublished(id: string,",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not have %s", want)
		}
	}
}
