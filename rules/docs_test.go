package rules_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"homeroom/rules"
)

var fence = regexp.MustCompile("(?ms)^```(yaml|markdown)\n(.*?)^```$")

// TestDocs puts the examples of docs/rules.md into the example academy: rules and fragments of rules are checked there,
// settings and messages too, and the rule tests are run.
func TestDocs(t *testing.T) {
	src, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	fsys := copyAcademy(t)
	sends := map[string]bool{}
	for i, m := range fence.FindAllStringSubmatch(string(src), -1) {
		first, _, _ := strings.Cut(m[2], ":")
		name := fmt.Sprintf("example-%d", i+1)
		text := m[2]
		switch {
		case strings.HasPrefix(text, "# courses.yaml"):
			fsys["courses.yaml"] = &fstest.MapFile{Data: append(slices.Clone(fsys["courses.yaml"].Data), text...)}
			continue
		case strings.HasPrefix(text, "---\n# messages/"):
			file, _, _ := strings.Cut(strings.TrimPrefix(text, "---\n# "), "\n")
			fsys[file] = &fstest.MapFile{Data: []byte(text)}
			continue
		case m[1] == "markdown":
			fsys["messages/"+name+".md"] = &fstest.MapFile{Data: []byte(text)}
			continue
		case first == "test":
			fsys["tests/"+name+".yaml"] = &fstest.MapFile{Data: []byte(text)}
			continue
		case first == "targets":
			fsys["settings.yaml"] = &fstest.MapFile{Data: append(slices.Clone(fsys["settings.yaml"].Data), "\n"+text...)}
			continue
		case first == "timezone", first == "staff":
			_, problems := rules.Load(withBase(map[string]string{"settings.yaml": text}), ".")
			if len(problems) > 0 {
				t.Errorf("settings:\n%s", printed(t, problems))
			}
			continue
		case first == "rule":
			name = strings.TrimSpace(strings.TrimPrefix(strings.SplitN(text, "\n", 2)[0], "rule:"))
		case first == "do":
			text = "rule: " + name + "\nwhen: {event: assessment.retried}\nper: assessment_id\n" + text
		default:
			text = "rule: " + name + "\nwhen: {event: assessment.retried}\nper: assessment_id\n" + text + "do:\n  - send: quiz-retry\n"
		}
		fsys["rules/"+name+".yaml"] = &fstest.MapFile{Data: []byte(text)}
		for _, m := range regexp.MustCompile(`(?m)send: ([a-z0-9-]+)`).FindAllStringSubmatch(text, -1) {
			sends[m[1]] = true
		}
	}
	if fsys["messages/practice-praise.md"] == nil && sends["practice-praise"] {
		fsys["messages/practice-praise.md"] = &fstest.MapFile{Data: []byte("---\nsubject: Well done\n---\n{{ vars.sessions }} since {{ vars.last | date: '%d' }}\n")}
	}
	fsys["settings.yaml"] = &fstest.MapFile{Data: append(slices.Clone(fsys["settings.yaml"].Data), "\nsenders: {tutors: {from: tutors@academy.example}}\n"...)}
	fsys["messages/reply-digest.md"] = &fstest.MapFile{Data: []byte("---\nsubject: \"{{ vars.n }} new replies\"\n---\nRead on.\n")}
	fsys["catalog.yaml"] = &fstest.MapFile{Data: append(slices.Clone(fsys["catalog.yaml"].Data), "  discussion.reply_received:\n    properties: {discussion_id: string}\n  webinar.booked:\n    keys: [webinar_id]\n    required: [webinar_id, starts_at, ends_at]\n"+
		"    properties: {webinar_id: string, starts_at: timestamp, ends_at: timestamp}\n"+
		"  forum.mentioned:\n    keys: [thread_id]\n    required: [thread_id, author]\n    properties: {thread_id: string, author: string}\n"...)}
	fsys["messages/exam-in-three-days.md"] = &fstest.MapFile{Data: []byte("---\nsubject: Three days to go\n---\nSleep well.\n")}
	fsys["messages/streak-of-seven.md"] = &fstest.MapFile{Data: []byte("---\nsubject: Seven days\n---\nWell done.\n")}
	fsys["messages/webinar-in-an-hour.md"] = &fstest.MapFile{Data: []byte("---\nsubject: \"At {{ trigger.starts_at | date: '%H:%M' }}\"\n---\nSee you.\n")}
	fsys["messages/missing-work.md"] = &fstest.MapFile{Data: []byte("---\nsubject: \"{{ trigger.title | default: 'Your quiz' }} is due\"\n---\nIt was due on {{ trigger.due_at | date: '%d' }}.\n")}
	fsys["messages/webinar-thanks.md"] = &fstest.MapFile{Data: []byte("---\nsubject: Thank you\n---\nIt ended at {{ trigger.ends_at | date: '%H:%M' }}.\n")}
	academy, problems := rules.Load(fsys, ".")
	for _, p := range problems {
		fromDocs := p.Lint != rules.LintUnusedMessage && !inAcademy(p.File)
		if !p.Warning || fromDocs {
			t.Errorf("%s", printed(t, rules.Problems{p}))
		}
	}
	if academy == nil {
		return
	}
	if n := len(academy.Ruleset.Rules); n < 18 {
		t.Errorf("only %d rules: have the examples gone?", n)
	}
	runTests(t, fsys)
}

func inAcademy(file string) bool {
	_, err := os.Stat(path.Join("../examples/academy", file))
	return err == nil
}

// copyAcademy returns the example academy without its tests.
func copyAcademy(t *testing.T) fstest.MapFS {
	t.Helper()
	from := os.DirFS("../examples/academy")
	fsys := fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Dir(name) == "tests" {
			return err
		}
		content, err := fs.ReadFile(from, name)
		fsys[name] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}
