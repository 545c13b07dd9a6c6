package catalog_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/subjects"
)

const gradedBody = `{"id":"as-14984-541231","event":"assessment.graded","learner_id":"ou_541231","time":"2013-01-26T12:07:30Z","properties":{"assessment_id":"as_14984","course_id":"BBB-2013B","score_pct":68.0,"passed":true,"grader_type":"manual"}}`

func FuzzDecode(f *testing.F) {
	f.Add("", "", []byte(gradedBody))
	f.Add("u_42", "lesson.completed", []byte(`{"id":"e1","properties":{"lesson_id":"l1","x":null,"x":[{}]},"traits":{"email":null}}`))
	f.Add("_", "content.published", []byte(`{"id":"\ud800","properties":{"content_id":"l1"}}`))
	f.Add("u", "profile.updated", []byte(`{"id":"e1","time":null,"properties":{"consent":true}}`))
	f.Add("u", "profile.learning_preferences_set", []byte(`{"id":"e1","properties":{"preferred_topics":"go"}}`))
	f.Add("u", "user.signed_up", []byte(`{"id":"e1","properties":{"n":1e999}}`))
	f.Add("u", "user.signed_up", []byte(`{"id":`+strings.Repeat(`{"a":`, 20_000)))
	f.Add("u", "user.signed_up", []byte("\xff\xfe{}"))
	f.Fuzz(func(t *testing.T, learner, event string, body []byte) { acceptedIsWhole(t, learner, event, nil, body) })
}

// acceptedIsWhole decodes a message. What is refused must say why; what is accepted must have all it needs, and come back
// the same when it is written as a native body.
func acceptedIsWhole(t *testing.T, learner, event string, h header, body []byte) {
	t.Helper()
	c := builtin(t)
	for _, at := range []time.Time{received, {}} {
		d, err := c.DecodeMessage(learner, event, h, body, at)
		if err != nil {
			if err.Code == "" || err.Message == "" || !utf8.ValidString(err.Error()) {
				t.Fatalf("a refusal that says nothing: %q %q", err.Code, err.Error())
			}
			continue
		}
		if _, ok := c.Event(d.Event.Name); !ok || d.Event.ID == "" || d.Event.Time.IsZero() {
			t.Fatalf("accepted %+v", d)
		}
		if d.Event.Learner != subjects.NoLearner && subjects.ValidLearner(d.Event.Learner) != nil {
			t.Fatalf("accepted the learner %q", d.Event.Learner)
		}
		if email, ok := d.Traits["email"].(string); ok && strings.Contains(email, "@") {
			if found := catalog.Addresses("learning.3.u."+d.Event.Name, body); !slices.Contains(found, strings.TrimSpace(email)) {
				t.Fatalf("an erasure finds %q, and not the decoded address %q", found, email)
			}
		}
		again, eerr := c.Encode(d)
		if eerr != nil {
			t.Fatal(eerr)
		}
		if len(again) > 256<<10 {
			continue
		}
		back, err := c.Decode("", "", again, at)
		if err != nil {
			t.Fatalf("%s was accepted, its encoding is refused: %v", body, err)
		}
		if len(d.Event.Properties) == 0 {
			d.Event.Properties = nil
			back.Event.Properties = nil
		}
		if len(d.Traits) == 0 {
			d.Traits = nil
			back.Traits = nil
		}
		if diff := cmp.Diff(d, back); diff != "" {
			t.Fatalf("encoded and decoded (-want +got):\n%s", diff)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	c := builtin(b)
	body := []byte(gradedBody)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Decode("", "", body, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkDecodeUnknownEvent(b *testing.B) {
	c := builtin(b)
	for b.Loop() {
		if _, err := c.Decode("u", "lesson.complete", []byte(`{"id":"e1"}`), received); err == nil {
			b.Fatal("it was accepted")
		}
	}
}
