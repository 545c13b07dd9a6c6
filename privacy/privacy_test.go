package privacy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/store"
)

// TestWhoseAddressItIs: an event's trait "email" is the learner's; other addresses in it may be anybody's.
func TestWhoseAddressItIs(t *testing.T) {
	for _, tt := range []struct {
		name, event, body string
		want              []string
	}{
		{"a trait", "lesson.completed", `{"traits": {"email": " ada@example.org "}}`, []string{"ada@example.org"}},
		{"wrapped in another format", "lesson.completed", `{"data": {"traits": {"email": "ada@example.org"}}}`, []string{"ada@example.org"}},
		{"Segment's context", "lesson.completed", `{"context": {"traits": {"email": "ada@example.org"}}}`, []string{"ada@example.org"}},
		{"in a batch", "lesson.completed", `[{"traits": {"email": "a@x.org"}}, {"traits": {"email": "b@x.org"}}]`, []string{"a@x.org", "b@x.org"}},
		{"a profile's properties", "profile.updated", `{"properties": {"email": "ada@example.org"}}`, []string{"ada@example.org"}},
		{"a friend who was invited", "referral.invited", `{"properties": {"email": "friend@example.org"}}`, nil},
		{"somebody's manager", "lesson.completed", `{"traits": {"manager": {"email": "boss@example.org"}}}`, nil},
		{"no address", "lesson.completed", `{"traits": {"email": "none"}}`, nil},
		{"not text", "lesson.completed", `{"traits": {"email": 7}}`, nil},
		{"not JSON", "lesson.completed", `{"traits": {"email": "ada@example.org"`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := traitAddresses(store.Message{Subject: "learning.3.ada." + tt.event, Data: []byte(tt.body)})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnIDIsQuotedForVisibility(t *testing.T) {
	for id, want := range map[string]string{
		"learner/u_42":        `'learner/u_42'`,
		"learner/o'neill":     `'learner/o\'neill'`,
		`learner/a\b' OR 1=1`: `'learner/a\\b\' OR 1=1'`,
	} {
		if got := quoteForQuery(id); got != want {
			t.Errorf("quote(%q) = %s, want %s", id, got, want)
		}
	}
}

func TestWhatIsNoJSONIsExportedToo(t *testing.T) {
	for _, tt := range []struct{ data, body, text, coded string }{
		{`{"id": 1}`, `{"id": 1}`, "", ""},
		{`{"id": `, "", `{"id": `, ""},
		{"\xff\xfe", "", "", "//4="},
	} {
		got := newStoredRecord(store.Message{Subject: "s", Data: []byte(tt.data)})
		if string(got.Body) != tt.body || got.Text != tt.text || got.Base64 != tt.coded {
			t.Errorf("%q is exported as %+v", tt.data, got)
		}
	}
}
