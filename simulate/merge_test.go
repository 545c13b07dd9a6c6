package simulate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/simulate"
)

// twoIDs is the story of a lead who gets a mail, is in the middle of a second run, and signs up.
func twoIDs(lead, user string) string {
	return strings.Join([]string{
		line("e1", lead, "assessment.graded", "2026-03-02T08:00:00Z", `"assessment_id":"q1"`),
		line("e2", lead, "assessment.graded", "2026-03-02T10:30:00Z", `"assessment_id":"q2"`),
		line("e3", user, "user.aliased", "2026-03-02T11:00:00Z", `"previous_id":"`+lead+`"`),
		line("e4", user, "user.aliased", "2026-03-02T11:00:01Z", `"previous_id":"`+lead+`"`),
		line("e5", user, "assessment.graded", "2026-03-02T12:00:00Z", `"assessment_id":"q3"`),
		line("e6", lead, "assessment.graded", "2026-03-03T12:00:00Z", `"assessment_id":"q4"`),
		line("e7", user, "assessment.graded", "2026-03-05T12:00:00Z", `"assessment_id":"q1"`),
	}, "\n") + "\n"
}

func TestTwoIDsAreOneLearner(t *testing.T) {
	res := run(t, twoIDs("lead", "user"), simulate.Options{AssumeReachable: true, Workers: 1})
	want := []string{
		"lead started retry",
		"lead sent retry try-again",
		"lead started retry",
		"lead exited retry merged", // the second run ends
		"user started retry",       // of q3
		"user deferred retry try-again cap",
		"user sent retry try-again", // a day after the lead's mail
		"user started retry",        // of q4, which came under the old id
		"user deferred retry try-again cap",
		"user sent retry try-again",
		"user skipped retry again", // of q1, of which the lead was reminded
	}
	var got []string
	for _, d := range res.Decisions {
		if d.Rule == "retry" && !(d.Kind == engine.KindExited && d.Reason != engine.ReasonMerged) {
			got = append(got, strings.Join(strings.Fields(fmt.Sprint(d.Learner, " ", d.Kind, " ", d.Rule, " ", d.Message, " ", d.Reason)), " "))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, timeline(t, res.Decisions))
	}
	if res.Summary.Learners != 1 {
		t.Errorf("%d learners, want one", res.Summary.Learners)
	}
}

// TestManyMergesAreTheSameOnAnyNumberOfCores: ids in chains and circles, whichever decider has them.
func TestManyMergesAreTheSameOnAnyNumberOfCores(t *testing.T) {
	var lines []string
	for n := range 400 {
		learner := fmt.Sprint("u", n%40)
		at := fmt.Sprintf("2026-03-%02dT%02d:00:00Z", 2+n/24, n%24)
		lines = append(lines, line(fmt.Sprint("e", n), learner, "assessment.graded", at, fmt.Sprintf(`"assessment_id":"q%d"`, n%7)))
		if n%3 == 0 {
			lines = append(lines, line(fmt.Sprint("a", n), learner, "user.aliased", at, fmt.Sprintf(`"previous_id":"u%d"`, (n*7+1)%40)))
		}
	}
	in := strings.Join(lines, "\n") + "\n"
	one := run(t, in, simulate.Options{AssumeReachable: true, Workers: 1})
	for workers := 2; workers < 6; workers++ {
		many := run(t, in, simulate.Options{AssumeReachable: true, Workers: workers})
		if diff := cmp.Diff(one.Document, many.Document); diff != "" {
			t.Fatalf("with %d workers (-1 +%d):\n%s", workers, workers, diff)
		}
	}
	if one.Summary.Exited["merged"] == 0 {
		t.Error("nothing was merged")
	}
}

// TestOneLearnerOfTwoIDs: with the other ids, one learner alone is decided for as among all.
func TestOneLearnerOfTwoIDs(t *testing.T) {
	in := twoIDs("lead", "user") + line("x1", "other", "assessment.graded", "2026-03-06T12:00:00Z", `"assessment_id":"q1"`) + "\n"
	ids, err := simulate.FindIDs(context.Background(), strings.NewReader(in), jsonDecoder{}, "lead")
	if err != nil || !slices.Equal(ids, []string{"user"}) {
		t.Fatalf("other ids: %v, %v", ids, err)
	}
	all := run(t, in, simulate.Options{AssumeReachable: true})
	one := run(t, in, simulate.Options{AssumeReachable: true, Learner: "lead", OtherIDs: ids})
	ofOne := slices.DeleteFunc(slices.Clone(all.Decisions), func(d engine.Decision) bool { return d.Learner == "other" })
	if diff := cmp.Diff(ofOne, one.Decisions); diff != "" {
		t.Errorf("(-among all +alone):\n%s", diff)
	}
}
