package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"homeroom/profile"
)

func TestZoneName(t *testing.T) {
	for text, want := range map[string]string{
		"Europe/Berlin":                  "Europe/Berlin",
		"america/new_york":               "America/New_York",
		"AMERICA/ARGENTINA/BUENOS_AIRES": "America/Argentina/Buenos_Aires",
		"america/port_OF_spain":          "America/Port_of_Spain",
		"africa/dar_es_salaam":           "Africa/Dar_es_Salaam",
		"america/port-au-prince":         "America/Port-au-Prince",
		"utc":                            "UTC",
		"gmt":                            "GMT",
		"UTC+2":                          "Etc/GMT-2",
		"GMT-03:00":                      "Etc/GMT+3",
		"+0100":                          "Etc/GMT-1",
		"-10":                            "Etc/GMT+10",
		"UTC+0":                          "UTC",
		"Etc/GMT-2":                      "Etc/GMT-2",
		"GMT+5:30":                       "",
		"+15":                            "",
		"-13":                            "",
		"Local":                          "",
		"local":                          "",
		"":                               "",
		"../etc/passwd":                  "",
		"Berlin":                         "",
		strings.Repeat("x", 1<<16):       "",
	} {
		if got, ok := profile.ZoneName(text); got != want || ok != (want != "") {
			t.Errorf("%.60q is %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestRemarks(t *testing.T) {
	for _, tc := range []struct {
		name   string
		traits traits
		want   []string // what each remark says
	}{
		{"everything is understood", traits{"email": "ada@example.org", "first_name": "Ada", "timezone": "america/new_york", "plan": "pro", "consent": true}, nil},
		{"a time zone with minutes", traits{"timezone": "GMT+5:30"}, []string{"timezone GMT+5:30 is no IANA name"}},
		{"a time zone that is something else", traits{"timezone": "ada@example.org"}, []string{"timezone is no IANA name"}},
		{"no address", traits{"email": "garbage"}, []string{"email is not an address"}},
		{"an address without a mail server", traits{"email": "ada@localhost"}, []string{"nothing can be mailed"}},
		{"other names", traits{"Email": "ada@example.org", "firstName": "Ada", "time_zone": "UTC", "isMinor": false},
			[]string{"Email has no meaning here, did you mean email?", "firstName has no meaning here, did you mean first_name?", "isMinor has", "time_zone has"}},
		{"another name beside ours", traits{"email": "ada@example.org", "Email": "ada@example.org"}, nil},
		{"another name for nothing", traits{"email_address": nil}, nil},
		{"a name that is none", traits{"first_name": "undefined"}, []string{"first_name is no name"}},
		{"forgotten", traits{"email": nil, "first_name": "", "timezone": " "}, nil},
		{"push tokens", traits{"push_tokens": []any{"fcm-token-0000000001", "fcm-token-0000000002"}}, nil},
		{"one push token", traits{"push_tokens": "fcm-token-0000000001"}, nil},
		{"no push tokens any more", traits{"push_tokens": []any{}}, nil},
		{"push tokens that were removed", traits{"push_tokens": nil}, nil},
		{"push tokens as a number", traits{"push_tokens": 7.0}, []string{"push_tokens is neither a text nor a list"}},
		{"push tokens as an object", traits{"push_tokens": map[string]any{"ios": "fcm-token-0000000001"}}, []string{"push_tokens is neither a text nor a list"}},
		{"push tokens as numbers", traits{"push_tokens": []any{7.0}}, []string{"push_tokens has no token"}},
		{"an empty push token", traits{"push_tokens": ""}, []string{"push_tokens has no token"}},
		{"as many push tokens as are used", traits{"push_tokens": append(manyTokens(10), "fcm-token-0000000001")}, nil},
		{"more push tokens than are used", traits{"push_tokens": manyTokens(11)}, []string{"more than 10 tokens"}},
		{"a push token that is none", traits{"push_tokens": []any{"fcm-token-0000000001", "short"}}, []string{"some of the trait push_tokens"}},
		{"wrong types", traits{"email": 7.0, "timezone": []any{}, "first_name": true}, nil}, // refused as such
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := profile.Remarks(tc.traits)
			if len(got) != len(tc.want) {
				t.Fatalf("got %q, want %q", got, tc.want)
			}
			for i, want := range tc.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestATimeZoneIsTakenInUnderItsName(t *testing.T) {
	p, _, notes := profile.Profile{}.Merge(traits{"timezone": "america/new_york"}, monday)
	if p.Timezone != "America/New_York" || len(notes) > 0 {
		t.Errorf("taken in as %q, %q", p.Timezone, notes)
	}
	if _, changed, _ := p.Merge(traits{"timezone": "america/new_york"}, monday.Add(1)); changed {
		t.Error("the same again changed something")
	}
	p, _, _ = p.Merge(traits{"timezone": "GMT+5:30"}, monday.Add(2))
	if p.Timezone != "GMT+5:30" {
		t.Errorf("what no clock has is kept as %q", p.Timezone)
	}
}

// manyTokens are so many push tokens.
func manyTokens(n int) []any {
	tokens := make([]any, n)
	for i := range tokens {
		tokens[i] = fmt.Sprintf("fcm-token-%010d", i+1)
	}
	return tokens
}
