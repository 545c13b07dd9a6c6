package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"homeroom/rules"
)

// academyFiles returns the files of the example academy.
func academyFiles(t testing.TB) map[string][]byte {
	t.Helper()
	academy, problems := rules.LoadDir(filepath.Join("..", "examples", "academy"))
	if academy == nil {
		t.Fatal(problems)
	}
	files := map[string][]byte{}
	for name, content := range academy.Files {
		files[name] = content
	}
	return files
}

// withCursor puts a text with a cursor, written ▮, into the example academy.
func withCursor(t testing.TB, file, text string) (files map[string][]byte, offset int) {
	t.Helper()
	offset = strings.Index(text, "▮")
	if offset < 0 {
		t.Fatal("the text has no cursor")
	}
	files = academyFiles(t)
	files[file] = []byte(strings.Replace(text, "▮", "", 1))
	return files, offset
}

func labels(c rules.Completion) []string {
	var all []string
	for _, item := range c.Items {
		all = append(all, item.Label)
	}
	return all
}

// TestComplete says for each place what is offered there, what is not, and what the first offer would replace.
func TestComplete(t *testing.T) {
	const when = "rule: r\nwhen:\n  event: assessment.graded\n"
	for _, c := range []struct {
		name, file, text string
		offers           string // words that are among the offers
		not              string // words that are not
		replaces         string
	}{
		{"keys of a rule", "", "rule: r\n▮", "when do goal holdout", "rule event send", ""},
		{"a key that is begun", "", "rule: r\nwhen:\n  event: x\nho▮", "holdout until", "when", "ho"},
		{"a key with its colon", "", "rule: r\nhold▮: 10%\n", "holdout goal", "rule", "hold"},
		{"a key between others", "", "rule: r\n▮\ndo:\n  - send: welcome\n", "when per", "do rule", ""},
		{"keys of when", "", "rule: r\nwhen:\n  ▮\n", "event inactive overdue", "do if in", ""},
		{"keys of when with an event", "", "rule: r\nwhen:\n  event: course.completed\n  ▮\n", "if", "inactive in event", ""},
		{"keys of when with overdue", "", "rule: r\nwhen:\n  overdue: 2d\n  ▮\n", "of if", "inactive in event", ""},
		{"what may be overdue", "", "rule: r\nwhen: {overdue: 2d, of: ▮}\n", "assessment assignment", "course", ""},
		{"keys in braces", "", "rule: r\nwhen: {▮}\n", "event inactive", "do", ""},
		{"keys in braces that are open", "", "rule: r\nwhen: {event: course.completed, ▮\ndo:\n  - send: welcome\n", "if", "inactive", ""},
		{"a step", "", when + "do:\n  - ▮", "send wait wait_for if split stop", "event rule", ""},
		{"a step, dash below its key", "", when + "do:\n- ▮", "send wait", "rule when", ""},
		{"keys of a send", "", when + "do:\n  - send: welcome\n    ▮", "topic if with channel", "wait send then", ""},
		{"keys of an if", "", when + "do:\n  - if: trigger.passed\n    ▮", "then otherwise send", "wait", ""},
		{"steps inside then", "", when + "do:\n  - if: trigger.passed\n    then:\n      - ▮", "send wait", "then", ""},
		{"steps of an arm", "", when + "do:\n  - split: x\n    arms:\n      a:\n        do:\n          - ▮", "send wait", "weight", ""},
		{"an event", "", "rule: r\nwhen:\n  event: ▮\n", "assessment.graded lesson.completed", "welcome", ""},
		{"an event that is begun", "", "rule: r\nwhen:\n  event: assess▮  # a comment\n", "assessment.graded", "", "assess"},
		{"an event in braces", "", when + "until:\n  - {event: ▮}\n", "course.completed", "", ""},
		{"an event in quotes", "", "rule: r\nwhen:\n  event: \"assess▮\"\n", "assessment.graded", "", "assess"},
		{"a message", "", when + "do:\n  - send: ▮", "welcome quiz-retry", "progress", ""},
		{"a topic", "", when + "do:\n  - send: welcome\n    topic: ▮", "progress reminders", "welcome", ""},
		{"a channel", "", when + "do:\n  - send: welcome\n    channel: ▮", "email inapp webhook push", "", ""},
		{"true or false", "", "paused: ▮", "true false", "", ""},
		{"a day", "", when + "do:\n  - wait_until: \"09:00\"\n    days: [mon, ▮]", "tue wed", "", ""},
		{"again", "", "again: ▮", "never always", "", ""},
		{"per", "", when + "per: ▮", "assessment_id course_id", "email", ""},
		{"per, as a list", "", when + "per: [▮]", "assessment_id course_id", "", ""},
		{"the rule's own name", "", "rule: ▮", "r", "welcome", ""},
		{"what an expression may name", "", when + "do:\n  - if: ▮", "trigger learner course has days sent count now", "event getHours", ""},
		{"properties of the event of when", "", "rule: r\nwhen:\n  event: assessment.graded\n  if: event.▮", "passed score_pct time", "lesson_id", ""},
		{"when comes after its if", "", "rule: r\nwhen:\n  if: event.▮\n  event: assessment.graded\n", "passed", "", ""},
		{"properties of the event of until", "", when + "until:\n  - event: lesson.completed\n    if: event.▮", "lesson_id", "passed", ""},
		{"the trigger in an until", "", when + "until:\n  - event: lesson.completed\n    if: trigger.▮", "passed", "lesson_id", ""},
		{"the event of a wait_for", "", when + "do:\n  - wait_for: {event: lesson.completed, if: event.▮, within: 7d}", "lesson_id", "passed", ""},
		{"the event of a goal", "", when + "goal:\n  event: lesson.completed\n  if: event.less▮", "lesson_id", "passed", "less"},
		{"the trigger in a step", "", when + "do:\n  - if: trigger.passed == false && trigger.sc▮ > 3", "score_pct", "lesson_id", "sc"},
		{"the trigger, in a variable", "", when + "do:\n  - send: welcome\n    with: {score: trigger.▮}", "score_pct", "", ""},
		{"the trigger, in a text of several lines", "", when + "do:\n  - if: >-\n      trigger.passed &&\n      trigger.▮", "score_pct", "", ""},
		{"an expression in quotes", "", when + "do:\n  - if: 'trigger.▮'", "score_pct", "", ""},
		{"an expression that goes on", "", when + "do:\n  - if: trigger.passed\n      && trigger.▮", "score_pct", "", ""},
		{"an event that was waited for", "", when + "do:\n  - wait_for: {event: lesson.completed, as: lesson, within: 7d}\n  - if: lesson.▮", "lesson_id time", "passed", ""},
		{"its name", "", when + "do:\n  - wait_for: {event: lesson.completed, as: lesson, within: 7d}\n  - if: ▮", "lesson trigger", "event", ""},
		{"what is collected", "", when + "do:\n  - collect: lessons\n    events: [lesson.completed]\n    within: 3h\n  - if: lessons.▮", "count", "lesson_id", ""},
		{"the events that are collected", "", when + "do:\n  - collect: lessons\n    events: [less▮]\n", "lesson.completed", "within", "less"},
		{"a collect's condition", "", when + "do:\n  - collect: lessons\n    events: [lesson.completed]\n    if: event.▮\n    within: 3h\n", "lesson_id", "passed", ""},
		{"a date that begins a rule", "", "rule: r\nwhen:\n  date: course.▮\n", "starts_at", "passed", ""},
		{"a rule that begins at a date of the learner", "", "rule: r\nwhen:\n  date: timestamp(learner.traits.exam_date)\ndo:\n  - if: ▮", "trigger learner", "course event", ""},
		{"the time of a fallback", "", when + "do:\n  - send: welcome\n    fall▮", "fallback_after", "within", "fall"},
		{"not before it was waited for", "", when + "do:\n  - if: ▮\n  - wait_for: {event: lesson.completed, as: lesson, within: 7d}", "trigger", "lesson", ""},
		{"the course", "", when + "do:\n  - if: course.▮", "progress_pct completed_at previous", "passed", ""},
		{"the run before", "", when + "do:\n  - if: course.previous.▮", "completed_at", "title", ""},
		{"the learner", "", when + "do:\n  - if: learner.▮", "locale traits", "first_name", ""},
		{"traits that rules set", "", when + "do:\n  - set: {stage: asleep, email: x}\n  - if: learner.traits.▮", "stage is_minor", "asleep", ""},
		{"traits", "", when + "do:\n  - if: learner.traits.▮", "is_minor first_name", "locale2", ""},
		{"functions of a time", "", when + "do:\n  - if: trigger.time.▮", "getHours getDayOfWeek", "contains", ""},
		{"functions of a text", "", when + "do:\n  - if: trigger.course_id.▮", "startsWith contains", "getHours", ""},
		{"a message in sent", "", when + "do:\n  - if: '!sent(\"quiz▮\", \"7d\")'", "quiz-retry", "trigger", "quiz"},
		{"an event in count", "", when + "do:\n  - if: 'count(\"▮'", "lesson.completed", "trigger", ""},
		{"nothing in a text", "", when + "do:\n  - if: trigger.course_id == \"tri▮", "", "trigger", ""},
		{"nothing in a number", "", when + "do:\n  - if: trigger.score_pct <= 45▮", "", "trigger", ""},
		{"nothing in a fraction", "", when + "do:\n  - if: trigger.score_pct <= 4.▮", "", "trigger", ""},
		{"a name with a number", "", when + "do:\n  - wait_for: {event: lesson.completed, as: l2, within: 7d}\n  - if: l2▮", "l2", "", "l2"},
		{"nothing in a comment", "", when + "# ▮", "", "do", ""},
		{"what is overdue", "", "rule: r\nwhen: {overdue: 2d}\ndo:\n  - if: trigger.▮", "assessment_id course_id due_at title url time", "assignment_id passed", ""},
		{"an overdue assignment", "", "rule: r\nwhen: {overdue: 2d, of: assignment}\ndo:\n  - if: trigger.▮", "assignment_id", "assessment_id", ""},
		{"when something is due next", "", "rule: r\nwhen: {overdue: 2d}\ndo:\n  - if: course.next▮", "next_due_at next", "", "next"},
		{"inactivity in a course", "", "rule: r\nwhen: {inactive: 3d}\ndo:\n  - if: trigger.▮", "course_id time", "passed", ""},
		{"settings", "settings.yaml", "timezone: UTC\n▮", "quiet_hours caps topics links", "timezone when", ""},
		{"events of activity", "settings.yaml", "activity:\n  events:\n    - ▮", "lesson.completed", "", ""},
		{"a course", "courses.yaml", "crs_go:\n  ▮", "title url", "", ""},
		{"an event of the team", "catalog.yaml", "events:\n  badge.earned:\n    ▮", "about properties keys", "", ""},
		{"a property's type", "catalog.yaml", "events:\n  badge.earned:\n    properties:\n      name: ▮", "string number", "", ""},
		{"a test's events", "tests/r.yaml", "test: x\nevents:\n  - at: +0h\n    event: assessment.graded\n    properties:\n      ▮", "passed score_pct", "lesson_id", ""},
		{"a second test", "tests/r.yaml", "test: x\nexpect: []\n---\ntest: y\nexpect:\n  - at: +0h\n    sent: ▮", "welcome", "", ""},
		{"a rule in a test", "tests/r.yaml", "test: x\nrules: [▮]", "welcome quiz-retry", "", ""},
		{"front matter", "messages/welcome.md", "---\nsubject: Hi\n▮\n---\nHello\n", "topic preheader", "subject", ""},
		{"a message's topic", "messages/welcome.md", "---\ntopic: ▮\n---\nHello\n", "progress", "", ""},
		{"a link", "messages/quiz-retry.md", "---\nsubject: x\n---\n{% button \"Again\" links.▮ %}\n", "assessment course", "passed", ""},
		{"what started the rules that send it", "messages/quiz-retry.md", "---\nsubject: x\n---\nHi {{ trigger.▮ }}\n", "assessment_id time", "lesson_id", ""},
		{"variables of a message", "messages/quiz-retry.md", "---\nsubject: x\n---\nHi {{ le▮ }}\n", "learner links course", "now", "le"},
		{"no variables in the text", "messages/quiz-retry.md", "---\nsubject: x\n---\nHi le▮\n", "", "learner", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := c.file
			if file == "" {
				file = "rules/r.yaml"
			}
			files, offset := withCursor(t, file, c.text)
			got := rules.Complete(files, file, offset)
			all := labels(got)
			for _, word := range strings.Fields(c.offers) {
				if !slices.Contains(all, word) {
					t.Errorf("%s is not offered: %q", word, all)
				}
			}
			for _, word := range strings.Fields(c.not) {
				if slices.Contains(all, word) {
					t.Errorf("%s is offered: %q", word, all)
				}
			}
			if c.offers == "" && len(all) > 0 {
				t.Errorf("something is offered: %q", all)
			}
			if replaced := string(files[file][got.Start:got.End]); replaced != c.replaces {
				t.Errorf("%q would be replaced, want %q", replaced, c.replaces)
			}
		})
	}
}

// TestCompleteOwnEvents offers what the folder's own catalog.yaml adds.
func TestCompleteOwnEvents(t *testing.T) {
	files, offset := withCursor(t, "rules/r.yaml", "rule: r\nwhen:\n  event: badge.earned\n  if: event.▮\n")
	files["catalog.yaml"] = []byte("events:\n  badge.earned:\n    about: A badge.\n    properties: {badge_id: string, rarity: number}\n    keys: [badge_id]\n")
	if got := labels(rules.Complete(files, "rules/r.yaml", offset)); !slices.Contains(got, "rarity") {
		t.Errorf("got %q", got)
	}
}

// TestInsertedKeysAreKeys: a key is inserted with its colon, and explained.
func TestInsertedKeysAreKeys(t *testing.T) {
	files, offset := withCursor(t, "rules/r.yaml", "rule: r\n▮")
	for _, item := range rules.Complete(files, "rules/r.yaml", offset).Items {
		if !strings.HasPrefix(item.Insert, item.Label+":") {
			t.Errorf("%s inserts %q", item.Label, item.Insert)
		}
		if item.Words == "" {
			t.Errorf("%s is not explained", item.Label)
		}
	}
}

// TestHover says what is explained about a word.
func TestHover(t *testing.T) {
	const when = "rule: r\nwhen:\n  event: assessment.graded\n"
	for _, c := range []struct{ name, file, text, word, says string }{
		{"a key", "", "rule: r\nhol▮dout: 10%\n", "holdout", "withheld"},
		{"a key of a step", "", when + "do:\n  - wa▮it: 2h", "wait", "a day is 24 hours"},
		{"a key with a default", "", "prior▮ity: 3", "priority", "Without it: 50."},
		{"an event", "", "rule: r\nwhen:\n  event: assess▮ment.graded\n", "assessment.graded", "Properties: "},
		{"a property", "", when + "do:\n  - if: trigger.pas▮sed", "passed", "assessment.graded"},
		{"a variable", "", when + "do:\n  - if: trig▮ger.passed", "trigger", "started the run"},
		{"an event that was waited for", "", when + "do:\n  - wait_for: {event: lesson.completed, as: lesson, within: 7d}\n  - if: less▮on.lesson_id == \"a\"", "lesson", "wait_for"},
		{"a function", "", when + "do:\n  - if: '!ha▮s(trigger.passed)'", "has", "has a value"},
		{"a message", "", when + "do:\n  - send: quiz-re▮try", "quiz-retry", "Another go"},
		{"a message in sent", "", when + "do:\n  - if: 'sent(\"quiz-re▮try\", \"7d\")'", "quiz-retry", "Another go"},
		{"an event in count", "", when + "do:\n  - if: 'count(\"lesson.com▮pleted\", \"7d\") > 3'", "lesson.completed", "Properties: "},
		{"the course", "", when + "do:\n  - if: course.prog▮ress_pct > 3", "progress_pct", "0 to 100"},
		{"a link", "messages/quiz-retry.md", "---\nsubject: x\n---\n{{ links.assess▮ment }}\n", "assessment", "http"},
		{"nothing", "", when + "# w▮ords", "", ""},
		{"a name that is not known", "", when + "do:\n  - if: trigger.pas▮t", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := c.file
			if file == "" {
				file = "rules/r.yaml"
			}
			files, offset := withCursor(t, file, c.text)
			got, ok := rules.Hover(files, file, offset)
			if ok != (c.word != "") {
				t.Fatalf("something is said: %v, %+v", ok, got)
			}
			if word := string(files[file][got.Start:got.End]); word != c.word || !strings.Contains(got.Words, c.says) {
				t.Errorf("of %q it says %q, want %q in what it says of %q", word, got.Words, c.says, c.word)
			}
		})
	}
}

// TestAssistAnywhere asks at every place of every file of the academy, also of files that were cut off there: nothing panics, and what is
// offered replaces something of the text.
func TestAssistAnywhere(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 13
	}
	files := academyFiles(t)
	for name, content := range files {
		if !strings.HasSuffix(name, "quiz-retry.yaml") && !strings.HasSuffix(name, "quiz-retry.md") && name != "settings.yaml" {
			continue
		}
		for offset := 0; offset <= len(content); offset += step {
			for _, text := range [][]byte{content, content[:offset]} {
				files[name] = text
				if got := rules.Complete(files, name, offset); got.Start > got.End || got.End > len(text) || got.Start < 0 {
					t.Fatalf("%s at %d: %+v", name, offset, got)
				}
				rules.Hover(files, name, offset)
			}
		}
		files[name] = content
	}
}

// FuzzAssist asks for words in any text at any place.
func FuzzAssist(f *testing.F) {
	entries, err := filepath.Glob("../examples/academy/rules/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range entries {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content), 40)
	}
	f.Add("a: {b: [c, {d", 13)
	f.Add("- - - {", 7)
	f.Add("do:\n- if: '", 11)
	f.Fuzz(func(t *testing.T, text string, offset int) {
		for _, file := range []string{"rules/r.yaml", "tests/r.yaml", "settings.yaml", "messages/r.md"} {
			files := map[string][]byte{file: []byte(text)}
			if got := rules.Complete(files, file, offset); got.Start < 0 || got.Start > got.End || got.End > len(text) {
				t.Fatalf("%s: %+v in %d bytes", file, got, len(text))
			}
			rules.Hover(files, file, offset)
		}
	})
}

func BenchmarkComplete(b *testing.B) {
	files, offset := withCursor(b, "rules/r.yaml", "rule: r\nwhen:\n  event: assessment.graded\n  if: event.▮\n")
	for b.Loop() {
		if got := rules.Complete(files, "rules/r.yaml", offset); len(got.Items) == 0 {
			b.Fatal(fmt.Sprint(got))
		}
	}
}

func BenchmarkHover(b *testing.B) {
	files, offset := withCursor(b, "rules/r.yaml", "rule: r\nwhen:\n  event: assess▮ment.graded\n")
	for b.Loop() {
		rules.Hover(files, "rules/r.yaml", offset)
	}
}
