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

// withChange returns a JSON value with the member at a path changed, and the rest shared.
func withChange(value any, path []any, change func(object map[string]any, name string)) any {
	switch at := path[0].(type) {
	case string:
		object := maps.Clone(value.(map[string]any))
		if len(path) == 1 {
			change(object, at)
		} else {
			object[at] = withChange(object[at], path[1:], change)
		}
		return object
	default:
		list := slices.Clone(value.([]any))
		list[at.(int)] = withChange(list[at.(int)], path[1:], change)
		return list
	}
}

// removeMember takes a member out of an object.
func removeMember(object map[string]any, name string) { delete(object, name) }

// setMember returns a change that gives a member another value.
func setMember(value any) func(object map[string]any, name string) {
	return func(object map[string]any, name string) { object[name] = value }
}

// memberPaths returns the paths of all members of the objects in a value that are not null.
func memberPaths(value any, at []any) [][]any {
	var paths [][]any
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			path := append(slices.Clone(at), name)
			if value[name] != nil {
				paths = append(paths, path)
			}
			paths = append(paths, memberPaths(value[name], path)...)
		}
	case []any:
		for n, item := range value {
			paths = append(paths, memberPaths(item, append(slices.Clone(at), n))...)
		}
	}
	return paths
}

// notAbsent are members of which null says something else than that they are not there, by source, and what it says.
var notAbsent = map[string]map[string]string{
	"canvas": {
		"body submitted_at": "the student has not handed in",
		"body user_id":      "it concerns nobody, and in particular not whoever did it",
	},
	"segment": {
		"traits email":      "null forgets the address",
		"traits firstName":  "null forgets the trait",
		"traits first_name": "null forgets the trait",
		"traits plan":       "null forgets the trait",
	},
	"teachable": {
		"hook_event_id": "the id is a hash of the body, as it was for earlier versions",
	},
}

// TestNullIsAbsent: of every fixture each member is made null, and what becomes of it is what becomes of the body without the member, unless that is refused.
func TestNullIsAbsent(t *testing.T) {
	reading, set := openShipped(t)
	for _, name := range sources.ShippedNames() {
		t.Run(name, func(t *testing.T) {
			file := readFixture(t, name)
			wrong := map[string]string{}
			used := map[string]bool{}
			for n, line := range bytes.Split(bytes.TrimSpace(file), []byte("\n")) {
				var body any
				if err := json.Unmarshal(line, &body); err != nil {
					t.Fatal(err)
				}
				for _, path := range memberPaths(body, nil) {
					null := tryChanged(t, reading, set, withChange(body, path, setMember(nil)))
					absent := tryChanged(t, reading, set, withChange(body, path, removeMember))
					if strings.Contains(absent, `"outcome":"refused"`) || null == absent {
						continue
					}
					member := nameOfMember(path)
					used[member] = true
					if notAbsent[name][member] == "" && wrong[member] == "" {
						wrong[member] = fmt.Sprintf("%s of line %d\nif it is null:      %s\nif it is not there: %s", member, n+1, null, absent)
					}
				}
			}
			for _, member := range slices.Sorted(maps.Keys(wrong)) {
				t.Error(wrong[member])
			}
			for member := range notAbsent[name] {
				if !used[member] {
					t.Errorf("null in %s says no more than that it is not there", member)
				}
			}
		})
	}
}

// tryChanged returns what a changed body becomes, without its id if that is a hash of the body.
func tryChanged(t *testing.T, reading *catalog.Catalog, set *sources.Set, body any) string {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	tried := sources.Try(reading, set, raw, noon).Bodies
	for n := range tried {
		if strings.HasPrefix(tried[n].ID, tried[n].Source+"-") {
			tried[n].ID = "a hash"
		}
		tried[n].Message = ""
		tried[n].Hint = ""
	}
	out, err := json.Marshal(tried)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// nameOfMember returns the names of a path.
func nameOfMember(path []any) string {
	var names []string
	for _, part := range path {
		if name, isName := part.(string); isName {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}
