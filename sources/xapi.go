package sources

import (
	"iter"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// errNotThere is what a function returns that finds nothing: a part of the body is not there. CEL's own words are what [plainError] knows it by.
func errNotThere() ref.Val { return types.NewErr("no such key: what the function looks for") }

// findActivity is activity(x, type).
func findActivity(activities, kind ref.Val) ref.Val {
	lists, _ := activities.Value().(map[string]any)
	want, _ := kind.Value().(string)
	id, found := activityID(lists, want)
	if !found {
		return errNotThere()
	}
	return types.String(id)
}

// activityID returns the id of an activity in the contextActivities of an xAPI statement: the first of a type, in grouping, parent and category, or else the
// first of grouping or of parent. In a statement of cmi5 the first of grouping is the publisher's id of the unit itself, and stands for nothing else.
func activityID(lists map[string]any, kind string) (id string, found bool) {
	for _, where := range []string{"grouping", "parent", "category"} {
		for one := range activitiesIn(lists[where]) {
			definition, _ := one["definition"].(map[string]any)
			named, _ := definition["type"].(string)
			if id, isText := one["id"].(string); isText && named[strings.LastIndexByte(named, '/')+1:] == kind {
				return id, true
			}
		}
	}
	if isCmi5(lists) {
		return "", false
	}
	for _, where := range []string{"grouping", "parent"} {
		for one := range activitiesIn(lists[where]) {
			if id, isText := one["id"].(string); isText {
				return id, true
			}
		}
	}
	return "", false
}

// isCmi5 reports whether a statement is one of cmi5. https://github.com/AICC/CMI-5_Spec_Current, 9.6.2
func isCmi5(lists map[string]any) bool {
	for one := range activitiesIn(lists["category"]) {
		if one["id"] == "https://w3id.org/xapi/cmi5/context/categories/cmi5" {
			return true
		}
	}
	return false
}

// activitiesIn returns the activities of a list, or the only one, as xAPI 1.0.0 allows it.
func activitiesIn(value any) iter.Seq[map[string]any] {
	return func(yield func(map[string]any) bool) {
		if only, isObject := value.(map[string]any); isObject {
			yield(only)
			return
		}
		list, _ := value.([]any)
		for _, one := range list {
			if activity, isObject := one.(map[string]any); isObject && !yield(activity) {
				return
			}
		}
	}
}

// scorePercent is score_pct(x).
func scorePercent(v ref.Val) ref.Val {
	score, _ := v.Value().(map[string]any)
	percent, found := percentOf(score)
	if !found {
		return errNotThere()
	}
	return types.Double(percent)
}

// percentOf returns an xAPI score as a percentage: of scaled, or of raw between min and max.
func percentOf(score map[string]any) (percent float64, found bool) {
	if scaled, has := score["scaled"].(float64); has {
		return scaled * 100, true
	}
	raw, hasRaw := score["raw"].(float64)
	highest, hasMax := score["max"].(float64)
	lowest, _ := score["min"].(float64) // without one, 0
	if !hasRaw || !hasMax || highest <= lowest {
		return 0, false
	}
	return (raw - lowest) / (highest - lowest) * 100, true
}

// quickActivity is activity(x, type).
func quickActivity(activities, kind any) (any, outcome) {
	lists, _ := activities.(map[string]any)
	want, isText := kind.(string)
	if !isText {
		return nil, unclear
	}
	id, found := activityID(lists, want)
	if !found {
		return nil, missing
	}
	return id, known
}

// quickPercent is score_pct(x).
func quickPercent(value any) (any, outcome) {
	score, _ := value.(map[string]any)
	percent, found := percentOf(score)
	if !found {
		return nil, missing
	}
	return percent, outcomeOf(percent)
}
