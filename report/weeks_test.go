package report

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"homeroom/experiment"
)

// drawWeeks is a rule that is looked at after some weeks: so many learners a day enter, one in five held out.
func drawWeeks(weeks, perDay int, treated, heldOut float64) string {
	var b strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for day := range weeks * 7 {
		for n := range perDay {
			learner := fmt.Sprintf("l%d-%d", day, n)
			rate := treated
			if n%5 == 0 {
				rate = heldOut
				fmt.Fprintf(&b, "%d 10:00 %s withheld quiz message=retry channel=email promise=20/0/3 reason=holdout\n", day+1, learner)
			} else {
				fmt.Fprintf(&b, "%d 10:00 %s sent quiz message=retry channel=email promise=20/0/3\n", day+1, learner)
			}
			if random.Float64() < rate {
				fmt.Fprintf(&b, "%d 12:00 %s converted quiz\n", day+1, learner)
			}
		}
	}
	return b.String()
}

// TestWeeks: each week counts everybody who had entered until then, and the last one says what the experiment says.
func TestWeeks(t *testing.T) {
	now := time.Date(2026, 3, 29, 9, 0, 0, 0, time.UTC)
	r := read(t, drawWeeks(4, 50, 0.6, 0.2)).count(Options{Now: now})
	e := r.Rules[0].Experiment
	if len(e.Weeks) != 4 {
		t.Fatalf("%d weeks: %+v", len(e.Weeks), e.Weeks)
	}
	for i, w := range e.Weeks {
		if w.Treated.People != (i+1)*280 || w.Holdout.People != (i+1)*70 {
			t.Errorf("week %d: %+v", i+1, w)
		}
		if until := time.Date(2026, 3, 8+7*i, 10, 0, 0, 0, time.UTC); i < 3 && !w.Until.Equal(until) {
			t.Errorf("week %d ends at %v, want %v", i+1, w.Until, until)
		}
		early := i == 0 // fewer than 100 are held out
		if early != (w.Difference == nil) || early != (w.Verdict == experiment.TooEarly) {
			t.Errorf("week %d: %s, %v", i+1, w.Verdict, w.Difference)
		}
	}
	last := e.Weeks[3]
	if !last.Until.Equal(now) || last.Treated.Reached != e.Treated.Reached || last.Holdout.Open != e.Holdout.Open || *last.Difference != *e.Judgement.Difference || last.Verdict != e.Judgement.Verdict {
		t.Errorf("the last week says %+v, the experiment %+v", last, e)
	}
}

// TestWeeksAreManyLooks: an interval for one look does not hold for a curve, so a report with such intervals has the others there.
func TestWeeksAreManyLooks(t *testing.T) {
	past := read(t, drawWeeks(3, 50, 0.5, 0.4))
	fixed := past.count(Options{Method: experiment.Fixed}).Rules[0].Experiment
	always := past.count(Options{}).Rules[0].Experiment
	if *fixed.Weeks[2].Difference != *always.Weeks[2].Difference || *fixed.Judgement.Difference == *always.Judgement.Difference {
		t.Errorf("weeks %+v and %+v", fixed.Weeks[2].Difference, always.Weeks[2].Difference)
	}
}

// TestNoWeeks: without a holdout, without a goal and with groups of other sizes than promised there is nothing to be read from a curve.
func TestNoWeeks(t *testing.T) {
	held := drawWeeks(2, 50, 0.5, 0.4)
	for name, text := range map[string]string{
		"no holdout": strings.ReplaceAll(strings.ReplaceAll(held, "withheld", "sent"), "reason=holdout", ""),
		"no goal":    strings.ReplaceAll(held, "promise=20/0/3", "promise=20/0/0"),
	} {
		if e := read(t, text).count(Options{}).Rules[0].Experiment; e != nil && len(e.Weeks) > 0 {
			t.Errorf("%s: %+v", name, e.Weeks)
		}
	}
	for _, w := range read(t, strings.ReplaceAll(held, "promise=20", "promise=50")).count(Options{}).Rules[0].Experiment.Weeks {
		if w.Difference != nil || w.Verdict != experiment.Mismatch {
			t.Errorf("groups of other sizes: %+v", w)
		}
	}
}

// TestTheGrowthLoopBegins with certificates, each counted once, and the messages that ask to share them.
func TestTheGrowthLoopBegins(t *testing.T) {
	r := read(t, `
		1 10:00 ada certificate.earned certificate=c1 course=go
		1 10:00 ada certificate.earned certificate=c1 course=go id=again
		1 10:00 ben certificate.earned certificate=c1
		2 10:00 ben certificate.earned
		1 10:00 ada sent   share  scope=certificate_id=c1 message=ready
		1 10:00 ben failed share  scope=certificate_id=c1 message=ready
		2 10:00 ada sent   quiz   message=retry
		2 10:00 ada sent   friend message=refer`).count(Options{AsksToShare: func(message string) bool { return message == "refer" }})
	if r.Earned != 3 || r.Total.SharePrompts != 2 {
		t.Errorf("%d earned, %d asked to share", r.Earned, r.Total.SharePrompts)
	}
}
