package sources_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"homeroom/catalog"
	"homeroom/sources"
)

// writeTwice writes a JSON value with the member at a path written twice, first with another value.
func writeTwice(out *bytes.Buffer, value any, path []any, first string) {
	switch value := value.(type) {
	case map[string]any:
		out.WriteByte('{')
		for n, name := range slices.Sorted(maps.Keys(value)) {
			if n > 0 {
				out.WriteByte(',')
			}
			var rest []any
			if len(path) > 0 && path[0] == name {
				rest = path[1:]
				if len(rest) == 0 {
					fmt.Fprintf(out, "%q:%s,", name, first)
				}
			}
			fmt.Fprintf(out, "%q:", name)
			writeTwice(out, value[name], rest, first)
		}
		out.WriteByte('}')
	case []any:
		out.WriteByte('[')
		for n, item := range value {
			if n > 0 {
				out.WriteByte(',')
			}
			var rest []any
			if len(path) > 0 && path[0] == n {
				rest = path[1:]
			}
			writeTwice(out, item, rest, first)
		}
		out.WriteByte(']')
	default:
		text, _ := json.Marshal(value)
		out.Write(text)
	}
}

// tryRaw returns what a body becomes, without its id if that is a hash of the body.
func tryRaw(reading *catalog.Catalog, set *sources.Set, raw []byte) []sources.Tried {
	tried := sources.Try(reading, set, raw, noon).Bodies
	for n := range tried {
		if strings.HasPrefix(tried[n].ID, tried[n].Source+"-") {
			tried[n].ID = "a hash"
		}
	}
	return tried
}

// TestOfMembersWrittenTwiceTheLastCounts: in every fixture each member is written twice.
func TestOfMembersWrittenTwiceTheLastCounts(t *testing.T) {
	reading, set := openShipped(t)
	for _, name := range sources.ShippedNames() {
		for line := range bytes.Lines(readFixture(t, name)) {
			var body any
			if err := json.Unmarshal(line, &body); err != nil {
				t.Fatal(err)
			}
			want := textOf(tryRaw(reading, set, line))
			for n, path := range memberPaths(body, nil) {
				var twice bytes.Buffer
				writeTwice(&twice, body, path, []string{`"other"`, `{"id":"other"}`, `[["other"]]`, `null`}[n%4])
				if got := textOf(tryRaw(reading, set, twice.Bytes())); got != want {
					t.Errorf("%s twice in %s becomes\n%s, and once\n%s", nameOfMember(path), line, got, want)
				}
			}
		}
	}
}

// hostileValues are no id and no time of anybody.
var hostileValues = []any{[]any{}, map[string]any{}, true, -0.5, 9007199254740993.0, 1e300, []any{[]any{map[string]any{"id": "other"}}}, "\x00"}

// otherLearner are members that say whose event it is by what they are, by source, and how.
var otherLearner = map[string]map[string]string{
	"caliper": {"object": "a text is an IRI, which names no assignee: the actor is the learner"},
	"canvas":  {"metadata root_account_id": "the institution is a part of a learner's id"},
}

// TestHostileMembers: of every fixture each member is made something else than any publisher writes. The body is refused or ignored, or it is still the same learner's event of the same
// time. Of each member a third of the values is tried, in turn from line to line.
func TestHostileMembers(t *testing.T) {
	reading, set := openShipped(t)
	for _, name := range sources.ShippedNames() {
		t.Run(name, func(t *testing.T) {
			wrong := map[string]string{}
			for lineNumber, line := range bytes.Split(bytes.TrimSpace(readFixture(t, name)), []byte("\n")) {
				var body any
				if err := json.Unmarshal(line, &body); err != nil {
					t.Fatal(err)
				}
				whole := tryRaw(reading, set, line)
				if len(whole) != 1 || whole[0].Outcome != sources.Read {
					continue
				}
				for memberNumber, path := range memberPaths(body, nil) {
					for n, value := range hostileValues {
						if (lineNumber+memberNumber+n)%3 != 0 || otherLearner[name][nameOfMember(path)] != "" {
							continue
						}
						raw, err := json.Marshal(withChange(body, path, setMember(value)))
						if err != nil {
							t.Fatal(err)
						}
						for _, got := range tryRaw(reading, set, raw) {
							if got.Outcome == sources.Read && (got.Learner != whole[0].Learner || !got.Time.Equal(whole[0].Time)) {
								wrong[nameOfMember(path)] = fmt.Sprintf("%#v in %s: the learner %q at %v, in %s", value, nameOfMember(path), got.Learner, got.Time, line)
							}
						}
					}
				}
			}
			for _, member := range slices.Sorted(maps.Keys(wrong)) {
				t.Error(wrong[member])
			}
		})
	}
}
