package sources

import (
	"errors"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
)

// Where an expression is evaluated without CEL, the value is that of CEL: all expressions of the shipped sources, and some more, for the bodies of all formats,
// whole and with parts of them missing, null or of another type.
func TestQuickIsCEL(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := Shipped(known)
	if err != nil {
		t.Fatal(err)
	}
	var all []*expression
	for _, source := range set.Sources() {
		all = append(all, expressionsOf(source)...)
	}
	written := len(all)
	for _, text := range []string{
		`body.?actor.name.orValue("x")`,
		`body.?type.orValue("x") == "track" ? [body.type, "b" + body.type] : [body.id]`,
		`!(body.type in ["track"]) || body.context.?page.orValue("") != "" ? last(body.type, "/") : body.event`,
		`body.?type == optional.of("track") ? "a" : "b"`,
		`body.actor.?objectType == optional.of("Agent") && has(body.verb.id) ? "a" : "b"`,
		`body.type.contains("r") && body.event.startsWith("") || has(body.context) ? body.context : body.type`,
		`type(body.object) == string ? without(body.object, "/") : has(body.object.id) ? body.object["id"] : "none"`,
		`has(body.actor.account) || body.type == "track" && body.id != null ? string(body.id) + "x" : "y"`,
		`"id" in body.object && !(body.object.id == 7.0) ? body.object.id : body["@context"][0]`,
		`double(body.metadata.user_id) / 2.0 * 3.0 - 1.0 + 0.5 >= 1 ? "much" : string(int(body.metadata.user_id))`,
		`body.context.user_id == 42 || 7.0 < body.context.user_id ? body.event : body.event_type`,
		`[body.actor == null ? "nobody" : "somebody", lower(body.type), matches(body.type, "x") || true ? "b" : "c"]`,
		`{"type": body.type, "whole": body.actor}.type`,
		`int(json(body.other).completionstate) in [1, 2] ? json(body.other).id : string(body.courseid)`,
		`body.object.?definition.?type.hasValue() ? last(body.object.definition.type, "/") : body.verb.id`,
	} {
		own, problems := Compile("s.yaml", []byte("sources:\n  own:\n    recognise: has(body.x)\n    taxonomy: true\n    event: '"+text+"'\n"), known)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		all = append(all, own.Source("own").event)
	}
	random := rand.New(rand.NewPCG(3, 4))
	answered := map[*expression]int{}
	named := 0
	for _, body := range fixtureBodies(t) {
		for range 5 {
			part, _ := damageValue(random, body).(map[string]any)
			for _, e := range all {
				if e == nil || e.quick == nil {
					continue
				}
				named += holdNames(t, e, part)
				quickValue, got := e.quick(part)
				if got == unclear {
					continue
				}
				answered[e]++
				value, err := got.result(quickValue)
				want, wantErr := e.evalByCEL(&input{body: part})
				if diff := cmp.Diff(want, value); diff != "" || err != wantErr {
					t.Fatalf("%s of %v: %v, CEL says %v (-CEL +quick)\n%s", e.text, part, err, wantErr, diff)
				}
			}
		}
	}
	for _, e := range all[written:] {
		if answered[e] < 40 {
			t.Errorf("%s was answered %d times without CEL", e.text, answered[e])
		}
	}
	if named < 1000 {
		t.Errorf("names were read %d times without CEL", named)
	}
}

// holdNames compares the names that an expression gives with those of CEL. It returns 1 if there were some, and 0 otherwise.
func holdNames(t *testing.T, e *expression, body map[string]any) int {
	t.Helper()
	if e.names == nil {
		return 0
	}
	names, got := e.names(body)
	if got == unclear {
		return 0
	}
	value, err := e.evalByCEL(&input{body: body})
	if got != known {
		if !errors.Is(err, errAbsent) {
			t.Fatalf("the names by %s of %v are not there, CEL says %v", e.text, body, err)
		}
		return 0
	}
	want, isList := value.([]any)
	if !isList {
		want = []any{value}
	}
	var list []any
	for _, name := range names {
		list = append(list, name)
	}
	if diff := cmp.Diff(want, list); diff != "" || err != nil {
		t.Fatalf("the names by %s of %v: CEL says %v (-CEL +quick)\n%s", e.text, body, err, diff)
	}
	return 1
}

// expressionsOf returns the expressions of a source that are held against a whole body.
func expressionsOf(s *Source) []*expression {
	list := []*expression{s.recognise, s.event, s.items, s.reshape}
	for _, m := range append(s.mappings(), &s.whole) {
		list = append(list, m.condition, m.learner, m.id, m.at, m.object, m.person)
		for _, f := range append(m.properties, m.traits...) {
			list = append(list, f.value)
		}
	}
	return list
}

// damageValue returns a copy of a value of which some parts are missing, null or of another type.
func damageValue(random *rand.Rand, value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			switch random.IntN(24) {
			case 0: // missing
			case 1:
				object[name] = nil
			case 2:
				object[name] = 7.0
			case 3:
				object[name] = []any{value[name], "track"}
			case 4:
				object[name] = map[string]any{"id": value[name]}
			case 5:
				object[name] = true
			default:
				object[name] = damageValue(random, value[name])
			}
		}
		return object
	case []any:
		var list []any
		for _, item := range value {
			list = append(list, damageValue(random, item))
		}
		return list
	}
	return value
}

// isoForm is the form of the durations that are read, with 0 years and months at most.
var isoForm = regexp.MustCompile(`^P(?:(0+(?:\.0+)?)Y)?(?:(0+(?:\.0+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

func FuzzISODuration(f *testing.F) {
	for _, text := range []string{"PT1H4M", "P1W2DT3H4.5M6S", "P1.5D", "P", "PT", "P1DT", "PT1M1H", "P1H", "PT1D", "P1", "P.5D", "P1.D", "P1WT", "PTT1S", "P1D1D", "-P1D", "P1Y", "P0Y0M0DT0H5M30S", "P0M", "P0.0YT1S", "P0DT0M0Y", "P1M"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := secondsOfISO(text)
		parts := isoForm.FindStringSubmatch(text)
		if isOne := parts != nil && len(text) <= maxDuration && strings.ContainsAny(text, "0123456789"); isOne != ok {
			t.Fatalf("%q is a duration: %v, want %v", text, ok, isOne)
		}
		want := 0.0
		for i := range isoUnitSeconds {
			if ok && parts[i+1] != "" {
				n, err := strconv.ParseFloat(parts[i+1], 64)
				if err != nil {
					t.Fatal(err)
				}
				want += n * isoUnitSeconds[i]
			}
		}
		if got != want && ok {
			t.Fatalf("%q has %v seconds, want %v", text, got, want)
		}
	})
}
