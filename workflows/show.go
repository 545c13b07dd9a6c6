package workflows

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// maxSummary is how many bytes of a summary are kept; Temporal refuses more than 400.
const maxSummary = 200

// attributes are the search attributes of a learner.
type attributes struct {
	stage   string
	courses []string
	rules   []string
}

// attributesOf reads them as Temporal has them.
func attributesOf(ctx workflow.Context) attributes {
	var a attributes
	sa := workflow.GetTypedSearchAttributes(ctx)
	a.stage, _ = sa.GetKeyword(SearchStage)
	a.courses, _ = sa.GetKeywordList(SearchCourses)
	a.rules, _ = sa.GetKeywordList(SearchRules)
	return a
}

// show writes the search attributes that differ from what Temporal has: each write is billed.
func (l *learner) show(ctx workflow.Context, want attributes) error {
	var updates []temporal.SearchAttributeUpdate
	if want.stage != l.shown.stage {
		updates = append(updates, SearchStage.ValueSet(want.stage))
	}
	updates = append(updates, change(SearchCourses, l.shown.courses, want.courses)...)
	updates = append(updates, change(SearchRules, l.shown.rules, want.rules)...)
	if len(updates) == 0 {
		return nil
	}
	l.shown = want
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		return fmt.Errorf("updating the search attributes of learner %q: %w", l.Learner, err)
	}
	return nil
}

func change(key temporal.SearchAttributeKeyKeywordList, have, want []string) []temporal.SearchAttributeUpdate {
	switch {
	case slices.Equal(have, want):
		return nil
	case len(want) == 0:
		return []temporal.SearchAttributeUpdate{key.ValueUnset()}
	default:
		return []temporal.SearchAttributeUpdate{key.ValueSet(want)}
	}
}

// occasion says in words why Decide runs.
func (l *learner) occasion() string {
	var parts []string
	if l.woke {
		parts = append(parts, "woken: "+strings.TrimPrefix(l.Next, "next: "))
	}
	events := 0
	first := ""
	for _, in := range l.inputs {
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
		parts = append(parts, fmt.Sprintf("%s and %s", first, count(events-1, "more event")))
	}
	return strings.Join(parts, "; ")
}

// summary cuts a text to what Temporal takes as a summary.
func summary(text string) string {
	if len(text) <= maxSummary {
		return text
	}
	cut := maxSummary - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
