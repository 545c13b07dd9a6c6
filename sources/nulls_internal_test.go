package sources

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWithoutNulls: members that are null go at any depth, items of lists keep their places, and the body stays as it was.
func TestWithoutNulls(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"none", `{"a":{"b":[1,"x",{"c":false}]}}`, `{"a":{"b":[1,"x",{"c":false}]}}`},
		{"at the top", `{"a":null,"b":0,"c":""}`, `{"b":0,"c":""}`},
		{"below", `{"a":{"b":null,"c":{"d":null}},"e":1}`, `{"a":{"c":{}},"e":1}`},
		{"in a list", `{"a":[null,{"b":null,"c":2},[{"d":null}]]}`, `{"a":[null,{"c":2},[{}]]}`},
		{"nothing", `{}`, `{}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := objectOf(t, tc.body)
			if diff := cmp.Diff(objectOf(t, tc.want), withoutNulls(body)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(objectOf(t, tc.body), body); diff != "" {
				t.Errorf("the body was changed (-before +after):\n%s", diff)
			}
		})
	}
}

func objectOf(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}
