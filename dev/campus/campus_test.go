package campus_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/dev/campus"
)

func TestSameSeedSameTerm(t *testing.T) {
	a := campus.Term(campus.Options{Seed: 7})
	b := campus.Term(campus.Options{Seed: 7})
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the same seed made two terms (-first +second):\n%s", diff)
	}
	if other := campus.Term(campus.Options{Seed: 8}); cmp.Equal(a, other) {
		t.Error("another seed made the same term")
	}
}

// TestTermIsValid: every event decodes, in time order, each id once, and the term tells every story the rules wait for.
func TestTermIsValid(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	names := map[string]int{}
	learners := map[string]bool{}
	var last time.Time
	for _, d := range campus.Term(campus.Options{Seed: 1}) {
		body, err := known.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		if _, problem := known.Decode(d.Event.Learner, d.Event.Name, body, d.Event.Time); problem != nil {
			t.Errorf("%s of %s: %v", d.Event.Name, d.Event.Learner, problem)
		}
		if d.Event.Time.Before(last) {
			t.Errorf("%s at %s comes after one at %s", d.Event.ID, d.Event.Time, last)
		}
		if ids[d.Event.ID] {
			t.Errorf("id %s twice", d.Event.ID)
		}
		last = d.Event.Time
		ids[d.Event.ID] = true
		learners[d.Event.Learner] = true
		names[d.Event.Name]++
	}
	if len(learners) != 40 {
		t.Errorf("got %d learners, want 40", len(learners))
	}
	for _, name := range []string{"enrollment.created", "assessment.graded", "assessment.retried", "course.completed",
		"certificate.earned", "certificate.shared", "enrollment.cancelled", "trial.started", "course.reviewed", "onboarding.started"} {
		if names[name] == 0 {
			t.Errorf("the term has no %s", name)
		}
	}
}
