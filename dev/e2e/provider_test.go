package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/standin"
)

// TestProviderMisbehaves is guarantees 4 and 5: what the provider certainly did not take is tried again, what it may have
// taken never is, and each loss is one that everybody can see.
func TestProviderMisbehaves(t *testing.T) {
	w := open(t, harness.Academy(t, victimRules), instance.Options{Clock: faster()})
	reset := strconv.FormatInt(time.Now().Add(2*time.Minute).Unix(), 10)
	w.stack.Mail.Fail(
		standin.Fault{Status: 429, Times: 3, Headers: map[string]string{"X-RateLimit-Reset": reset}},
		standin.Fault{Status: 429, Times: 3},
		standin.Fault{Status: 500, Times: 3},
		standin.Fault{Status: 503, Times: 3},
		// These may or may not have been taken, and here both is the case.
		standin.Fault{Status: 502}, standin.Fault{Status: 502, Taken: true},
		standin.Fault{Status: 504}, standin.Fault{Status: 504, Taken: true},
		standin.Fault{Reset: true}, standin.Fault{Reset: true, Taken: true},
		// These are refusals.
		standin.Fault{Status: 400}, standin.Fault{Status: 413},
	)
	const learners, maybe, taken, refused = 30, 6, 3, 2
	for n := range learners {
		w.publish(fmt.Sprintf("u%02d", n), "assessment.graded", failedQuiz("q1"))
	}
	ends := of("", engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindSkipped)
	end := func(d engine.Decision) bool { return ends(d) && !settledLater(d) }
	w.wait(learners, end)
	for n := range learners {
		done(t, w.ctx, w.instance, fmt.Sprintf("u%02d", n))
	}
	ended := w.heard.all(end)
	got := map[engine.Kind]int{}
	for _, d := range ended {
		got[d.Kind]++
	}
	if got[engine.KindUncertain] != maybe || got[engine.KindFailed] != refused || got[engine.KindSent] != learners-maybe-refused {
		t.Errorf("the sends ended as %v, want %d uncertain, %d failed, the others sent:\n%s", got, maybe, refused, w.heard.story())
	}
	c := w.stack.Mail.Counts()
	if want := learners - maybe - refused + taken; c.Accepted != want || c.Duplicates != 0 || len(ended) != learners {
		t.Errorf("%d mails and %d duplicates for %d ends, want %d mails and none for %d", c.Accepted, c.Duplicates, len(ended), want, learners)
	}
	// The provider's webhooks tell of those that it took after all.
	for _, d := range w.wait(taken, settledLater) {
		if d.Kind != engine.KindSent {
			t.Errorf("%s was settled as %s, want sent", d.Learner, d.Kind)
		}
	}
}

// settledLater matches the decisions that a webhook made of an uncertain one.
func settledLater(d engine.Decision) bool {
	return strings.HasPrefix(d.Detail, "settled by the provider's report")
}
