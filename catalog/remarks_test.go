package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

func TestPropertiesThatLookMisspelt(t *testing.T) {
	c := builtin(t)
	for _, tc := range []struct {
		name       string
		properties map[string]any
		want       []string
	}{
		{"case and separators", map[string]any{"assessment_id": "a", "scorePct": 40.0}, []string{"the property scorePct is none of assessment.graded, did you mean score_pct?"}},
		{"a letter", map[string]any{"assessment_id": "a", "cuorse_id": "c"}, []string{"the property cuorse_id is none of assessment.graded, did you mean course_id?"}},
		{"a line of its own", map[string]any{"assessment_id": "a", "sco\nre_pct": 40.0}, []string{"the property sco re_pct is none of assessment.graded, did you mean score_pct?"}},
		{"a property more", map[string]any{"assessment_id": "a", "teacher_mood": "good"}, nil},
		{"beside the right one", map[string]any{"assessment_id": "a", "score_pct": 40.0, "scorePct": 40.0}, nil},
		{"none", map[string]any{"assessment_id": "a", "score_pct": 40.0}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := c.PropertyRemarks(&engine.Event{Name: "assessment.graded", Properties: tc.properties})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
