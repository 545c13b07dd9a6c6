package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestCatalogFormats(t *testing.T) {
	tests := []struct {
		format string
		want   []string
		json   bool
	}{
		{"table", []string{
			"EVENT ", "\nEngage", "  assessment.graded ", "assessment_id*, score_pct, passed, grader_type",
			"  profile.updated                   medium       -\n", "low (admin)",
		}, false},
		{"json", []string{`"event": "lesson.completed"`, `"type": "number"`}, true},
		{"schema", []string{`"$schema": "https://json-schema.org/draft/2020-12/schema"`, `"$ref": "#/$defs/lesson.completed"`}, true},
		{"auto", []string{`"event": "lesson.completed"`}, true},
		{"", []string{`"event": "lesson.completed"`}, true},
	}
	for _, tt := range tests {
		t.Run(tt.format, func(t *testing.T) {
			var out bytes.Buffer
			if err := (&CatalogCmd{Format: tt.format}).Run(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%.2000s", want, out.String())
				}
			}
			if tt.json != json.Valid(out.Bytes()) {
				t.Errorf("valid JSON: %v, want %v", !tt.json, tt.json)
			}
		})
	}
	if err := (&CatalogCmd{Format: "xml"}).Run(t.Context(), &bytes.Buffer{}); err == nil {
		t.Error("xml was written")
	}
}
