package narrate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// declaredConstants returns the values of a type's constants in package engine, read from its source, so that a new
// constant cannot be forgotten here.
func declaredConstants(t *testing.T, typeName string) []string {
	t.Helper()
	paths, err := filepath.Glob("../../engine/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	collect := func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) == 0 {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typeName {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, text)
		return true
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, collect)
	}
	if len(values) < 9 {
		t.Fatalf("found only %d constants of %s", len(values), typeName)
	}
	return values
}

func TestEveryReasonHasASentence(t *testing.T) {
	said := map[string]string{}
	for _, reason := range declaredConstants(t, "Reason") {
		sentence := Reason(engine.Reason(reason))
		if sentence == strings.ReplaceAll(reason, "_", " ") || !strings.Contains(sentence, " ") {
			t.Errorf("the reason %s has no sentence", reason)
		}
		if other := said[sentence]; other != "" {
			t.Errorf("%s and %s have the same sentence", reason, other)
		}
		said[sentence] = reason
	}
}

func TestEveryKindHasASentence(t *testing.T) {
	for _, kind := range declaredConstants(t, "Kind") {
		text := Decision(&engine.Decision{Kind: engine.Kind(kind), Reason: engine.ReasonCap, Message: "halfway", Detail: "x"}, Style{})
		if text == kind || !strings.Contains(text, " ") {
			t.Errorf("a decision of the kind %s has no sentence: %q", kind, text)
		}
	}
}

func TestASentenceWritesForeignTextInItsStyle(t *testing.T) {
	d := engine.Decision{
		Kind:    engine.KindDeferred,
		Reason:  engine.ReasonProvider,
		Message: "halfway",
		Detail:  "answered *503*",
		Until:   time.Date(2026, 3, 3, 7, 0, 0, 0, time.UTC),
	}
	style := Style{
		Message: func(name string) string { return "«" + name + "»" },
		Text:    func(text string) string { return strings.ReplaceAll(text, "*", "") },
		Time:    func(instant time.Time) string { return instant.Format("15:04") },
	}
	cases := []struct {
		name  string
		style Style
		want  string
	}{
		{"plain", Style{}, "halfway was put off until 2026-03-03T07:00:00Z: the mail provider did not take it (answered *503*)"},
		{"in a style", style, "«halfway» was put off until 07:00: the mail provider did not take it (answered 503)"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Decision(&d, c.style); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAReasonOfANewerVersionIsReadable(t *testing.T) {
	if got := Reason("not_yet_known"); got != "not yet known" {
		t.Errorf("got %q", got)
	}
}

func TestARunThatRiskBegan(t *testing.T) {
	d := engine.Decision{Kind: engine.KindStarted, Detail: "risk"}
	want := "a run began: the learner's risk was as great as the rule says, or the silence as long"
	if got := Decision(&d, Style{}); got != want {
		t.Errorf("Decision = %q, want %q", got, want)
	}
}

// TestASilenceThatIsPutOff: no message is named, because no run has begun.
func TestASilenceThatIsPutOff(t *testing.T) {
	d := engine.Decision{
		Kind:   engine.KindDeferred,
		Reason: engine.ReasonAgain,
		Until:  time.Date(2026, 3, 3, 7, 0, 0, 0, time.UTC),
		Detail: "after 21d",
	}
	want := "a run was put off until 2026-03-03T07:00:00Z: the rule has run for the same thing and does not start again yet (again: after 21d)"
	if got := Decision(&d, Style{}); got != want {
		t.Errorf("Decision = %q, want %q", got, want)
	}
}

// TestChannels: each channel has words of its own, and one that is not known keeps its name.
func TestChannels(t *testing.T) {
	seen := map[string]string{}
	for _, name := range engine.ChannelNames() {
		words := Channel(name)
		if other, taken := seen[words]; taken || words == name {
			t.Errorf("%s reads %q, as %s does", name, words, other)
		}
		seen[words] = name
	}
	if got := Channel("carrier-pigeon"); got != "carrier-pigeon" {
		t.Errorf("a channel of a newer version reads %q", got)
	}
}

// TestCount: a number of things is in the plural unless it is one.
func TestCount(t *testing.T) {
	for want, of := range map[string]struct {
		n    int
		noun string
	}{
		"1 body":         {1, "body"},
		"2 bodies":       {2, "body"},
		"0 days":         {0, "day"},
		"3 dead letters": {3, "dead letter"},
		"2 matches":      {2, "match"},
		"1,234 events":   {1234, "event"},
	} {
		if got := Count(of.n, of.noun); got != want {
			t.Errorf("%d of %q is %q, want %q", of.n, of.noun, got, want)
		}
	}
}
