package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/rules"
	"homeroom/simulate"
)

// knownBroadcast is the event of a broadcast, and the condition that a person gave it; nil: none.
type knownBroadcast struct {
	event engine.Event
	extra engine.Expr
}

// broadcastsForWhyNot returns the broadcasts of rules that are asked, the oldest first. unknown says that they are not known; empty: they are, or nobody asks for them.
func (i *Installation) broadcastsForWhyNot(ctx context.Context, academy *rules.Academy, opts WhyNotOptions) (list []knownBroadcast, unknown string) {
	asked := slices.ContainsFunc(academy.Ruleset.Rules, func(rule *engine.Rule) bool {
		return rule.When.Audience != nil && (opts.Rule == "" || opts.Rule == rule.Name)
	})
	if !asked {
		return nil, ""
	}
	found, err := i.Broadcasts(ctx, maxWhyNotBroadcasts)
	if err != nil {
		return nil, "Which broadcasts there were is not known: " + err.Error() + "."
	}
	for n := range found {
		b := &found[n]
		if b.Unknown || b.At.IsZero() {
			continue
		}
		known := knownBroadcast{event: engine.Event{
			ID:         b.ID,
			Name:       b.Event,
			Time:       b.At,
			Properties: b.Properties,
		}}
		if b.Audience != "" {
			extra, problems := rules.CompileAudience(academy, b.Event, b.Audience)
			if problems.Err() != nil { // by the rules that are asked it could not have been started
				continue
			}
			known.extra = extra
		}
		list = append(list, known)
	}
	slices.SortStableFunc(list, func(a, b knownBroadcast) int { return a.event.Time.Compare(b.event.Time) })
	return list, ""
}

// maxWhyNotBroadcasts is how many of the newest broadcasts are looked at.
const maxWhyNotBroadcasts = 50

// traceBroadcasts takes in the broadcasts that began before an instant and returns the others; zero: all.
func traceBroadcasts(tracer *simulate.Tracer, list []knownBroadcast, before time.Time) ([]knownBroadcast, error) {
	for len(list) > 0 && (before.IsZero() || list[0].event.Time.Before(before)) {
		if err := tracer.Broadcast(&list[0].event, list[0].extra); err != nil {
			return nil, err
		}
		list = list[1:]
	}
	return list, nil
}

// tellsByBroadcast reports whether the last broadcast of a rule says why a message did not go out: it did not concern the learner, and no run is under way.
func tellsByBroadcast(t *simulate.RuleTrace) bool {
	b := t.Broadcast
	return b != nil && (b.Left != "" || b.Later) && (t.Run == nil || !t.Run.Live)
}

// judgeByBroadcast judges a message of a rule whose last broadcast did not concern the learner.
func (w *whyNotWords) judgeByBroadcast(t *simulate.RuleTrace) MessageWhyNot {
	b := t.Broadcast
	answer := MessageWhyNot{
		Cause: CauseAudience,
		At:    truncatedUTC(b.At),
		Needs: "a broadcast whose audience the learner belongs to",
	}
	reason := leftOutReasons(string(b.Left))
	if b.Later {
		reason = "nothing was known of them yet"
	}
	answer.Says = "the rule reaches learners through an audience, and its last broadcast (" + b.ID + ") left this learner out: " + reason
	if b.Left == engine.LeftOutCondition || b.Left == engine.LeftOutError {
		switch cond := t.Rule.When.Audience.If; {
		case cond != nil && b.Extra != nil:
			answer.Says += ": " + cond.Source() + ", and " + b.Extra.Source()
		case cond != nil:
			answer.Says += ": " + cond.Source()
		case b.Extra != nil:
			answer.Says += ": " + b.Extra.Source()
		}
	}
	return answer
}

// judgeWithoutBroadcast judges a message of a rule with an audience that had no broadcast.
func (w *whyNotWords) judgeWithoutBroadcast(t *simulate.RuleTrace) MessageWhyNot {
	answer := MessageWhyNot{
		Cause: CauseNoTrigger,
		Says:  fmt.Sprintf("the rule reaches learners through an audience, and none of the newest %d broadcasts that Temporal keeps was of it", maxWhyNotBroadcasts),
		Needs: "an event " + t.Rule.When.Match.Event + ", and to belong to the rule's audience then",
	}
	if t.Rule.When.Broadcast {
		answer.Needs = "somebody who starts it (homeroom broadcast " + t.Rule.Name + "), and to belong to its audience then"
	}
	return answer
}
