package catalog_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchema(t *testing.T) {
	c := builtin(t)
	out, err := c.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Schema string           `json:"$schema"`
		Defs   map[string]any   `json:"$defs"`
		AllOf  []map[string]any `json:"allOf"`
	}
	if err := json.Unmarshal(out, &schema); err != nil {
		t.Fatal(err)
	}
	if schema.Schema != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("$schema = %s", schema.Schema)
	}
	if n := len(c.Events()); len(schema.Defs) != n || len(schema.AllOf) != n {
		t.Errorf("%d definitions and %d choices, want %d of each", len(schema.Defs), len(schema.AllOf), n)
	}
	want := `{
		"description": "A user tries a failed assessment again.", "type": "object", "required": ["assessment_id"],
		"properties": {
			"assessment_id": {"type": "string", "minLength": 1, "maxLength": 256},
			"course_id": {"type": ["string", "null"], "maxLength": 256},
			"attempt_number": {"type": ["integer", "null"]},
			"previous_score_pct": {"type": ["number", "null"]}
		}
	}`
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, schema.Defs["assessment.retried"]); diff != "" {
		t.Errorf("assessment.retried (-want +got):\n%s", diff)
	}
	// The same catalog gives the same bytes, so that the file can be kept in git.
	again, err := c.Schema()
	if err != nil || string(again) != string(out) {
		t.Errorf("the second schema differs from the first: %v", err)
	}
}
