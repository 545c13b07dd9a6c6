package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/standin"
	"homeroom/subjects"
)

// stageRules note that a learner fails, and write to those of whom that is noted.
var stageRules = map[string]string{
	"rules/fails.yaml": `rule: fails
when: {event: assessment.graded, if: event.passed == false}
again: always
do:
  - set: {stage: struggling, tutors: [ada, ben]}
  - send: noted
`,
	"rules/help.yaml": `rule: help
when: {event: learner.trait_set, if: event.trait == "stage" && event.value == "struggling"}
again: always
do:
  - send: help
`,
	"messages/noted.md": "---\nsubject: Noted\n---\nYou are {{ learner.traits.stage | default: \"fine\" }}.\n",
	"messages/help.md":  "---\nsubject: Help\n---\nStill {{ learner.traits.stage | default: \"fine\" }}?{% if learner.traits.tutors %} Ask {{ learner.traits.tutors | join: \" or \" }}.{% endif %}\n",
}

// TestARuleSetsATrait: one rule sets traits, the profile has them, and another rule begins by it and writes a mail that shows them. The mail of the first rule shows them, too, although
// it may be on its way before the profile has heard. An event that comes again, as after a crash before it was noted that it is published, begins nothing.
func TestARuleSetsATrait(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, stageRules), instance.Options{})
	const learner = "auth0|fails"
	w.publish(learner, "assessment.graded", failedQuiz("q1"))
	set := w.wait(2, of(learner, engine.KindSet))
	if words := fmt.Sprint(set[0].Set, ", ", set[1].Set); words != `stage = struggling, tutors = ["ada","ben"]` {
		t.Errorf("set %s", words)
	}
	w.wait(2, of(learner, engine.KindSent))
	if err := w.stack.Mail.Wait(w.ctx, func(c standin.Counts) bool { return c.Accepted >= 2 }); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, mail := range w.stack.Mail.Messages(address(learner)) {
		texts[mail.Subject] = mail.Text
	}
	if !strings.Contains(texts["Noted"], "You are struggling.") || !strings.Contains(texts["Help"], "Still struggling? Ask ada or ben.") {
		t.Errorf("mails %v", texts)
	}
	p, err := w.instance.App.Store().Profiles.Get(w.ctx, learner)
	if err != nil || p.AllTraits()["stage"] != "struggling" || p.Email != address(learner) {
		t.Errorf("the profile: %+v, %v", p, err)
	}

	// The same event once more, past the stream's own memory of repeats: it is known by its id.
	ev, _ := set[0].TraitEvent()
	body, err := json.Marshal(map[string]any{"id": ev.ID, "time": ev.Time, "properties": ev.Properties})
	if err == nil {
		_, err = w.instance.JS.Publish(w.ctx, subjects.Publish(learner, ev.Name), body)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.publish(learner, "assessment.graded", failedQuiz("q2"))
	w.wait(2, because(learner, engine.KindSkipped, engine.ReasonAlreadySet))
	w.wait(3, of(learner, engine.KindSent)) // noted, once more
	if started := w.heard.all(func(d engine.Decision) bool { return d.Rule == "help" && d.Kind == engine.KindStarted }); len(started) != 1 {
		t.Errorf("help began %d times", len(started))
	}
}
