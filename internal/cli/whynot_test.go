package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/store"
)

// inForce puts the example academy in force, with more files or others in the place of its own.
func (a *academy) inForce(files map[string]string) {
	a.t.Helper()
	example, problems := rules.LoadDir("../../examples/academy")
	if example == nil {
		a.t.Fatal(problems)
	}
	all := map[string][]byte{}
	for name, content := range example.Files {
		all[name] = content
	}
	for name, content := range files {
		all[name] = []byte(content)
	}
	if err := admin.LoadFiles(all).Problems.Err(); err != nil {
		a.t.Fatal(err)
	}
	hash := rules.Hash(all)
	if err := a.store.Rulesets.Put(a.t.Context(), store.Bundle{Hash: hash, Files: all}); err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.store.Rulesets.SetCurrent(a.t.Context(), store.Pointer{Number: 1, Hash: hash}); err != nil {
		a.t.Fatal(err)
	}
}

// whyNot asks why a learner has not been sent the messages of a rule.
func (a *academy) whyNot(learner, rule string, more ...string) admin.RuleWhyNot {
	a.t.Helper()
	code, out, complaints := a.homeroom(append([]string{"learner", "why", learner, "--not", "--rule", rule, "--format", "json"}, more...)...)
	if code != 0 {
		a.t.Fatalf("exit code %d\n%s%s", code, out, complaints)
	}
	var answer admin.WhyNot
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		a.t.Fatal(err)
	}
	if len(answer.Rules) != 1 || answer.Rules[0].Rule != rule {
		a.t.Fatalf("of %s: %s", rule, out)
	}
	return answer.Rules[0]
}

// TestWhyNot: what stood last between a learner and each message of the example academy.
func TestWhyNot(t *testing.T) {
	a := open(t)
	a.inForce(nil)
	const ada = "u_42"
	if _, err := a.store.Profiles.Merge(t.Context(), ada, map[string]any{"email": "ada@example.org", "timezone": "Europe/Berlin"}, monday); err != nil {
		t.Fatal(err)
	}
	a.happened(ada, "enrollment.created", monday.AddDate(0, 0, -20), props{"course_id": "crs_go", "course_title": "Go"})
	a.happened(ada, "assessment.graded", monday, props{"assessment_id": "a1", "course_id": "crs_go", "passed": true, "score_pct": 80})
	a.happened(ada, "course.progress_updated", monday.Add(time.Minute), props{"course_id": "crs_go", "progress_pct": 20, "total_lessons": 4})
	a.happened(ada, "certificate.earned", monday.Add(13*time.Hour), props{"certificate_id": "cert_1", "course_id": "crs_go"})
	a.happened(ada, "certificate.shared", monday.Add(14*time.Hour), props{"certificate_id": "cert_1", "share_channel": "linkedin", "public": true})
	a.decided(engine.Decision{Learner: ada, Rule: "certificate-share", Kind: engine.KindSent, Message: "certificate-ready", At: monday.Add(15 * time.Hour)})
	for _, c := range []struct {
		rule, message string
		cause         admin.WhyNotCause
		says, needs   string
	}{
		{"quiz-retry", "quiz-retry", admin.CauseCondition, "the condition was not true", "another assessment.graded with event.passed == false"},
		{"halfway", "halfway", admin.CauseCondition, "the condition was not true", "another course.progress_updated with event.progress_pct >= 50 and (!has(event.total_lessons) or event.total_lessons >= 6)"},
		{"trial-ending", "", admin.CauseNoTrigger, "no event ", "an event "},
		{"certificate-share", "certificate-ready", admin.CauseSent, "it was sent", ""},
		{"certificate-share", "certificate-reminder", admin.CauseLeft, "the run ended: the learner did what the rule says it goes on until (certificate.shared)", "a new run"},
		{"welcome", "welcome", admin.CauseSends, "by these rules it goes out, and nothing of that is recorded", "nothing: these rules"},
	} {
		rule := a.whyNot(ada, c.rule)
		var found *admin.MessageWhyNot
		for i := range rule.Messages {
			if c.message == "" || rule.Messages[i].Message == c.message {
				found = &rule.Messages[i]
				break
			}
		}
		if found == nil {
			t.Errorf("%s: nothing about %s", c.rule, c.message)
			continue
		}
		if found.Cause != c.cause || !strings.Contains(found.Says, c.says) || !strings.HasPrefix(found.Needs, c.needs) {
			t.Errorf("%s: %+v", c.rule, found)
		}
	}
	if m := a.whyNot(ada, "certificate-share").Messages[0]; m.SentAt == nil || !m.SentAt.Equal(monday.Add(15*time.Hour)) {
		t.Errorf("what is recorded as sent: %+v", m)
	}
	code, out, complaints := a.homeroom("learner", "why", ada, "--not")
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, complaints)
	}
	for _, want := range []string{
		"Why not, learner u_42 · the rules in force, no. 1",
		"  last  2026-03-02 09:00:00 (Mon 10:00)  assessment.graded · assessment_id=a1 · course_id=crs_go: the condition was not true\n    ✗ all of\n      ✗ event.passed == false  · event.passed is true\n      ✓ !has(course.completed_at)  · course.completed_at is not there\n",
		"    needs: another assessment.graded with event.passed == false\n",
		"deferred   certificate-ready was put off until 2026-03-03 07:00:00 (Tue 08:00): it was quiet hours where the learner lives",
		"  certificate-ready  2026-03-03 00:00:00 (Tue 01:00)  it was sent\n",
		"  recorded last  2026-03-03 00:00:00 (Tue 01:00)  sent: certificate-ready went to the provider\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	if strings.Contains(out, "ada@example.org") {
		t.Error("it says the address")
	}
}

// TestWhyNotByTheQuestions: the question that ended a message, and what the learner's profile says today.
func TestWhyNotByTheQuestions(t *testing.T) {
	a := open(t)
	a.inForce(map[string]string{
		"rules/held.yaml":   "rule: held\nwhen: {event: certificate.earned}\nagain: always\nholdout: 100%\npriority: 100\ndo: [{send: certificate-ready}]\n",
		"rules/again.yaml":  "rule: again\nwhen: {event: certificate.earned}\nagain: after 30d\ndo: [{send: certificate-ready}]\n",
		"rules/branch.yaml": "rule: branch\nwhen: {event: certificate.earned}\nagain: always\ndo:\n  - if: trigger.certificate_id == \"c9\"\n    then: [{send: certificate-ready}]\n",
		"rules/silent.yaml": "rule: silent\nwhen: {inactive: 700d, in: course}\ndo: [{send: quiet-last}]\n",
	})
	const ben = "u_43"
	began := time.Now().AddDate(0, 0, -60) // not 700 days ago
	a.happened(ben, "enrollment.created", began, props{"course_id": "crs_go"})
	a.happened(ben, "certificate.earned", began.Add(time.Hour), props{"course_id": "crs_go", "certificate_id": "c1"})
	a.happened(ben, "certificate.earned", began.AddDate(0, 0, 1), props{"course_id": "crs_go", "certificate_id": "c2"})
	for _, c := range []struct {
		rule     string
		cause    admin.WhyNotCause
		question string
		needs    string
	}{
		{"held", admin.CauseStopped, "recipient", "an event with the trait email; even so it would be withheld"},
		{"certificate-share", admin.CauseStopped, "recipient", "an event with the trait email"},
		{"again", admin.CauseNotStarted, "", "a trigger after "},
		{"branch", admin.CauseOtherWay, "", "a new run"},
		{"silent", admin.CauseNoTrigger, "", "silence in the course crs_go until "},
	} {
		m := a.whyNot(ben, c.rule).Messages[0]
		if m.Cause != c.cause || m.Ended != c.question || !strings.HasPrefix(m.Needs, c.needs) || m.Today != "no address is known" {
			t.Errorf("%s: %+v", c.rule, m)
		}
	}
	if _, err := a.store.Profiles.Merge(t.Context(), ben, map[string]any{"email": "ben@example.org"}, began); err != nil {
		t.Fatal(err)
	}
	if m := a.whyNot(ben, "held").Messages[0]; m.Cause != admin.CauseWithheld || m.Ended != "holdout" || m.Today != "" {
		t.Errorf("with an address: %+v", m)
	}
	if m := a.whyNot(ben, "branch").Messages[0]; m.Condition == nil || m.Condition.Value != engine.PartFalse || m.Condition.Reads[0].Value != "c2" {
		t.Errorf("the way that was not taken: %+v", m)
	}
}

// TestWhyNotByADraft: the same events through the rules of a folder.
func TestWhyNotByADraft(t *testing.T) {
	a := open(t)
	a.inForce(nil)
	a.happened("u_44", "assessment.graded", monday, props{"assessment_id": "a1", "course_id": "crs_go", "passed": true})
	draft := t.TempDir()
	if err := os.CopyFS(draft, os.DirFS("../../examples/academy")); err != nil {
		t.Fatal(err)
	}
	rule := "rule: quiz-retry\nwhen: {event: assessment.graded, if: event.passed}\ndo: [{send: quiz-retry}]\n"
	if err := os.WriteFile(filepath.Join(draft, "rules", "quiz-retry.yaml"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	if m := a.whyNot("u_44", "quiz-retry").Messages[0]; m.Cause != admin.CauseCondition {
		t.Errorf("the rules in force: %+v", m)
	}
	if m := a.whyNot("u_44", "quiz-retry", "--rules", draft).Messages[0]; m.Cause != admin.CauseStopped || m.Ended != "recipient" {
		t.Errorf("the draft: %+v", m)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"u_44", "--rules", draft}, 2, "add --not"},
		{[]string{"u_44", "--not", "--rules", filepath.Join(draft, "nothing")}, 2, "there is no folder"},
		{[]string{"u_44", "--not", "--rule", "quiz-rety"}, 2, "did you mean quiz-retry?"},
		{[]string{"u_45", "--not"}, 1, "no such learner"},
	} {
		code, _, complaints := a.homeroom(append([]string{"learner", "why"}, c.args...)...)
		if code != c.code || !strings.Contains(complaints, c.says) {
			t.Errorf("%v: exit code %d\n%s", c.args, code, complaints)
		}
	}
}

// TestAnOldMailAnswersNoNewTrigger: a mail of last year does not say that the one of today was sent.
func TestAnOldMailAnswersNoNewTrigger(t *testing.T) {
	a := open(t)
	a.inForce(nil)
	const eve = "u_45"
	if _, err := a.store.Profiles.Merge(t.Context(), eve, map[string]any{"email": "eve@example.org", "timezone": "Europe/Berlin"}, monday); err != nil {
		t.Fatal(err)
	}
	a.happened(eve, "assessment.graded", monday, props{"assessment_id": "a9", "passed": false, "score_pct": 10})
	a.decided(engine.Decision{Learner: eve, Rule: "quiz-retry", Kind: engine.KindSent, Message: "quiz-retry", At: monday.AddDate(-1, 0, 0)})
	m := a.whyNot(eve, "quiz-retry").Messages[0]
	if m.Cause == admin.CauseSent || m.SentAt.IsZero() {
		t.Errorf("%+v", m)
	}
}
