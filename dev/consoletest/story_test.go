//go:build browser

package consoletest

import (
	"strings"
	"testing"

	"homeroom/dev/instance"
)

const (
	cheer    = "rule: cheer\nabout: Somebody finished a course.\nwhen: {event: course.completed}\nper: course_id\ndo:\n  - send: first-words\n"
	settings = "sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\napprovals: 1\n"
	oldWords = "You are through"
	newWords = "What a finish"
)

// TestAChangeFromTheEditorToALearnerAndBack: maya changes a rule, mistypes and mends it at a click, tries it on a learner, backtests and proposes it; her colleague approves and
// publishes it; the next learner gets the new mail. Then it is rolled back, and the next one gets the old mail.
func TestAChangeFromTheEditorToALearnerAndBack(t *testing.T) {
	s := open(t, map[string]string{
		"settings.yaml":            settings,
		"rules/cheer.yaml":         cheer,
		"messages/first-words.md":  "---\nsubject: " + oldWords + "\n---\nHi.\n",
		"messages/second-words.md": "---\nsubject: " + newWords + "\n---\nHi.\n",
	})
	s.complete("u_1")
	s.awaitMail("u_1", oldWords, newWords)

	s.edit()
	s.try()
	s.backtest()
	s.propose()
	s.publishAsColleague()
	s.complete("u_2")
	s.awaitMail("u_2", newWords, oldWords)
	s.look("u_2", "second-words went to the provider")

	s.rollBack()
	s.complete("u_3")
	s.awaitMail("u_3", oldWords, newWords)
	trouble, err := s.tab.Trouble()
	s.must(err)
	for _, finding := range trouble {
		t.Error(finding)
	}
}

// edit writes another message into the rule: first a misspelled one, which is underlined and mended by its button.
func (s *site) edit() {
	s.t.Helper()
	_, err := s.tab.Open(s.console.URL)
	s.must(err)
	s.press("Rules")
	s.press("cheer")
	s.await(`document.querySelector(".cm-content") !== null`)
	s.typeOver("first-words", "second-wrods")
	s.await(`document.querySelector(".cm-lintRange-error")?.textContent === "second-wrods"`)
	s.awaitWords("1 problem")
	s.await(`document.querySelector("#problems button[data-replace]:not([hidden])") !== null`)
	s.tick("Replace by second-words")
	s.await(`document.querySelector("form.editor textarea").value.includes("send: second-words")`)
	s.awaitWords("no problems")
	s.press("Save the draft")
}

// try runs the events of the learner who got the old mail through the draft.
func (s *site) try() {
	s.t.Helper()
	s.press("Try it on a learner")
	s.fill("learner", "u_1")
	s.press("Run their events")
	if words := s.words(); !strings.Contains(words, "sent second-words") {
		s.t.Fatalf("the trial does not send the new message:\n%s", words)
	}
	s.press("cheer")
	s.press("Review and publish the draft")
}

// backtest runs the draft on what was recorded: one message is no longer sent, and another one is.
func (s *site) backtest() {
	s.t.Helper()
	s.press("Backtest")
	s.press("Run the backtest")
	s.awaitWords("2 messages change, of 1 learner")
	s.press("draft of maya")
}

func (s *site) propose() {
	s.t.Helper()
	s.fill("reason", "a warmer word")
	s.press("Propose")
	if words := s.words(); strings.Contains(words, "Approve exactly this") || !strings.Contains(words, "proposed by maya") {
		s.t.Fatalf("maya could approve her own proposal, or there is none:\n%s", words)
	}
}

// publishAsColleague approves and publishes as the other person.
func (s *site) publishAsColleague() {
	s.t.Helper()
	s.tick("You: maya")
	s.press("Act as " + instance.Colleague)
	s.press("Approve exactly this")
	s.press("What would publishing do?")
	if words := s.words(); !strings.Contains(words, "cheer is changed") || strings.Contains(words, "publish without") {
		s.t.Fatalf("what publishing would do is not said, or the approval does not count:\n%s", words)
	}
	s.press("Publish now")
	if words := s.words(); !strings.Contains(words, "a warmer word") {
		s.t.Fatalf("the history does not say why:\n%s", words)
	}
}

// look opens a learner's page, which says what was sent.
func (s *site) look(learner, sent string) {
	s.t.Helper()
	s.press("Learners")
	s.fill("id", learner)
	_, err := s.tab.Click("main form button")
	s.must(err)
	s.awaitWords(sent)
}

// rollBack puts the revision before the newest in force again.
func (s *site) rollBack() {
	s.t.Helper()
	s.press("Revisions")
	_, err := s.tab.Click(`tbody tr:nth-child(2) a[href*="/revisions/"]`)
	s.must(err)
	s.fill("note", "it was too warm")
	s.press("Roll back to this revision")
	if words := s.words(); !strings.Contains(words, "it was too warm") {
		s.t.Fatalf("the history does not say why:\n%s", words)
	}
}
