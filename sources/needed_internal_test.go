package sources

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"homeroom/catalog"
)

// A condition holds for no body that lacks the names which it is said to need: those of the shipped sources, and some that are written otherwise, are evaluated
// for the fixtures of all formats, with all and with some of their members.
func TestNeededKeys(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := Shipped(known)
	if err != nil {
		t.Fatal(err)
	}
	conditions := map[string]*expression{}
	for _, source := range set.Sources() {
		conditions[source.Name] = source.recognise
	}
	for _, text := range []string{
		`!has(body.actor) && body.?type.orValue("") == "track"`,
		`body["@context"] == "x" || !(body.type == "track")`,
		`has(body.event) ? body.type == "track" : has(body.name) || true`,
		`body.?verb.hasValue() || [body.?name] == [body.?event]`,
		`"type" in body && body.type.startsWith("t")`,
		`size(body) > 2 && string(body.id).size() > 0`,
		`body.type == "track" ? false : !has(body.verb)`,
	} {
		own, problems := Compile("s.yaml", []byte("sources:\n  own:\n    recognise: '"+text+"'\n    event: body.type\n    taxonomy: true\n"), known)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		conditions[text] = own.Source("own").recognise
	}
	random := rand.New(rand.NewPCG(1, 2))
	held := map[string]int{}
	spared := map[string]int{}
	for _, body := range fixtureBodies(t) {
		for range 40 {
			part := maps.Clone(body)
			for _, name := range slices.Sorted(maps.Keys(part)) {
				if random.IntN(5) == 0 {
					delete(part, name)
				}
			}
			for what, condition := range conditions {
				holds, err := condition.isTrue(&input{body: part})
				fits := condition.keys.fits(part)
				if holds && err == nil {
					held[what]++
					if !fits {
						t.Fatalf("%s holds for %v, and is said to need %v", what, part, condition.keys)
					}
				}
				if !fits {
					spared[what]++
				}
			}
		}
	}
	for what := range conditions {
		if held[what] == 0 {
			t.Errorf("%s holds for no body", what)
		}
	}
	for _, source := range set.Sources() {
		if spared[source.Name] < 1000 {
			t.Errorf("the condition of %s is evaluated for all but %d bodies", source.Name, spared[source.Name])
		}
	}
}

// fixtureBodies returns the bodies of all fixtures.
func fixtureBodies(tb testing.TB) []map[string]any {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.ndjson")
	if err != nil {
		tb.Fatal(err)
	}
	var bodies []map[string]any
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var body map[string]any
			if json.Unmarshal(line, &body) == nil && body != nil {
				bodies = append(bodies, body)
			}
		}
	}
	return bodies
}
