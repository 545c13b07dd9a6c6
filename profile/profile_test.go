package profile_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
	"homeroom/profile"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

type (
	traits = map[string]any
	times  = map[string]time.Time
)

func yes() *bool { b := true; return &b }

func TestMerge(t *testing.T) {
	ada := profile.Profile{Email: "ada@example.org", FirstName: "Ada", Traits: traits{"plan": "trial"}, UpdatedAt: monday}
	for _, tc := range []struct {
		name   string
		was    profile.Profile
		traits traits
		at     time.Time
		want   profile.Profile
		note   string
	}{
		{"the known traits find their places, the rest is kept",
			profile.Profile{}, traits{"email": " ada@example.org ", "first_name": "Ada", "locale": "de", "timezone": "Europe/Berlin", "consent": true, "plan": " pro "}, monday,
			profile.Profile{Email: "ada@example.org", FirstName: "Ada", Locale: "de", Timezone: "Europe/Berlin", Consent: yes(), ConsentAt: monday, Traits: traits{"plan": "pro"}, UpdatedAt: monday, EmailAt: monday}, ""},
		{"a newer value replaces",
			ada, traits{"plan": "pro"}, monday.Add(time.Hour),
			profile.Profile{Email: "ada@example.org", FirstName: "Ada", Traits: traits{"plan": "pro"}, UpdatedAt: monday.Add(time.Hour), TraitsAt: times{"email": monday, "first_name": monday}}, ""},
		{"an older value only fills gaps",
			ada, traits{"plan": "none", "email": "old@example.org", "locale": "fr", "first_name": nil}, monday.Add(-time.Hour),
			profile.Profile{Email: "ada@example.org", FirstName: "Ada", Locale: "fr", Traits: traits{"plan": "trial"}, UpdatedAt: monday, TraitsAt: times{"locale": monday.Add(-time.Hour)}}, ""},
		{"null deletes",
			ada, traits{"email": nil, "plan": nil}, monday.Add(time.Hour),
			profile.Profile{FirstName: "Ada", Traits: traits{}, UpdatedAt: monday.Add(time.Hour), TraitsAt: times{"first_name": monday, "email": monday.Add(time.Hour), "plan": monday.Add(time.Hour)}}, ""},
		{"the same again changes nothing", ada, traits{"plan": "trial"}, monday.Add(time.Hour), ada, ""},
		{"a consent that is no boolean is not taken", ada, traits{"consent": "yes"}, monday.Add(time.Hour), ada, "consent"},
		{"an address that is a number is not taken", ada, traits{"email": 7.0}, monday.Add(time.Hour), ada, "email"},
		{"an address that is none is not taken", ada, traits{"email": "ada"}, monday.Add(time.Hour), ada, "email"},
		{"an address that smuggles a header is not taken", ada, traits{"email": "ada@example.org\r\nBcc: all@example.org"}, monday.Add(time.Hour), ada, "email"},
		{"too big a trait is not taken", ada, traits{"essay": strings.Repeat("x", 17<<10)}, monday.Add(time.Hour), ada, "16 KiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, _ := json.Marshal(tc.was)
			got, changed, notes := tc.was.Merge(tc.traits, tc.at)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("profile (-want +got):\n%s", diff)
			}
			if want := !cmp.Equal(tc.was, tc.want); changed != want {
				t.Errorf("changed = %v, want %v", changed, want)
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, tc.note) || tc.note == "" && all != "" {
				t.Errorf("notes %q, want one about %q", all, tc.note)
			}
			if after, _ := json.Marshal(tc.was); string(after) != string(before) {
				t.Errorf("the old profile was changed: %s", after)
			}
		})
	}
}

// Another event with traits was published a moment later and came first: the withdrawal counts all the same.
func TestAWithdrawnConsentIsNotLost(t *testing.T) {
	p, _, _ := profile.Profile{}.Merge(traits{"consent": true}, monday)
	p, _, _ = p.Merge(traits{"plan": "pro"}, monday.Add(2*time.Second))
	p, changed, _ := p.Merge(traits{"consent": false}, monday.Add(time.Second))
	if !changed || p.Consent == nil || *p.Consent {
		t.Errorf("consent %v, want false", p.Consent)
	}
	p, _, _ = p.Merge(traits{"consent": false}, monday.Add(4*time.Second))
	p, _, _ = p.Merge(traits{"consent": true}, monday.Add(3*time.Second))
	if *p.Consent {
		t.Error("an older yes overruled the newest no")
	}
	p, _, _ = p.Merge(traits{"consent": true}, monday.Add(5*time.Second))
	if !*p.Consent {
		t.Error("a newer yes does not count")
	}
}

func TestAProfileIsBounded(t *testing.T) {
	many := traits{"email": "ada@example.org"}
	for i := range 10_000 {
		many[fmt.Sprintf("trait_%05d", i)] = "value"
	}
	got, _, notes := profile.Profile{}.Merge(many, monday)
	if n := len(got.AllTraits()); n != profile.MaxTraits {
		t.Errorf("%d traits, want %d", n, profile.MaxTraits)
	}
	if got.Email != "ada@example.org" || len(notes) == 0 {
		t.Errorf("email %q, %d notes", got.Email, len(notes))
	}
}

func TestEngineSeesWhetherNotWhere(t *testing.T) {
	p := profile.Profile{Email: "ada@example.org", Timezone: "Europe/Berlin", UnsubscribedAll: true, Unsubscribed: []string{"offers"}, Traits: traits{"plan": "pro"}}
	got := p.Engine()
	if reach := got.Reach[engine.ChannelEmail]; !reach.Known || !reach.Suppressed || got.Timezone != "Europe/Berlin" || !cmp.Equal(got.Unsubscribed, []string{"offers"}) {
		t.Errorf("engine profile %+v", got)
	}
	if diff := cmp.Diff(traits{"email": "ada@example.org", "timezone": "Europe/Berlin", "plan": "pro"}, got.Traits); diff != "" {
		t.Errorf("traits (-want +got):\n%s", diff)
	}
}

// The engine hears whether a provider takes the address, so that all hosts decide alike.
func TestEngineSeesWhetherTheAddressIsUsable(t *testing.T) {
	for address, usable := range map[string]bool{"ada@example.org": true, "x@exämple.org": true, "ada@localhost": false, "a@b": false, "jürgen@example.org": false} {
		p, _, notes := profile.Profile{}.Merge(traits{"email": address}, monday)
		reach := p.Engine().Reach[engine.ChannelEmail]
		if !reach.Known || (reach.Unusable == "") != usable || len(notes) > 0 {
			t.Errorf("%s: %+v, %v; want usable %v", address, reach, notes, usable)
		}
		engineSees := p.Engine()
		if reason := engineSees.Refuses(&engine.Send{}); (reason == "") != usable || reason != "" && reason != engine.ReasonNoAddress {
			t.Errorf("%s: refused as %q", address, reason)
		}
	}
}

func FuzzMerge(f *testing.F) {
	f.Add(`{"email":"ada@example.org","consent":true,"x":[1,{"y":null}]}`)
	f.Add(`{"email":{},"":1,"timezone":"  "}`)
	f.Fuzz(func(t *testing.T, doc string) {
		var in traits
		if json.Unmarshal([]byte(doc), &in) != nil {
			return
		}
		got, _, _ := profile.Profile{}.Merge(in, monday)
		data, err := json.Marshal(got)
		if err != nil || len(data) > profile.MaxBytes+32<<10 {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		again, changed, _ := got.Merge(in, monday)
		if changed && !cmp.Equal(got, again) {
			t.Fatalf("the same traits again changed %+v to %+v", got, again)
		}
	})
}
