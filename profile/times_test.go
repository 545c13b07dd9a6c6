package profile_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"homeroom/profile"
)

// update is traits that were published so many minutes after monday.
type update struct {
	minute int
	traits traits
}

func merged(updates ...update) profile.Profile {
	var p profile.Profile
	for _, u := range updates {
		p, _, _ = p.Merge(u.traits, monday.Add(time.Duration(u.minute)*time.Minute))
	}
	return p
}

func TestEachTraitHasItsOwnTime(t *testing.T) {
	for _, tc := range []struct {
		name    string
		updates []update // in the order they came
		trait   string
		want    any
	}{
		{"an older update does not undo a newer trait",
			[]update{{0, traits{"plan": "trial"}}, {2, traits{"plan": "pro"}}, {1, traits{"plan": "none"}}}, "plan", "pro"},
		{"news of another trait does not make an update old",
			[]update{{0, traits{"plan": "trial"}}, {2, traits{"city": "Bern"}}, {1, traits{"plan": "pro"}}}, "plan", "pro"},
		{"what was deleted stays deleted",
			[]update{{0, traits{"plan": "trial"}}, {2, traits{"plan": nil}}, {1, traits{"plan": "pro"}}}, "plan", nil},
		{"an older deletion does not delete what is newer",
			[]update{{2, traits{"plan": "trial"}}, {1, traits{"plan": nil}}}, "plan", "trial"},
		{"what was deleted can be said anew",
			[]update{{0, traits{"plan": "trial"}}, {1, traits{"plan": nil}}, {2, traits{"plan": "pro"}}}, "plan", "pro"},
		{"said again together with news counts as said then",
			[]update{{0, traits{"plan": "trial"}}, {3, traits{"plan": "trial", "city": "Bern"}}, {2, traits{"plan": "pro"}}}, "plan", "trial"},
		{"an older update fills a gap, and is itself overtaken",
			[]update{{5, traits{"city": "Bern"}}, {1, traits{"plan": "trial"}}, {2, traits{"plan": "pro"}}}, "plan", "pro"},
		{"and it is not overtaken by one that is older still",
			[]update{{5, traits{"city": "Bern"}}, {2, traits{"plan": "trial"}}, {1, traits{"plan": "pro"}}}, "plan", "trial"},
		{"the address is a trait like the others",
			[]update{{0, traits{"email": "a@example.org"}}, {3, traits{"plan": "pro"}}, {2, traits{"email": "b@example.org"}}}, "email", "b@example.org"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := merged(tc.updates...)
			if got := p.AllTraits()[tc.trait]; got != tc.want {
				t.Errorf("%s is %v, want %v", tc.trait, got, tc.want)
			}
			again := merged(append(tc.updates, tc.updates[0])...)
			if got := again.AllTraits()[tc.trait]; got != tc.want {
				t.Errorf("after the first update came again, %s is %v, want %v", tc.trait, got, tc.want)
			}
		})
	}
}

// A record that is older than the times: all of its traits are as old as the record.
func TestARecordWithoutTimesOfTraits(t *testing.T) {
	var p profile.Profile
	if err := json.Unmarshal([]byte(`{"email":"ada@example.org","traits":{"plan":"pro"},"updated_at":"2026-03-02T09:00:00Z"}`), &p); err != nil {
		t.Fatal(err)
	}
	older, changed, _ := p.Merge(traits{"plan": "trial"}, monday.Add(-time.Minute))
	if changed || older.Traits["plan"] != "pro" {
		t.Errorf("an older update changed the record: %+v", older)
	}
	newer, _, _ := p.Merge(traits{"plan": "trial"}, monday.Add(time.Minute))
	newer, changed, _ = newer.Merge(traits{"email": "old@example.org"}, monday.Add(-time.Minute))
	if changed || newer.Traits["plan"] != "trial" {
		t.Errorf("profile %+v", newer)
	}
}

func TestSinceWhenTheAddressIsThisOne(t *testing.T) {
	p := merged(update{0, traits{"email": "a@example.org"}}, update{5, traits{"email": "a@example.org", "plan": "pro"}})
	if !p.EmailAt.Equal(monday) {
		t.Errorf("since %v, want %v: it was only said again", p.EmailAt, monday)
	}
	p, _, _ = p.Merge(traits{"email": "b@example.org"}, monday.Add(time.Hour))
	if !p.EmailAt.Equal(monday.Add(time.Hour)) {
		t.Errorf("since %v, want the change", p.EmailAt)
	}
}

// Sources of traits that come and go must not make a record grow: it is as big as a profile may be, and so are its times.
func TestTimesAreBounded(t *testing.T) {
	var p profile.Profile
	for i := range 1000 {
		at := monday.Add(time.Duration(i) * time.Minute)
		p, _, _ = p.Merge(traits{fmt.Sprintf("t%d", i): "x"}, at)
		p, _, _ = p.Merge(traits{fmt.Sprintf("t%d", i-20): nil}, at)
	}
	if n := len(p.TraitsAt); n > 2*profile.MaxTraits {
		t.Errorf("%d times", n)
	}
	if _, ok := p.TraitsAt["t979"]; !ok {
		t.Error("the newest deletion was forgotten")
	}
	one, _, _ := profile.Profile{}.Merge(traits{"email": "a@example.org", "plan": "pro", "city": "Bern"}, monday)
	if one.TraitsAt != nil {
		t.Errorf("traits of one update have times of their own: %v", one.TraitsAt)
	}
}
