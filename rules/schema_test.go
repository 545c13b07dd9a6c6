package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"

	"homeroom/rules"
)

// TestSchemasAcceptTheExamples holds every file of the example academy, and of the folders that compile, against the
// schema of its kind.
func TestSchemasAcceptTheExamples(t *testing.T) {
	folders := map[string]fs.FS{"academy": os.DirFS("../examples/academy")}
	good, err := filepath.Glob("testdata/good/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range good {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{}
		for _, f := range archive.Files {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
		folders[name] = fsys
	}
	schemas := schemas(t)
	for name, fsys := range folders {
		checked := 0
		err := fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
			kind := kindOf(file)
			if err != nil || entry.IsDir() || kind == "" {
				return err
			}
			src, err := fs.ReadFile(fsys, file)
			if err != nil {
				return err
			}
			for i, doc := range documents(t, src) {
				checked++
				if err := schemas[kind].validate(doc); err != nil {
					t.Errorf("%s: %s, document %d: %v", name, file, i+1, err)
				}
			}
			return nil
		})
		if err != nil || checked < 5 {
			t.Errorf("%s: checked %d files, %v", name, checked, err)
		}
	}
}

func kindOf(file string) string {
	switch dir, base := path.Split(file); {
	case file == "settings.yaml", file == "courses.yaml", file == "catalog.yaml":
		return strings.TrimSuffix(base, ".yaml")
	case dir == "rules/":
		return "rule"
	case dir == "tests/":
		return "test"
	}
	return ""
}

// TestSchemasRefuseMistakes: what an editor underlines.
func TestSchemasRefuseMistakes(t *testing.T) {
	schemas := schemas(t)
	const rule = "rule: x\nwhen: {event: user.signed_up}\ndo:\n  - send: hello\n"
	if err := schemas["rule"].validate(documents(t, []byte(rule))[0]); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, kind, src string }{
		{"an unknown key", "rule", rule + "unitl: []\n"},
		{"no steps", "rule", "rule: x\nwhen: {event: user.signed_up}\n"},
		{"event and silence", "rule", strings.Replace(rule, "signed_up", "signed_up, inactive: 7d", 1)},
		{"a number as a share", "rule", rule + "holdout: 10\n"},
		{"a goal without within", "rule", rule + "goal: {event: course.completed}\n"},
		{"one arm", "rule", rule + "  - split: a\n    arms: {a: {do: [{send: hello}]}}\n"},
		{"two steps in one", "rule", rule + "    wait: 2h\n"},
		{"an if that does nothing", "rule", rule + "  - if: 1 < 2\n"},
		{"a weekday in full", "rule", rule + "  - wait_until: \"09:00\"\n    days: [monday]\n"},
		{"an unknown setting", "settings", "quite_hours: {}\n"},
		{"a half back-off", "settings", "back_off: {for: 30d}\n"},
		{"another channel", "rule", rule + "    channel: pigeon\n"},
		{"a patience in words", "rule", rule + "    patience: soon\n"},
		{"an expiry without a moment", "rule", rule + "    expires: {}\n"},
		{"half a campaign", "settings", "utm: {source: a b}\n"},
		{"no campaign, in other words", "settings", "utm: none\n"},
		{"a color by name", "settings", "accent: green\n"},
		{"a site without https", "settings", "public_url: academy.example\n"},
		{"a link that is none", "settings", "links: {home: academy.example}\n"},
		{"a course without a block", "courses", "crs_go: Go\n"},
		{"an event of one word", "catalog", "events: {lesson: {}}\n"},
		{"an unknown type", "catalog", "events: {a.b: {properties: {x: bool}}}\n"},
		{"a property called time", "catalog", "events: {a.b: {properties: {time: string}}}\n"},
		{"an event for all", "catalog", "events: {a.b: {admin: true}}\n"},
		{"a message that is not sent has no text", "test", "test: x\nexpect: [{at: +0s, sent: a, text_contains: []  , x: y}]\n"},
		{"a test that expects nothing", "test", "test: x\n"},
		{"an expectation of two things", "test", "test: x\nexpect: [{at: +0s, sent: a, withheld: b}]\n"},
	}
	for _, c := range cases {
		if err := schemas[c.kind].validate(documents(t, []byte(c.src))[0]); err == nil {
			t.Errorf("%s: the schema accepts\n%s", c.name, c.src)
		}
	}
}

func TestSchemaOfSomethingElse(t *testing.T) {
	if _, err := rules.Schema("rules"); err == nil || !strings.Contains(err.Error(), "did you mean rule?") {
		t.Errorf("got %v", err)
	}
}

func documents(t *testing.T, src []byte) (docs []any) {
	t.Helper()
	for d := yaml.NewDecoder(bytes.NewReader(src)); ; {
		var doc any
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, plain)
	}
}

func schemas(t *testing.T) map[string]*schema {
	t.Helper()
	out := map[string]*schema{}
	for _, kind := range rules.SchemaKinds() {
		src, err := rules.Schema(kind)
		if err != nil {
			t.Fatal(err)
		}
		var root map[string]any
		if err := json.Unmarshal(src, &root); err != nil {
			t.Fatal(err)
		}
		out[kind] = &schema{root, root}
	}
	return out
}

// schema is a JSON Schema, with the keywords that ours use. An unknown keyword is an error, so that none is overlooked.
type schema struct{ node, root map[string]any }

func (s *schema) sub(node any) *schema { return &schema{node.(map[string]any), s.root} }

func (s *schema) validate(v any) error {
	for keyword, want := range s.node {
		if err := s.keyword(keyword, want, v); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) keyword(keyword string, want, v any) error {
	refuse := func() error { return fmt.Errorf("%s %v refuses %v", keyword, want, v) }
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	text, isText := v.(string)
	number, isNumber := v.(float64)
	ok := true
	switch keyword {
	case "$schema", "$defs", "title", "description", "default", "examples":
	case "$ref":
		name := strings.TrimPrefix(want.(string), "#/$defs/")
		return s.sub(s.root["$defs"].(map[string]any)[name]).validate(v)
	case "type":
		types, many := want.([]any)
		if !many {
			types = []any{want}
		}
		ok = slices.ContainsFunc(types, func(t any) bool { return hasType(t.(string), v) })
	case "const":
		ok = reflect.DeepEqual(want, v)
	case "enum":
		ok = slices.ContainsFunc(want.([]any), func(w any) bool { return reflect.DeepEqual(w, v) })
	case "pattern":
		ok = !isText || regexp.MustCompile(want.(string)).MatchString(text)
	case "maxLength":
		ok = !isText || float64(utf8.RuneCountInString(text)) <= want.(float64)
	case "minLength":
		ok = !isText || float64(utf8.RuneCountInString(text)) >= want.(float64)
	case "propertyNames":
		object, _ := v.(map[string]any)
		for name := range object {
			if err := s.sub(want).validate(name); err != nil {
				return fmt.Errorf("the key %s: %w", name, err)
			}
		}
	case "not":
		ok = s.sub(want).validate(v) != nil
	case "maxProperties":
		object, _ := v.(map[string]any)
		ok = float64(len(object)) <= want.(float64)
	case "minimum":
		ok = !isNumber || number >= want.(float64)
	case "maximum":
		ok = !isNumber || number <= want.(float64)
	case "exclusiveMinimum":
		ok = !isNumber || number > want.(float64)
	case "minItems":
		ok = !isList || float64(len(list)) >= want.(float64)
	case "maxItems":
		ok = !isList || float64(len(list)) <= want.(float64)
	case "uniqueItems":
		for i := range list {
			ok = ok && !slices.ContainsFunc(list[:i], func(o any) bool { return reflect.DeepEqual(o, list[i]) })
		}
	case "items":
		for _, item := range list {
			if err := s.sub(want).validate(item); err != nil {
				return err
			}
		}
	case "minProperties":
		ok = !isObject || float64(len(object)) >= want.(float64)
	case "required":
		for _, key := range want.([]any) {
			_, there := object[key.(string)]
			ok = ok && (!isObject || there)
		}
	case "properties":
		for key, sub := range want.(map[string]any) {
			if value, there := object[key]; there {
				if err := s.sub(sub).validate(value); err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
			}
		}
	case "additionalProperties":
		known, _ := s.node["properties"].(map[string]any)
		for key, value := range object {
			if _, listed := known[key]; listed {
				continue
			}
			if want == false {
				return fmt.Errorf("there is no key %q", key)
			}
			if err := s.sub(want).validate(value); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	case "anyOf", "oneOf":
		matches := 0
		problems := []error(nil)
		for _, sub := range want.([]any) {
			if err := s.sub(sub).validate(v); err != nil {
				problems = append(problems, err)
				continue
			}
			matches++
		}
		if matches == 0 || matches > 1 && keyword == "oneOf" {
			return fmt.Errorf("%s: %d match %v: %w", keyword, matches, v, errors.Join(problems...))
		}
	default:
		return fmt.Errorf("the schema uses %s, which this test does not know", keyword)
	}
	if !ok {
		return refuse()
	}
	return nil
}

func hasType(name string, v any) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	case []any:
		return name == "array"
	default:
		return name == "object"
	}
}
