//go:build node

package librarytest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"homeroom/catalog"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

// runNode runs a script in the folder node, where the packages are.
func runNode(t *testing.T, env []string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", args...)
	command.Dir = "node"
	command.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	command.Stdout = &out
	command.Stderr = &out
	if err := command.Run(); err != nil {
		t.Fatalf("node %v: %v\n%s", args, err, out.String())
	}
}

// TestSegmentForNode: Segment's library, with nothing but the address and the key changed.
func TestSegmentForNode(t *testing.T) {
	w := open(t)
	runNode(t, nil, "segment.js", w.url, w.key)
	events, traits := w.events()
	w.expectLesson(events)
	if len(events) != 2 || events[1].Name != "profile.updated" || traits[1]["email"] != "ada@example.org" {
		t.Errorf("stored %+v with %v", events, traits)
	}
}

// TestTheExampleForNode runs the example of docs/integrate.md as it stands there.
func TestTheExampleForNode(t *testing.T) {
	page, err := os.ReadFile("../../docs/integrate.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```js\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no example in JavaScript")
	}
	script := filepath.Join("node", "example.tmp.mjs") // beside the packages, so that node finds them
	if err := os.WriteFile(script, block[1], 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(script) })
	server, js, _ := natstest.Open(t)
	nc, _ := server.Connect()
	w := open(t)
	w.reader = store.StreamReader{JS: js}
	for range 2 { // the same message again is the same event
		runNode(t, []string{"NATS_URL=" + nc.ConnectedUrl()}, "example.tmp.mjs")
	}
	events, _ := w.events()
	w.expectLesson(events)
	if n, err := w.reader.CountStored(t.Context(), subjects.Stream, []string{subjects.AllPublished}); err != nil || n != 1 {
		t.Errorf("%d are stored, %v", n, err)
	}
}

// TestTypeScript compiles what `homeroom catalog --format typescript` writes, strictly, and a use of it; a use that is wrong is refused.
func TestTypeScript(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"events.ts": string(known.TypedTypeScript()),
		"right.ts":  "import { lessonCompleted } from './events';\nexport const e = lessonCompleted('u_42', 'e1', { lesson_id: 'l1', duration_seconds: 4.5 }, { traits: { email: null } });\n",
		"wrong.ts":  "import { lessonCompleted } from './events';\nexport const e = lessonCompleted('u_42', 'e1', { duration_seconds: 'x' });\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compile := func(name string) error {
		out, err := exec.CommandContext(t.Context(), "node", "node/node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--target", "es2022", "--moduleResolution", "bundler", "--module", "es2022", filepath.Join(dir, name)).CombinedOutput()
		t.Log(string(out))
		return err
	}
	if err := compile("right.ts"); err != nil {
		t.Error(err)
	}
	if compile("wrong.ts") == nil {
		t.Error("a lesson without lesson_id compiles")
	}
}
