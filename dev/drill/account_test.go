package drill

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"homeroom/engine"
)

// oneQuiz is one failed quiz of one learner, which must bring one mail.
func oneQuiz(want ending) []*event {
	return []*event{{learner: "ada", id: "ada-1", quiz: "q1", seq: 7, wantByRule: map[string]ending{"retry": want}}}
}

var adas = send{"ada", "retry", "q1"}

func decided(kind engine.Kind, reason engine.Reason, ids ...string) []engine.Decision {
	var list []engine.Decision
	for _, id := range ids {
		list = append(list, engine.Decision{ID: id, Learner: "ada", Rule: "retry", Scope: "assessment_id=q1", Kind: kind, Reason: reason})
	}
	return list
}

// mails are taken from the provider's inbox: their number is what the provider has.
func mails(n int) []mail { return slices.Repeat([]mail{{send: adas, id: "s1"}}, n) }

// TestAccount is what is said of one failed quiz, whatever became of it.
func TestAccount(t *testing.T) {
	started := decided(engine.KindStarted, "", "d0")
	sent := decided(engine.KindSent, "", "d1")
	uncertain := decided(engine.KindUncertain, engine.ReasonProvider, "d2")
	skipped := decided(engine.KindSkipped, engine.ReasonNoAddress, "d3")
	exited := decided(engine.KindExited, engine.ReasonUntil, "d4")
	failed := decided(engine.KindFailed, engine.ReasonTemplateError, "d5")
	for _, tc := range []struct {
		about       string
		want        ending
		mails       int
		decisions   [][]engine.Decision
		dead        map[uint64]string
		behind      int
		busy        bool
		unpublished [][]engine.Decision
		count       string // the columns that are not 0
		wrong       string // part of what is said to be wrong
	}{
		{about: "it went well", want: endingMail, mails: 1, decisions: [][]engine.Decision{started, sent}, count: "handed over, sent"},
		{about: "the mail is removed", want: endingMail, decisions: [][]engine.Decision{started, sent}, count: "handed over, lost", wrong: "the provider has no such mail"},
		{about: "the mail is doubled", want: endingMail, mails: 2, decisions: [][]engine.Decision{started, sent}, count: "handed over, sent, doubled", wrong: "2 mails"},
		{about: "two runs say that they sent it", want: endingMail, mails: 1, decisions: [][]engine.Decision{sent, decided(engine.KindSent, "", "d9")}, count: "handed over, sent, doubled", wrong: "2 decisions"},
		{about: "nothing came of it", want: endingMail, count: "lost", wrong: "nothing came of it"},
		{about: "the stream is not through", want: endingMail, behind: 3, count: "waiting"},
		{about: "its learner is not through", want: endingMail, decisions: [][]engine.Decision{started}, busy: true, count: "handed over, waiting"},
		{about: "it began and came to nothing", want: endingMail, decisions: [][]engine.Decision{started}, count: "handed over, lost", wrong: "nothing came of it"},
		{about: "uncertain, and the provider has it", want: endingMail, mails: 1, decisions: [][]engine.Decision{uncertain}, count: "handed over, uncertain"},
		{about: "uncertain, and the provider does not have it", want: endingMail, decisions: [][]engine.Decision{uncertain}, count: "handed over, uncertain, not taken"},
		{about: "uncertain, and settled by the provider's report", want: endingMail, mails: 1, decisions: [][]engine.Decision{uncertain, sent}, count: "handed over, sent"},
		{about: "uncertain, and doubled", want: endingMail, mails: 2, decisions: [][]engine.Decision{uncertain}, count: "handed over, uncertain, doubled", wrong: "doubled"},
		{about: "a mail that no decision tells of", want: endingMail, mails: 1, count: "handed over, sent", wrong: "no decision says so"},
		{about: "skipped where there was somebody to write to", want: endingMail, decisions: [][]engine.Decision{skipped}, count: "handed over, lost", wrong: "skipped, no_address"},
		{about: "skipped where there was nobody", want: endingSkip, decisions: [][]engine.Decision{skipped}, count: "handed over, skipped"},
		{about: "left before it was due", want: endingSkip, decisions: [][]engine.Decision{started, exited}, count: "handed over, skipped"},
		{about: "left before it was due, and not published yet", want: endingSkip, unpublished: [][]engine.Decision{started, exited}, count: "handed over, skipped"},
		{about: "left, published while the workflow was asked", want: endingSkip, decisions: [][]engine.Decision{started}, unpublished: [][]engine.Decision{started, exited}, count: "handed over, skipped"},
		{about: "it began, and only that is not published", want: endingMail, unpublished: [][]engine.Decision{started}, count: "handed over, lost", wrong: "nothing came of it"},
		{about: "a mail after leaving", want: endingSkip, mails: 1, decisions: [][]engine.Decision{sent}, count: "handed over, sent", wrong: "should not have"},
		{about: "a template that fails", want: endingFail, decisions: [][]engine.Decision{started, failed}, count: "handed over, failed"},
		{about: "a template that fails, and no decision says so", want: endingFail, decisions: [][]engine.Decision{started}, count: "handed over, lost", wrong: "nothing came of it"},
		{about: "a dead letter", want: endingMail, dead: map[uint64]string{7: "refused"}, count: "dead", wrong: "refused"},
	} {
		t.Run(tc.about, func(t *testing.T) {
			r := accountFor(oneQuiz(tc.want), 0, evidence{
				mails:     mails(tc.mails),
				decisions: slices.Concat(tc.decisions...),
				dead:      tc.dead,
				behind:    tc.behind,
				ask:       func(string) (bool, []engine.Decision) { return tc.busy, slices.Concat(tc.unpublished...) },
			})
			if got := counted(r); got != tc.count {
				t.Errorf("counted %q, want %q", got, tc.count)
			}
			said := strings.Join(r.Wrong, "\n")
			if !strings.Contains(said, tc.wrong) || tc.wrong == "" && said != "" {
				t.Errorf("wrong is %q, want %q", said, tc.wrong)
			}
			if well := tc.wrong == "" && r.Waiting == 0; r.Passed() != well {
				t.Errorf("passed: %v, want %v", r.Passed(), well)
			}
		})
	}
}

// counted are the columns with a 1, in the table's order.
func counted(r Report) string {
	var names []string
	for _, c := range []struct {
		name string
		n    int
	}{
		{"unneeded", r.Unneeded}, {"handed over", r.HandedOver}, {"sent", r.Sent}, {"skipped", r.Skipped}, {"failed", r.Failed},
		{"uncertain", r.Uncertain}, {"not taken", r.NotTaken}, {"dead", r.Dead}, {"waiting", r.Waiting}, {"doubled", r.Doubled}, {"lost", r.Lost},
	} {
		if c.n == 1 {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ", ")
}

// TestAccountOfTheOthers is about what is not a failed quiz.
func TestAccountOfTheOthers(t *testing.T) {
	calm := func(string) (bool, []engine.Decision) { return false, nil }
	letter := &event{learner: "ada", id: "g", seq: 3, wantDead: true}
	lesson := &event{learner: "ada", id: "l", seq: 4}
	broken := &event{learner: "ada", id: "b", seq: 5, failingRules: []string{"broken"}, wantByRule: map[string]ending{}}
	failure := engine.Decision{ID: "f", Learner: "ada", Rule: "broken", Kind: engine.KindSkipped, Reason: engine.ReasonConditionError}
	for _, tc := range []struct {
		about  string
		events []*event
		seen   evidence
		count  string
		wrong  string
	}{
		{"what cannot be read is a dead letter", []*event{letter}, evidence{dead: map[uint64]string{3: "unreadable"}}, "dead", ""},
		{"what cannot be read is nowhere", []*event{letter}, evidence{}, "lost", "is no dead letter"},
		{"a lesson", []*event{lesson}, evidence{}, "unneeded", ""},
		{"a lesson among the dead letters", []*event{lesson}, evidence{dead: map[uint64]string{4: "refused"}}, "dead", "became a dead letter"},
		{"a lesson that brings a mail", []*event{lesson}, evidence{mails: mails(1)}, "unneeded, doubled", "nothing published asks for"},
		{"a lesson about which something is decided", []*event{lesson}, evidence{decisions: decided(engine.KindSkipped, "", "x")}, "unneeded", "for nothing that was published"},
		{"a condition that fails", []*event{broken}, evidence{decisions: []engine.Decision{failure}}, "handed over, skipped", ""},
		{"a condition that fails, and no decision says so", []*event{broken}, evidence{}, "lost", "0 decisions say so"},
		{"a mail without a send id", oneQuiz(endingMail), evidence{mails: []mail{{send: adas}}, decisions: decided(engine.KindSent, "", "d")}, "handed over, sent", "without a send id"},
	} {
		t.Run(tc.about, func(t *testing.T) {
			tc.seen.ask = calm
			r := accountFor(tc.events, 0, tc.seen)
			if got := counted(r); got != tc.count {
				t.Errorf("counted %q, want %q", got, tc.count)
			}
			said := strings.Join(r.Wrong, "\n")
			if !strings.Contains(said, tc.wrong) || tc.wrong == "" && said != "" || r.Passed() != (tc.wrong == "") {
				t.Errorf("passed %v, wrong is %q, want %q", r.Passed(), said, tc.wrong)
			}
		})
	}
}

// TestTheSumsHold: whatever a report counts, nothing that was published is left out.
func TestTheSumsHold(t *testing.T) {
	w := eventWriter{}
	people := map[string]person{"u00000": {id: "u00000"}, "u00007": {id: "u00007", withoutAddress: true}}
	var events []*event
	for i, id := range slices.Sorted(maps.Keys(people)) {
		events = append(events, &event{learner: id, id: id, quiz: "q0", seq: uint64(i + 1), wantByRule: wantedByRules(people[id], "retry")}, w.unreadableEvent(people[id], i))
	}
	r := accountFor(events, 5, evidence{behind: 1, ask: func(string) (bool, []engine.Decision) { return true, nil }})
	if r.Published != 9 || r.Published != r.Unneeded+r.HandedOver+r.Dead+r.Waiting+r.Lost {
		t.Errorf("%+v does not sum up", r)
	}
}
