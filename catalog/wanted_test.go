package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// someWanted wants a little of everything.
func someWanted() *Wanted {
	return ofMembers(map[string]*Wanted{
		"a": {},
		"b": {Scalar: true},
		"c": {All: true},
		"d": ofMembers(map[string]*Wanted{
			"a":    {Scalar: true},
			"deep": ofMembers(map[string]*Wanted{"a": {All: true}}),
			"":     {},
		}),
		"é\n": {Scalar: true},
	})
}

func ofMembers(members map[string]*Wanted) *Wanted { return &Wanted{Scalar: true, Members: members} }

// partOf returns what is wanted of a value that was read as a whole.
func partOf(value any, wanted *Wanted) any {
	switch {
	case wanted.All:
		return value
	case !wanted.Scalar:
		return nil
	}
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, member := range value {
			if w := wanted.Members[name]; w != nil {
				object[name] = partOf(member, w)
			}
		}
		return object
	case []any:
		list := []any{}
		for _, item := range value {
			list = append(list, partOf(item, wanted))
		}
		return list
	}
	return value
}

// partsAgree checks that reading the parts that are wanted is reading everything, and leaving the rest out.
func partsAgree(t *testing.T, body []byte, names *texts) {
	t.Helper()
	whole, isPlain := plainObject(body, MaxNesting, nil)
	got, ok := plainParts(body, MaxNesting, newPart("", someWanted()), names)
	if ok != isPlain {
		t.Fatalf("%q: plain %v, its parts %v", body, isPlain, ok)
	}
	if ok {
		if diff := cmp.Diff(partOf(whole, someWanted()), any(got)); diff != "" {
			t.Fatalf("%q (-whole +parts):\n%s", body, diff)
		}
	}
	names.takeBackObjects()
	for _, object := range names.objects {
		if len(object) > 0 {
			t.Fatalf("%q: %v stays", body, object)
		}
	}
}

var bodiesWithParts = []string{
	`{"a":[1,{"x":2}],"b":"text","c":{"x":[{"y":null}]},"d":{"a":1,"b":2,"deep":{"a":{"b":3},"b":4},"":5},"x":{"y":[1,{"z":"\u00e9"}]}}`,
	`{"b":{"a":1},"d":[{"a":1,"b":2},[{"a":3,"b":4}],"text",null,7],"a":"\ud83d","\u00e9\n":true,"a":false}`,
	`{"d":{"a":{"b":1}},"d":{"":1},"c":1,"c":2,"x":-0.5e-3,"y":[],"z":{}}`,
	`{"x":1e999}`, `{"x":[01]}`, `{"x":{"y":tru}}`, `{"x":"\x"}`, `{"x":1.}`, `{"x":-}`, `{"x":}`, `{"x":[1,]}`, `{"x":{"y":1,}}`, `{"x":.5}`, `{"x":"` + "\n" + `"}`,
	`{"x":[[[[[[[[1]]]]]]]]}`, `{"x":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}`, `{"b":[[[[[[[[1]]]]]]]]}`, `{"d":[[[[[[[[1]]]]]]]]}`,
}

func TestPartsAgree(t *testing.T) {
	names := newTexts()
	for _, body := range append(bodiesWithParts,
		`{"x":`+strings.Repeat("9", 308)+`}`, `{"x":`+strings.Repeat("9", 309)+`}`, `{"x":`+strings.Repeat("9", 400)+`.0}`,
		`{"d":{`+strings.Repeat(`"a":1,`, 100)+`"a":2}}`,
		`{"d":[`+strings.Repeat(`{"a":1},`, 2*maxSpareObjects)+`{"a":2}]}`,
	) {
		partsAgree(t, []byte(body), names)
	}
	if len(names.objects) != maxSpareObjects {
		t.Errorf("%d objects are kept", len(names.objects))
	}
}

// Of what is unique nothing is remembered, however deep it lies.
func TestUniqueTextsAreNotRemembered(t *testing.T) {
	const body = `{"verb":"kept verb","who":"lost who","list":["kept item",["kept inner"]],"all":{"a":"lost a","b":["lost b"]},
		"items":[{"kind":"kept kind","mail":"lost mail"},"kept text"],"persons":["lost person",{"x":"lost x"}],"last":{"kind":"kept last"},"other":"lost other"}`
	whole := &Wanted{All: true}
	names := newTexts()
	_, ok := plainParts([]byte(body), MaxNesting, newPart("", ofMembers(map[string]*Wanted{
		"verb":    {Scalar: true},
		"who":     {Scalar: true, Unique: true},
		"list":    whole,
		"all":     {All: true, Unique: true, Members: map[string]*Wanted{"a": {Scalar: true}}},
		"items":   ofMembers(map[string]*Wanted{"kind": {Scalar: true}, "mail": {Scalar: true, Unique: true}}),
		"persons": {All: true, Unique: true},
		"last":    whole,
	})), names)
	if !ok {
		t.Fatal("the body is not plain")
	}
	kept := map[string]bool{}
	for _, known := range names.known {
		if text, isText := known.(string); isText {
			kept[text] = true
		}
	}
	for _, text := range []string{"kept verb", "kept item", "kept inner", "kept kind", "kept text", "kept last"} {
		if !kept[text] {
			t.Errorf("%q is not remembered", text)
		}
	}
	for text := range kept {
		if strings.HasPrefix(text, "lost") {
			t.Errorf("%q is remembered", text)
		}
	}
}

func FuzzPlainParts(f *testing.F) {
	for _, body := range bodiesWithParts {
		f.Add([]byte(body))
	}
	names := newTexts()
	f.Fuzz(func(t *testing.T, body []byte) { partsAgree(t, body, names) })
}
