package store_test

import (
	"errors"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestClaims: an id belongs to whoever claims it first, and two that claim each other do not both go.
func TestClaims(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	s := st.Standings
	claim := func(other, into string) (string, error) {
		t.Helper()
		owner, _, err := s.Claim(ctx, other, into)
		return owner, err
	}
	for range 2 { // again after a crash
		if owner, err := claim("lead", "ada"); owner != "ada" || err != nil {
			t.Fatalf("%q, %v", owner, err)
		}
	}
	if owner, err := claim("lead", "bob"); owner != "ada" || err != nil {
		t.Errorf("somebody else's id: %q, %v", owner, err)
	}
	if err := s.DropClaim(ctx, "lead", "bob"); err != nil {
		t.Fatal(err)
	}
	if _, err := claim("bob", "lead"); !errors.Is(err, store.ErrMerged) {
		t.Errorf("an id that was merged takes over another: %v", err)
	}
	// Both have begun to take over the other: only the smaller one stays.
	for _, pair := range [][2]string{{"x", "y"}, {"y", "x"}} {
		err := s.Update(ctx, pair[0], func(st *engine.Standing, owed []uint64) (bool, []uint64) {
			st.BeginMerge(pair[1])
			return true, owed
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := claim("x", "y"); !errors.Is(err, store.ErrBusy) {
		t.Errorf("the larger one: %v, want that it waits", err)
	}
	if owner, err := claim("y", "x"); owner != "x" || err != nil {
		t.Errorf("the smaller one: %q, %v", owner, err)
	}
}

// TestAbsorbingAgain: what an id knew is added once, however often a process dies in between, and its own record says nothing more.
func TestAbsorbingAgain(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	rs := &engine.Ruleset{Counted: map[string]int{"lesson.completed": 7}}
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for _, learner := range []string{"lead", "ada"} {
		err := st.Standings.Update(ctx, learner, func(s *engine.Standing, owed []uint64) (bool, []uint64) {
			s.Apply(&engine.Event{ID: "e-" + learner, Name: "lesson.completed", Learner: learner, Time: at, Properties: map[string]any{}}, rs, at)
			return true, owed
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := st.Standings.Claim(ctx, "lead", "ada"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := st.Standings.Absorb(ctx, "lead", "ada", rs); err != nil {
			t.Fatal(err)
		}
	}
	ada, err := st.Standings.Get(ctx, "ada")
	if err != nil || ada.Counts["lesson.completed"] == nil || ada.Counts["lesson.completed"].N[0] != 2 {
		t.Errorf("ada counts %+v, want 2 (%v)", ada.Counts["lesson.completed"], err)
	}
	lead, err := st.Standings.Get(ctx, "lead")
	if err != nil || lead.MergedInto != "ada" || !lead.FirstSeenAt.IsZero() {
		t.Errorf("the lead's own record: %+v, %v", lead, err)
	}
}

// TestAMergedProfile: what is said to the old id is said to the one that stays, and the stricter wish counts.
func TestAMergedProfile(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for learner, traits := range map[string]map[string]any{
		"lead": {"email": "lead@example.org", "first_name": "Ada", "interest": "go", "consent": false},
		"ada":  {"email": "ada@example.org", "consent": true},
	} {
		when := at
		if learner == "ada" {
			when = at.Add(time.Hour)
		}
		if _, err := st.Profiles.Merge(ctx, learner, traits, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.People.Leave(ctx, "lead", "tips", at); err != nil {
		t.Fatal(err)
	}
	if err := st.People.Join(ctx, "ada", "tips", at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := st.Profiles.MergeInto(ctx, "lead", "ada"); err != nil {
			t.Fatal(err)
		}
	}
	p, err := st.Profiles.Get(ctx, "lead")
	if err != nil {
		t.Fatal(err)
	}
	known := p.Engine()
	if p.Email != "ada@example.org" || p.FirstName != "Ada" || p.Traits["interest"] != "go" || known.Consent == nil || *known.Consent || len(p.Unsubscribed) != 1 || len(p.Subscribed) != 0 {
		t.Errorf("the one profile: %+v", p)
	}
	if err := st.People.Leave(ctx, "lead", "", at.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if p, err = st.Profiles.Get(ctx, "ada"); err != nil || !p.UnsubscribedAll {
		t.Errorf("after the lead left: %+v, %v", p, err)
	}
}
