package subjects_test

import (
	"fmt"
	"strings"
	"testing"

	"homeroom/subjects"
)

func TestEscapeRoundTrip(t *testing.T) {
	tests := []struct{ name, id, token string }{
		{"plain", "u_42", "u_42"},
		{"an identity provider's id", "auth0|7", "auth0=7C7"},
		{"an address", "ada@example.org", "ada=40example=2Eorg"},
		{"a wildcard", "*", "=2A"},
		{"a deep wildcard", ">", "=3E"},
		{"the escape itself", "a=7C", "a=3D7C"},
		{"a space", "ada l", "ada=20l"},
		{"a slash", "org/ada", "org=2Fada"},
		{"unicode", "åda", "=C3=A5da"},
		{"a script without ASCII", "学", "=E5=AD=A6"},
		{"the longest", strings.Repeat("|", 128), strings.Repeat("=7C", 128)},
		{"empty", "", ""},
		{"no learner", "_", "_"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := subjects.Escape(tt.id); got != tt.token {
				t.Errorf("Escape(%q) = %q, want %q", tt.id, got, tt.token)
			}
			got, err := subjects.Unescape(tt.token)
			if err != nil || got != tt.id {
				t.Errorf("Unescape(%q) = %q, %v, want %q", tt.token, got, err, tt.id)
			}
		})
	}
}

func TestUnescapeRefusesASecondSpelling(t *testing.T) {
	tests := []struct{ name, token, want string }{
		{"lower case hex", "auth0=7c7", "uppercase"},
		{"a letter escaped", "=41da", "written as it is"},
		{"the underscore escaped", "=5F", "written as it is"},
		{"cut short", "auth0=7", "two hex digits"},
		{"nothing after it", "auth0=", "two hex digits"},
		{"not hex", "auth0=ZZ", "uppercase hex digits"},
		{"a raw at sign", "ada@example", "write it =40"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := subjects.Unescape(tt.token)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Unescape(%q) = %q, %v, want an error with %q", tt.token, got, err, tt.want)
			}
		})
	}
}

func TestValidLearner(t *testing.T) {
	tests := []struct {
		name, id string
		want     string // part of the error; empty: fine
	}{
		{"plain", "u_42", ""},
		{"an address", "ada@example.org", ""},
		{"unicode", "åda 学", ""},
		{"an underscore more", "__", ""},
		{"the longest", strings.Repeat("x", 128), ""},
		{"a byte too long", strings.Repeat("x", 129), "at most 128 bytes"},
		{"empty", "", "empty"},
		{"the name of nobody", "_", "have no learner"},
		{"not UTF-8", "\xff", "UTF-8"},
		{"a line break", "a\nb", "control characters"},
		{"a deleted character", "a\x7fb", "control characters"},
		{"a control character of Latin 1", "ab\u0085", "control characters"},
		{"a line break behind other letters", "å\n", "control characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := subjects.ValidLearner(tt.id)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("ValidLearner(%q) = %v, want %q", tt.id, err, tt.want)
			}
		})
	}
}

func TestSubjects(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"publish", subjects.Publish("auth0|7", "lesson.completed"), "learning.auth0=7C7.lesson.completed"},
		{"publish without learner", subjects.Publish(subjects.NoLearner, "content.published"), "learning._.content.published"},
		{"publish a wild name", subjects.Publish("u", "lesson.>"), "learning.u.lesson.=3E"},
		{"message id", subjects.MsgID("u_42", "e1"), "u_42:e1"},
		{"message id, colon in the learner", subjects.MsgID("a:b", "c"), "a=3Ab:c"},
		{"partition", subjects.Partition(11), "learning.11.>"},
		{"stored", subjects.Stored("ada@x"), "learning.*.ada=40x.>"},
		{"dead", subjects.Dead("auth0|7", "lesson.complete"), "dead.auth0=7C7.lesson.complete"},
		{"dead, nothing known", subjects.Dead("", ""), "dead._._"},
		{"dead, odd name", subjects.Dead("u", "..Lesson completed.."), "dead.u.Lesson=20completed"},
		{"dead letters of", subjects.DeadOf("a.b"), "dead.a=2Eb.>"},
		{"decision", subjects.Decision("auth0|7", "retry-after-failed-quiz", "sent"), "homeroom.decisions.auth0=7C7.retry-after-failed-quiz.sent"},
		{"nudge", subjects.Nudge("auth0|7", "retry.after"), "nudges.auth0=7C7.retry=2Eafter"},
		{"nudge of nobody", subjects.Nudge("", ""), "nudges._._"},
		{"nudges of", subjects.NudgesOf("a.b"), "nudges.a=2Eb.>"},
		{"decisions of", subjects.DecisionsOf("a.b"), "homeroom.decisions.a=2Eb.>"},
		{"decisions of a kind", subjects.DecisionsOfKind("uncertain"), "homeroom.decisions.*.*.uncertain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}

func TestTheTransformHasThePartitions(t *testing.T) {
	want := fmt.Sprintf("learning.{{partition(%d,1)}}.{{wildcard(1)}}.>", subjects.Partitions)
	if subjects.TransformDestination != want {
		t.Errorf("TransformDestination = %q, want %q", subjects.TransformDestination, want)
	}
}

func TestParseStored(t *testing.T) {
	tests := []struct {
		subject        string
		p              int
		learner, event string
		err            string
	}{
		{"learning.11.u_42.lesson.completed", 11, "u_42", "lesson.completed", ""},
		{"learning.0.auth0=7C7.user.signed_up", 0, "auth0|7", "user.signed_up", ""},
		{"learning.3._.content.published", 3, "_", "content.published", ""},
		{"learning.3.u.webinar", 3, "u", "webinar", ""},
		{"learning.3.ada@x.lesson.completed", 3, "ada@x", "lesson.completed", "write it =40"},
		{"learning.3.=7c.lesson.completed", 3, "=7c", "lesson.completed", "uppercase"},
		{"learning.16.u.lesson.completed", 0, "", "", "partition from 0 to 15"},
		{"learning.03.u.lesson.completed", 0, "", "", "partition from 0 to 15"},
		{"learning.u_42.lesson.completed", 0, "", "", "partition from 0 to 15"},
		{"learning.3.u", 0, "", "", "is not learning.<partition>"},
		{"learning.", 0, "", "", "partition from 0 to 15"},
		{"dead.u.lesson.completed", 0, "", "", "does not begin with"},
		{"", 0, "", "", "does not begin with"},
	}
	for _, tt := range tests {
		t.Run(tt.subject, func(t *testing.T) {
			p, learner, event, err := subjects.ParseStored(tt.subject)
			if p != tt.p || learner != tt.learner || event != tt.event {
				t.Errorf("got %d %q %q, want %d %q %q", p, learner, event, tt.p, tt.learner, tt.event)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("err = %v, want %q", err, tt.err)
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	for _, id := range []string{"u_42", "auth0|7", "ada@example.org", "åda", "_", "=", "a=7C", "*", ">", ".", "\x00\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		token := subjects.Escape(id)
		if strings.ContainsAny(token, ".*> \t\r\n") {
			t.Fatalf("Escape(%q) = %q is not one token", id, token)
		}
		got, err := subjects.Unescape(token)
		if err != nil || got != id {
			t.Fatalf("Unescape(Escape(%q)) = %q, %v", id, got, err)
		}
		if other, err := subjects.Unescape(id); err == nil && subjects.Escape(other) != id {
			t.Fatalf("%q and %q are two spellings of %q", id, subjects.Escape(other), other)
		}
	})
}

func FuzzParseStored(f *testing.F) {
	f.Add("learning.11.u_42.lesson.completed")
	f.Add("learning.3.=7c..")
	f.Add("learning.3._.content.published")
	f.Fuzz(func(t *testing.T, subject string) {
		_, learner, event, err := subjects.ParseStored(subject)
		dead := subjects.Dead(learner, event)
		if strings.Contains(dead, "..") || strings.HasSuffix(dead, ".") || strings.ContainsAny(dead, "*> \t\r\n") || len(dead) > 2048 {
			t.Fatalf("Dead(%q, %q) = %q is not a subject", learner, event, dead)
		}
		if err == nil && !strings.HasSuffix(subject, "."+subjects.Escape(learner)+"."+event) {
			t.Fatalf("%q was read as %q, %q", subject, learner, event)
		}
	})
}
