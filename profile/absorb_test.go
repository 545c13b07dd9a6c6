package profile_test

import (
	"testing"
	"time"

	"homeroom/profile"
)

// TestTheStricterConsentCounts: a no counts more than a consent taken back, that more than a yes, and that more than nothing, under whichever id it was said, in
// which order, and however often the two are merged.
func TestTheStricterConsentCounts(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	said := func(when time.Time, values ...any) profile.Profile {
		var p profile.Profile
		for _, value := range values {
			p, _, _ = p.Merge(map[string]any{"consent": value}, when)
			when = when.Add(time.Minute)
		}
		return p
	}
	word := func(p profile.Profile) string {
		switch {
		case p.Consent == nil && p.ConsentAt.IsZero():
			return "nothing"
		case p.Consent == nil:
			return "taken back"
		case *p.Consent:
			return "yes"
		}
		return "no"
	}
	statements := []struct {
		word   string
		values []any
	}{
		{"nothing", nil},
		{"yes", []any{true}},
		{"taken back", []any{true, nil}},
		{"no", []any{false}},
	}
	for i, loose := range statements {
		for _, strict := range statements[i:] {
			for _, later := range []time.Duration{-time.Hour, time.Hour} {
				own := said(at, loose.values...)
				other := said(at.Add(later), strict.values...)
				back := said(at.Add(later), strict.values...)
				for range 2 {
					own.Absorb(&other)
				}
				loser := said(at, loose.values...)
				back.Absorb(&loser)
				if word(own) != strict.word || word(back) != strict.word {
					t.Errorf("%s and, %v later, %s: %s, and by the other order %s", loose.word, later, strict.word, word(own), word(back))
				}
			}
		}
	}
}

// TestTraitsOfOneInstantAreMerged: an import gives both ids their traits at the same instant, and the merge of such profiles is written, once.
func TestTraitsOfOneInstantAreMerged(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	own, _, _ := profile.Profile{}.Merge(map[string]any{"email": "ada@example.org"}, at)
	other, _, _ := profile.Profile{}.Merge(map[string]any{"first_name": "Ada", "level": "beginner"}, at)
	if !own.Absorb(&other) || own.FirstName != "Ada" || own.Traits["level"] != "beginner" || own.Email != "ada@example.org" {
		t.Errorf("merged: %+v", own)
	}
	if own.Absorb(&other) {
		t.Error("the same merge changes it again")
	}
}
