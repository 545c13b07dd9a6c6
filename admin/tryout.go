package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/rules"
	"homeroom/simulate"
	"homeroom/store"
	"homeroom/subjects"
)

// TryOptions say on whom to try a folder's rules.
type TryOptions struct {
	Learner string
	Rule    string        // only decisions of this rule are listed; empty: all
	After   time.Duration // how long the virtual clock runs on after the learner's last event
	// AssumeReachable pretends that the learner has an address.
	AssumeReachable bool
}

// TryLine is one line of what would have happened.
type TryLine struct {
	At       time.Time   `json:"at"`
	Decision bool        `json:"decision"` // false: an event
	Kind     engine.Kind `json:"kind,omitempty"`
	What     string      `json:"what"` // an event's name, a message or a rule
	Text     string      `json:"text"` // a sentence
}

// Tryout is what a folder's rules would have done to one learner.
type Tryout struct {
	Learner string    `json:"learner"`
	Events  int       `json:"events"`
	Lines   []TryLine `json:"lines"` // by time; never nil
	Until   time.Time `json:"until"`
}

// maxTryEvents bounds how many events of one learner are tried.
const maxTryEvents = 20_000

// TryOnLearner runs a learner's recorded events through a folder's rules on a virtual clock. It writes nothing and sends nothing. A
// learner without events is an [*InputError].
func (i *Installation) TryOnLearner(ctx context.Context, f *Folder, o TryOptions) (Tryout, error) {
	academy, err := f.Compiled()
	if err != nil {
		return Tryout{}, inputError(err)
	}
	if err := i.recordLearner(ctx, store.ActionTryOnLearner, o.Learner, func() error { return nil }); err != nil {
		return Tryout{}, err
	}
	events, err := i.recordedOf(ctx, academy, o.Learner)
	if err != nil {
		return Tryout{}, err
	}
	if len(events) == 0 {
		return Tryout{}, inputError(fmt.Errorf("no event of the learner %s is kept; is the id spelled as the platform publishes it?", o.Learner))
	}
	return tryEvents(academy, events, o)
}

// recordedOf returns the stored events of a learner as a catalog reads them, by time. What cannot be read is left out.
func (i *Installation) recordedOf(ctx context.Context, academy *rules.Academy, learner string) ([]catalog.Decoded, error) {
	var events []catalog.Decoded
	err := i.newReader(time.Time{}, nil).Read(ctx, subjects.Stream, []string{subjects.Stored(learner)}, func(m store.Message) error {
		decoded := decodeAs(academy.Catalog, learner, m)
		if decoded == nil {
			return nil
		}
		if events = append(events, *decoded); len(events) > maxTryEvents {
			return inputError(fmt.Errorf("the learner %s has more than %s events; try the rules with `homeroom simulate`", learner, narrate.Thousands(maxTryEvents)))
		}
		return nil
	})
	slices.SortStableFunc(events, func(a, b catalog.Decoded) int { return a.Event.Time.Compare(b.Event.Time) })
	return events, err
}

// tryEvents plays events, which are sorted by time, on a virtual clock.
func tryEvents(academy *rules.Academy, events []catalog.Decoded, o TryOptions) (Tryout, error) {
	last := events[len(events)-1].Event.Time
	tryout := Tryout{Learner: o.Learner, Events: len(events), Lines: []TryLine{}, Until: last.Add(o.After)}
	for n := range events {
		tryout.Lines = append(tryout.Lines, TryLine{At: events[n].Event.Time, What: events[n].Event.Name})
	}
	host := simulate.NewHost(simulate.HostOptions{
		Learner:         o.Learner,
		Ruleset:         academy.Ruleset,
		AssumeReachable: o.AssumeReachable,
		Decided: func(d engine.Decision) {
			if o.Rule != "" && d.Rule != o.Rule {
				return
			}
			subject, _ := narrate.Summary(&d)
			tryout.Lines = append(tryout.Lines, TryLine{At: d.At, Decision: true, Kind: d.Kind, What: subject, Text: narrate.Decision(&d, narrate.Style{})})
		},
	})
	for n := range events {
		if events[n].Event.SetByRule() { // the rules set it here themselves
			continue
		}
		if err := host.Event(events[n], events[n].Event.Time); err != nil {
			return Tryout{}, err
		}
	}
	if err := host.Finish(tryout.Until); err != nil {
		return Tryout{}, err
	}
	slices.SortStableFunc(tryout.Lines, func(a, b TryLine) int { return a.At.Compare(b.At) })
	return tryout, nil
}
