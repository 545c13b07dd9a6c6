package workflows

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"homeroom/engine"
)

// maxSummary is how many bytes of a summary are kept; Temporal refuses more than 400.
const maxSummary = 200

// attributes are the search attributes of a learner.
type attributes struct {
	stage   string
	courses []string
	rules   []string
}

// readAttributes returns the search attributes that Temporal has now.
func readAttributes(ctx workflow.Context) attributes {
	var a attributes
	sa := workflow.GetTypedSearchAttributes(ctx)
	a.stage, _ = sa.GetKeyword(SearchStage)
	a.courses, _ = sa.GetKeywordList(SearchCourses)
	a.rules, _ = sa.GetKeywordList(SearchRules)
	return a
}

// upsertAttributes writes the search attributes that differ from those that Temporal has. Each write is billed.
func (l *learner) upsertAttributes(ctx workflow.Context, want attributes) error {
	var updates []temporal.SearchAttributeUpdate
	if want.stage != l.shownAttributes.stage {
		updates = append(updates, SearchStage.ValueSet(want.stage))
	}
	updates = append(updates, keywordListUpdate(SearchCourses, l.shownAttributes.courses, want.courses)...)
	updates = append(updates, keywordListUpdate(SearchRules, l.shownAttributes.rules, want.rules)...)
	if len(updates) == 0 {
		return nil
	}
	l.shownAttributes = want
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		return fmt.Errorf("updating the search attributes of learner %q: %w", l.Learner, err)
	}
	return nil
}

// keywordListUpdate returns the update that turns have into want; none if they are equal.
func keywordListUpdate(key temporal.SearchAttributeKeyKeywordList, have, want []string) []temporal.SearchAttributeUpdate {
	switch {
	case slices.Equal(have, want):
		return nil
	case len(want) == 0:
		return []temporal.SearchAttributeUpdate{key.ValueUnset()}
	default:
		return []temporal.SearchAttributeUpdate{key.ValueSet(want)}
	}
}

// describeOccasion returns in words why Decide runs on these inputs, for the Temporal UI.
func (l *learner) describeOccasion(inputs []engine.Input) string {
	var parts []string
	if l.woken {
		parts = append(parts, "woken: "+strings.TrimPrefix(l.Next, "next: "))
	}
	events := 0
	first := ""
	for _, in := range inputs {
		switch {
		case in.Event != nil:
			if events++; events == 1 {
				first = in.Event.Name
			}
		case in.Outcome != nil:
			parts = append(parts, "delivery "+string(in.Outcome.Status))
		case in.Publication != nil:
			parts = append(parts, "other rules are in force")
		}
	}
	switch {
	case events == 1:
		parts = append(parts, first)
	case events > 1:
		parts = append(parts, fmt.Sprintf("%s and %s", first, countNoun(events-1, "more event")))
	}
	return strings.Join(parts, "; ")
}

// shortenSummary cuts a text to maxSummary bytes.
func shortenSummary(text string) string {
	if len(text) <= maxSummary {
		return text
	}
	cut := maxSummary - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

func countNoun(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
