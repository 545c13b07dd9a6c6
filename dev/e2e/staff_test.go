package e2e

import (
	"slices"
	"testing"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/standin"
	"homeroom/subjects"
	"homeroom/worker"
	"homeroom/workflows"
)

// TestStaffHear: staff hear of an event without a learner, once, at whatever hour, whoever of them may be written to; nothing of it is tracked, and a message about a
// learner goes to them as well.
func TestStaffHear(t *testing.T) {
	t.Parallel()
	w := open(t, harness.Academy(t, map[string]string{
		"rules/copied.yaml": `rule: copied
when: {event: plagiarism.detected, if: event.similarity_score_pct > 60}
per: assignment_id
do: [{send: copied, to: staff.moderators}]
`,
		"messages/copied.md": "---\nsubject: Please look\n---\n{{ trigger.similarity_score_pct }} % of {{ trigger.assignment_id }}\n",
		"rules/failed.yaml": `rule: failed
when: {event: assessment.graded, if: event.passed == false}
do: [{send: failed, to: staff.tutors}, {send: nudge}]
`,
		"messages/failed.md": "---\nsubject: Somebody failed\n---\n{{ learner.first_name | default: learner.id }} failed.\n",
		"settings.yaml": `timezone: UTC
quiet_hours: {from: "00:01", to: "00:00"}
caps: [{max: 1, per: 1d}]
patience: 2d
links: {course: "https://academy.example/courses/{{ course_id }}"}
sender: {from: maya@academy.example, name: Academy, postal_address: "1 Harbour Lane"}
staff:
  moderators: [gone@academy.example, ada@academy.example, ben@academy.example]
  tutors: [tutors@academy.example]
`,
	}), instance.Options{Clock: faster()})
	if err := w.instance.App.Store().Suppressions.Add(w.ctx, "gone@academy.example", "bounced", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	copied := map[string]any{"assignment_id": "as_1", "similarity_score_pct": 82.0}
	first := w.publish(subjects.NoLearner, "plagiarism.detected", copied)
	w.publish(subjects.NoLearner, "plagiarism.detected", map[string]any{"assignment_id": "as_2", "similarity_score_pct": 12.0})
	sent := w.wait(1, of(subjects.NoLearner, engine.KindSent))
	if sent[0].Rule != "copied" || sent[0].Scope != "assignment_id=as_1" {
		t.Errorf("the decision is %+v", sent[0])
	}
	w.keepStaff(first, "staff")
	w.publish(subjects.NoLearner, "plagiarism.detected", copied)
	w.wait(1, because(subjects.NoLearner, engine.KindSkipped, engine.ReasonAgain))
	event := engine.Event{ID: first, Name: "plagiarism.detected", Time: w.instance.Clock.Now(), Properties: copied}
	if err := worker.StartStaff(w.ctx, w.instance.Temporal, event); err != nil { // as after a redelivery
		t.Fatal(err)
	}
	mails := w.stack.Mail.Messages("ada@academy.example")
	if len(mails) != 1 {
		t.Fatalf("%d mails, want 1", len(mails))
	}
	mail := mails[0]
	var to []string
	for _, one := range mail.To {
		to = append(to, one.Email)
	}
	if want := []string{"ada@academy.example", "ben@academy.example"}; !slices.Equal(to, want) {
		t.Errorf("it went to %v, want %v", to, want)
	}
	if len(mail.Headers) != 0 || mail.Tracking["click_tracking"] || mail.Tracking["open_tracking"] || mail.SendID == "" {
		t.Errorf("the mail is %+v", mail)
	}

	// The kill switch holds what staff get, too.
	control := w.instance.App.Store().Control
	if err := control.Pause(w.ctx, "ada", "a wrong template", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	held := w.publish(subjects.NoLearner, "plagiarism.detected", map[string]any{"assignment_id": "as_3", "similarity_score_pct": 70.0})
	w.wait(1, because(subjects.NoLearner, engine.KindDeferred, engine.ReasonPaused))
	if n := len(w.stack.Mail.Messages("as_3")); n != 0 {
		t.Errorf("%d mails went out while all is paused", n)
	}
	if err := control.Resume(w.ctx, "ada", "", w.instance.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.wait(2, of(subjects.NoLearner, engine.KindSent))
	w.keepStaff(held, "staff-held")

	// A message about a learner takes no place among those to the learner.
	w.publish("u1", "assessment.graded", failedQuiz("q1"))
	w.wait(1, of("u1", engine.KindSent))
	harness.Eventually(t, w.ctx, "the tutors have it", func() error {
		return w.stack.Mail.Wait(w.ctx, func(standin.Counts) bool { return len(w.stack.Mail.Messages("tutors@academy.example")) == 1 })
	})
}

// keepStaff replays what told staff of an event and, if histories are recorded, keeps it.
func (w *world) keepStaff(event, name string) {
	w.t.Helper()
	if err := w.instance.Temporal.GetWorkflow(w.ctx, workflows.StaffID(event), "").Get(w.ctx, nil); err != nil {
		w.t.Fatal(err)
	}
	history := w.historyOf(workflows.StaffID(event), "")
	if err := harness.ReplayHistory(history); err != nil {
		w.t.Errorf("%s does not replay: %v", name, err)
	}
	if *record {
		harness.KeepHistory(w.t, name, history)
	}
}
