package rules

import (
	"encoding/json"
	"slices"
	"testing"

	"homeroom/catalog"
)

// TestSchemaKnowsTheKeys: the schema and the decoder's tables list the same keys.
func TestSchemaKnowsTheKeys(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]struct {
				Properties map[string]any `json:"properties"`
			} `json:"properties"`
			OneOf []struct {
				Required   []string       `json:"required"`
				Properties map[string]any `json:"properties"`
			} `json:"oneOf"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(folderSchema, &schema); err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, schema, decoder []string) {
		t.Helper()
		slices.Sort(decoder)
		if !slices.Equal(schema, decoder) {
			t.Errorf("%s: the schema has %v, the decoder %v", what, schema, decoder)
		}
	}
	same("rule", sortedKeys(schema.Defs["rule"].Properties), keyNames(ruleKeys()))
	same("goal", sortedKeys(schema.Defs["rule"].Properties["goal"].Properties), keyNames(goalKeys()))
	same("until", sortedKeys(schema.Defs["match"].Properties), keyNames(untilKeys()))
	same("settings", sortedKeys(schema.Defs["settings"].Properties), keyNames(settingsKeys(cat)))
	same("activity", sortedKeys(schema.Defs["settings"].Properties["activity"].Properties), keyNames(activityKeys(cat)))
	steps := map[string][]string{}
	for _, s := range schema.Defs["step"].OneOf {
		steps[s.Required[0]] = sortedKeys(s.Properties)
	}
	for _, verb := range verbs {
		same(verb, steps[verb], keyNames(stepKeys(verb, 0)))
	}
	if len(steps) != len(verbs) {
		t.Errorf("the schema has steps %v", sortedKeys(steps))
	}
}
