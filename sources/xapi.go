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

// activityID returns the id of an activity in the contextActivities of an xAPI statement: the first of a type, in grouping, parent and category. A course that no
// type names is the first activity of grouping or of parent whose type does not say that it is something else. In a statement of cmi5 the first of grouping is
// the publisher's id of the unit itself, and in one of H5P the parent is the content that has the part: neither is a course.
func activityID(lists map[string]any, kind string) (id string, found bool) {
	for _, where := range []string{"grouping", "parent", "category"} {
		for one := range activitiesIn(lists[where]) {
			if id, isText := one["id"].(string); isText && typeOf(one) == kind {
				return id, true
			}
		}
	}
	if kind != "course" || isCmi5(lists) {
		return "", false
	}
	for _, where := range []string{"grouping", "parent"} {
		for one := range activitiesIn(lists[where]) {
			if id, isText := one["id"].(string); isText && mayBeCourse(one) && !(where == "parent" && isH5P(lists)) {
				return id, true
			}
		}
	}
	return "", false
}

// typeOf returns the last part of the IRI of an activity's type; without one, "".
func typeOf(activity map[string]any) string {
	definition, _ := activity["definition"].(map[string]any)
	named, _ := definition["type"].(string)
	return named[strings.LastIndexByte(named, '/')+1:]
}

// mayBeCourse reports whether the type of an activity leaves open that it is a course. The types are those of https://registry.tincanapi.com that hold
// something, or are in something, and of cmi5; of a type that an academy has made up nothing is known.
func mayBeCourse(activity map[string]any) bool {
	switch typeOf(activity) {
	case "assessment", "assignment", "attempt", "block", "book", "category", "chapter", "cmi.interaction", "discussion", "file", "forum", "forum-topic", "group", "interaction",
		"lesson", "link", "lms", "media", "meeting", "module", "objective", "page", "question", "quiz", "recipe", "resource", "section", "simulation", "site",
		"source", "system", "team", "video":
		return false
	}
	return true
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

// isH5P reports whether a statement is one of H5P, which names the library of the content as a category. https://h5p.org/documentation/x-api
func isH5P(lists map[string]any) bool {
	for one := range activitiesIn(lists["category"]) {
		if id, isText := one["id"].(string); isText && strings.HasPrefix(id, "http://h5p.org/libraries/") {
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

// percentOf returns an xAPI score as a percentage: of scaled, or of raw between min and max. Of a scaled score that is not within -1 and 1, as xAPI has it, nothing
// is known: some programs write 40 for 40 %.
func percentOf(score map[string]any) (percent float64, found bool) {
	if scaled, has := score["scaled"].(float64); has && scaled >= -1 && scaled <= 1 {
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
