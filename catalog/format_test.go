package catalog

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

// A sample is a message of one format that says the learner's address.
type sample struct {
	format format
	header map[string][]string
	event  string
	body   string
}

const sampleAddress = "ada@example.org"

// samples has a message of every format, with the address wherever the format has a place for it.
func samples() []sample {
	attributes := map[string][]string{"ce-specversion": {"1.0"}, "ce-id": {"e1"}}
	encoded := base64.StdEncoding.EncodeToString([]byte(`{"traits": {"email": "ada@example.org"}}`))
	return []sample{
		{nativeBody{}, nil, "user.signed_up", `{"id": "e1", "traits": {"email": "ada@example.org"}}`},
		{nativeBody{}, nil, engine.EventProfileUpdated, `{"id": "e1", "properties": {"email": "ada@example.org"}}`},
		{structuredCloudEvent{}, nil, "user.signed_up", `{"specversion": "1.0", "id": "e1", "data": {"traits": {"email": "ada@example.org"}}}`},
		{structuredCloudEvent{}, nil, "user.signed_up", `{"specversion": "1.0", "id": "e1", "data_base64": "` + encoded + `"}`},
		{structuredCloudEvent{}, nil, engine.EventProfileUpdated, `{"specversion": "1.0", "id": "e1", "data": {"email": "ada@example.org"}}`},
		{binaryCloudEvent{}, attributes, "user.signed_up", `{"traits": {"email": "ada@example.org"}}`},
		{binaryCloudEvent{}, attributes, engine.EventProfileUpdated, `{"email": "ada@example.org"}`},
		{segmentCall{}, nil, "user.signed_up", `{"type": "track", "messageId": "e1", "context": {"traits": {"email": "ada@example.org"}}}`},
		{segmentCall{}, nil, engine.EventProfileUpdated, `{"type": "identify", "messageId": "e1", "traits": {"email": "ada@example.org"}}`},
		{segmentCall{}, nil, engine.EventProfileUpdated, `{"type": "track", "messageId": "e1", "properties": {"email": "ada@example.org"}}`},
	}
}

// TestEveryFormat holds each registered format to a sample: the format is recognised, the address that its reader decodes
// is one that an erasure finds, and the single pass over native bodies leaves the others alone.
func TestEveryFormat(t *testing.T) {
	c, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[format]bool{}
	for _, s := range samples() {
		seen[s.format] = true
		t.Run(fmt.Sprintf("%T/%s", s.format, s.event), func(t *testing.T) {
			claimed, bad := formatByHeader(s.header)
			if claimed == nil {
				object, unread := readObject([]byte(s.body), MaxNesting, nil)
				claimed = formatByBody(object)
				bad = unread
			}
			if bad != nil || claimed != s.format {
				t.Fatalf("the sample is read as %T (%v)", claimed, bad)
			}
			d, refused := c.DecodeMessage("ada", s.event, s.header, []byte(s.body), time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
			if refused != nil {
				t.Fatal(refused)
			}
			if got := d.Traits[traitEmail]; got != sampleAddress {
				t.Errorf("decoded address %v, want %s: say where the format has traits", got, sampleAddress)
			}
			if diff := cmp.Diff([]string{sampleAddress}, Addresses("learning.3.ada."+s.event, []byte(s.body))); diff != "" {
				t.Errorf("addresses for an erasure (-want +got); say them in traitsOf:\n%s", diff)
			}
		})
	}
	for _, f := range formats {
		if !seen[f] {
			t.Errorf("%T has no sample: add one with an address to samples", f)
		}
	}
}

// TestWhoseAddressItIs: an event's trait "email" is the learner's; other addresses in it may be anybody's.
func TestWhoseAddressItIs(t *testing.T) {
	for _, tt := range []struct {
		name  string
		event string
		body  string
		want  []string
	}{
		{"a trait", "lesson.completed", `{"traits": {"email": " ada@example.org "}}`, []string{"ada@example.org"}},
		{"wrapped in another format", "lesson.completed", `{"data": {"traits": {"email": "ada@example.org"}}}`, []string{"ada@example.org"}},
		{"Segment's context", "lesson.completed", `{"context": {"traits": {"email": "ada@example.org"}}}`, []string{"ada@example.org"}},
		{"data in Base64", "lesson.completed", `{"data_base64": "eyJ0cmFpdHMiOnsiZW1haWwiOiJhZGFAZXhhbXBsZS5vcmcifX0="}`, []string{"ada@example.org"}},
		{"in a batch", "lesson.completed", `[{"traits": {"email": "a@x.org"}}, {"traits": {"email": "b@x.org"}}]`, []string{"a@x.org", "b@x.org"}},
		{"a profile's properties", "profile.updated", `{"properties": {"email": "ada@example.org"}}`, []string{"ada@example.org"}},
		{"a friend who was invited", "referral.invited", `{"properties": {"email": "friend@example.org"}}`, nil},
		{"somebody's manager", "lesson.completed", `{"traits": {"manager": {"email": "boss@example.org"}}}`, nil},
		{"no address", "lesson.completed", `{"traits": {"email": "none"}}`, nil},
		{"not text", "lesson.completed", `{"traits": {"email": 7}}`, nil},
		{"not JSON", "lesson.completed", `{"traits": {"email": "ada@example.org"`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Addresses("learning.3.ada."+tt.event, []byte(tt.body))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}
