package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"homeroom/rules"
	"homeroom/rules/ruletest"
	"homeroom/store"
)

// TestOfLearner asks for a rule test that shows what a rule decides about a learner's recorded events.
type TestOfLearner struct {
	Learner string
	Rule    string
	Name    string // of the test; empty: it names the day of the first event
}

// SaveAsTest adds a rule test to a draft that shows what its rule decides about a learner's recorded events, and returns the draft and the file. Only
// the events that matter are kept, without the learner's id, address and name. The learner's look-up is recorded.
func (i *Installation) SaveAsTest(ctx context.Context, d Draft, o TestOfLearner, by string) (saved Draft, file string, err error) {
	folder := d.Folder()
	academy, err := folder.Compiled()
	if err != nil {
		return Draft{}, "", inputError(err)
	}
	if academy.Ruleset.Rule(o.Rule) == nil {
		return Draft{}, "", inputError(fmt.Errorf("there is no rule %s", o.Rule))
	}
	if err := i.recordLearner(ctx, store.ActionTryOnLearner, o.Learner, func() error { return nil }); err != nil {
		return Draft{}, "", err
	}
	events, err := i.recordedOf(ctx, academy, o.Learner)
	if err != nil {
		return Draft{}, "", err
	}
	if o.Name = strings.TrimSpace(o.Name); o.Name == "" && len(events) > 0 {
		o.Name = "what happened to a learner from " + events[0].Event.Time.UTC().Format("2 January 2006") + " on"
	}
	text, err := ruletest.WriteTest(ruletest.Recording{
		Name:    o.Name,
		Rule:    o.Rule,
		Learner: o.Learner,
		Events:  events,
		Needs:   newNeeds(academy),
	}, ruletest.Folder{Ruleset: academy.Ruleset, Catalog: academy.Catalog, Render: renderForTest(academy)})
	if errors.Is(err, ruletest.ErrNothingToShow) {
		err = fmt.Errorf("%s decides nothing about what the learner did: there is nothing to save", o.Rule)
	}
	if err != nil {
		return Draft{}, "", inputError(err)
	}
	file = "tests/" + o.Rule + ".yaml"
	if before := bytes.TrimRight(d.Files[file], "\n"); len(before) > 0 {
		text = slices.Concat(before, []byte("\n---\n"), text)
	}
	saved, err = i.SaveDraft(ctx, d, FileEdit{Path: file, Content: text}, by)
	return saved, file, err
}

// newNeeds returns a function that reports whether a test needs a property of an event, or a trait if the event is empty: because the event is refused
// without it, because it tells runs apart, or because a file of rules names it.
func newNeeds(academy *rules.Academy) func(event, property string) bool {
	named := map[string]bool{}
	return func(event, property string) bool {
		if e, known := academy.Catalog.Event(event); known {
			if p, has := e.Property(property); has && p.Required || slices.Contains(e.Keys, property) {
				return true
			}
		}
		if _, asked := named[property]; !asked {
			named[property] = false
			for file, text := range academy.Files {
				if strings.HasPrefix(file, "rules/") && bytes.Contains(text, []byte(property)) {
					named[property] = true
				}
			}
			if event == "" && (property == "timezone" || property == "locale") {
				named[property] = true
			}
		}
		return named[property]
	}
}
