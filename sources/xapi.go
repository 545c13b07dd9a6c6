package sources

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// errNotThere is what a function returns that finds nothing: a part of the body is not there. CEL's own words are what [plainError] knows it by.
func errNotThere() ref.Val { return types.NewErr("no such key: what the function looks for") }

// findActivity returns the id of an activity in the contextActivities of an xAPI statement: the first of a type, in grouping, parent and category, or else the
// first of grouping or of parent. In a statement of cmi5 the first of grouping is the publisher's id of the unit itself, and stands for nothing else.
func findActivity(activities, kind ref.Val) ref.Val {
	lists, _ := activities.Value().(map[string]any)
	want, _ := kind.Value().(string)
	for _, where := range []string{"grouping", "parent", "category"} {
		for _, one := range activitiesIn(lists[where]) {
			definition, _ := one["definition"].(map[string]any)
			named, _ := definition["type"].(string)
			if id, isText := one["id"].(string); isText && named[strings.LastIndexByte(named, '/')+1:] == want {
				return types.String(id)
			}
		}
	}
	if isCmi5(lists) {
		return errNotThere()
	}
	for _, where := range []string{"grouping", "parent"} {
		for _, one := range activitiesIn(lists[where]) {
			if id, isText := one["id"].(string); isText {
				return types.String(id)
			}
		}
	}
	return errNotThere()
}

// isCmi5 reports whether a statement is one of cmi5. https://github.com/AICC/CMI-5_Spec_Current, 9.6.2
func isCmi5(lists map[string]any) bool {
	for _, one := range activitiesIn(lists["category"]) {
		if one["id"] == "https://w3id.org/xapi/cmi5/context/categories/cmi5" {
			return true
		}
	}
	return false
}

// activitiesIn returns the activities of a list, or the only one, as xAPI 1.0.0 allows it.
func activitiesIn(value any) []map[string]any {
	switch value := value.(type) {
	case map[string]any:
		return []map[string]any{value}
	case []any:
		list := make([]map[string]any, 0, len(value))
		for _, one := range value {
			if activity, isObject := one.(map[string]any); isObject {
				list = append(list, activity)
			}
		}
		return list
	}
	return nil
}

// scorePercent returns an xAPI score as a percentage: of scaled, or of raw between min and max.
func scorePercent(v ref.Val) ref.Val {
	score, _ := v.Value().(map[string]any)
	if scaled, has := score["scaled"].(float64); has {
		return types.Double(scaled * 100)
	}
	raw, hasRaw := score["raw"].(float64)
	highest, hasMax := score["max"].(float64)
	lowest, _ := score["min"].(float64) // without one, 0
	if !hasRaw || !hasMax || highest <= lowest {
		return errNotThere()
	}
	return types.Double((raw - lowest) / (highest - lowest) * 100)
}
