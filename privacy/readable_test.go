package privacy

import (
	"encoding/json"
	"testing"

	"homeroom/engine"
)

// A learner reads which lessons and courses belong together, however the standing keeps that. What cannot be read is shown as it is stored.
func TestReadableLinks(t *testing.T) {
	standing := engine.Standing{Version: 1, Links: engine.Links{{Key: "lesson_id=l1", Course: "go"}, {Key: "lesson_id=l2", Course: "go"}}}
	stored, err := json.Marshal(map[string]any{"standing": standing, "learner": "u_1"})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		string(stored):                                           `{"learner":"u_1","standing":{"links":[{"k":"lesson_id=l1","c":"go"},{"k":"lesson_id=l2","c":"go"}],"v":1}}`,
		`{"learner":"u_1","standing":{"v":1}}`:                   `{"learner":"u_1","standing":{"v":1}}`,
		`{"learner":"u_1","standing":{"v":1,"links":"damaged"}}`: `{"learner":"u_1","standing":{"v":1,"links":"damaged"}}`,
		`"damaged"`: `"damaged"`,
	} {
		if got := string(withReadableLinks(json.RawMessage(body))); got != want {
			t.Errorf("%s is shown as %s, want %s", body, got, want)
		}
	}
}
