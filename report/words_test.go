package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// constants are the values of a type's constants in package engine, from its source: a new one cannot be forgotten here.
func constants(t *testing.T, typ string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../engine/result.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typ {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, text)
		return true
	})
	if len(values) < 9 {
		t.Fatalf("found only %d constants of %s", len(values), typ)
	}
	return values
}

func TestEveryReasonHasASentence(t *testing.T) {
	said := map[string]string{}
	for _, reason := range constants(t, "Reason") {
		why := Why(engine.Reason(reason))
		if why == reason || !strings.Contains(why, " ") {
			t.Errorf("the reason %s has no sentence", reason)
		}
		if other := said[why]; other != "" {
			t.Errorf("%s and %s have the same sentence", reason, other)
		}
		said[why] = reason
	}
}

func TestEveryKindHasASentence(t *testing.T) {
	for _, kind := range constants(t, "Kind") {
		text := decided(&engine.Decision{Kind: engine.Kind(kind), Reason: engine.ReasonCap, Message: "halfway", Detail: "x"}, "noon")
		if text == kind || !strings.Contains(text, " ") {
			t.Errorf("a decision of the kind %s has no sentence: %q", kind, text)
		}
	}
}

func TestWhatAnEventTells(t *testing.T) {
	cases := []struct {
		name, event string
		properties  map[string]any
		want        string
	}{
		{"a person opens", "email.opened", map[string]any{"machine": false}, "halfway was opened"},
		{"a mail client fetches ahead", "email.opened", map[string]any{"machine": true}, "halfway was fetched by a mail client, which says nothing about the learner"},
		{"a bounce: not the provider's words, which hold the address", "email.bounced", map[string]any{"bounce_type": "bounce", "reason": "550 ada@example.org unknown"}, "halfway bounced"},
		{"a full mailbox", "email.bounced", map[string]any{"bounce_type": "blocked"}, "halfway was refused for now by the learner's mail server"},
		{"leaving a topic", "email.unsubscribed", map[string]any{"topic": "offers"}, "the learner left the topic offers"},
		{"leaving", "email.unsubscribed", nil, "the learner unsubscribed from everything"},
		{"an event of the platform: ids only", "certificate.earned", map[string]any{"certificate_id": "c1", "course_id": "go", "course_title": "Go"}, "certificate c1, course go"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := happened(&engine.Event{Name: c.event, Learner: "ada", Time: time.Now(), Properties: c.properties}, "halfway")
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
