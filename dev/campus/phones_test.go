package campus_test

import (
	"testing"

	"homeroom/dev/campus"
	"homeroom/engine"
	"homeroom/profile"
	"homeroom/rules"
)

// TestLiveClasses: the classes are events that the example academy knows, in order, and some learners have an app that answers and one that does not.
func TestLiveClasses(t *testing.T) {
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		t.Fatal(problems.Err())
	}
	term := campus.Term(campus.Options{Seed: 1})
	all := campus.WithLiveClasses(term)
	classes := 0
	apps := map[string]int{}
	last := all[0].Event.Time
	for _, d := range all {
		body, err := academy.Catalog.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		got, problem := academy.Catalog.Decode(d.Event.Learner, d.Event.Name, body, d.Event.Time)
		if problem != nil {
			t.Fatalf("%s of %s: %v", d.Event.Name, d.Event.Learner, problem)
		}
		if d.Event.Time.Before(last) {
			t.Errorf("%s comes too late", d.Event.ID)
		}
		last = d.Event.Time
		switch d.Event.Name {
		case campus.EventClassBooked:
			classes++
		case engine.EventProfileUpdated:
			apps[d.Event.Learner] = len(profile.PushTokens(got.Traits))
		}
	}
	if len(apps) != 13 || classes < 3*len(apps) || len(all) != len(term)+len(apps)+classes {
		t.Errorf("%d learners with apps, %d classes", len(apps), classes)
	}
	if old := campus.OldTokens(all); len(old) != 4 {
		t.Errorf("%d old phones", len(old))
	}
}
