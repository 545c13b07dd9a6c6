package engine

import (
	"slices"
	"time"
	"unicode/utf8"
)

// Collect is what a collect step gathers while the run waits at it.
type Collect struct {
	// Matches are the events that are gathered, each with the step's condition.
	Matches []Match
	// Max is how many events are kept as items, 1 to MaxCollected; later ones only count.
	Max int
}

// MaxCollected is how many items a collect step may keep at most, and DefaultCollected how many it keeps unless the rule says.
const (
	MaxCollected     = 50
	DefaultCollected = 20
)

const (
	// maxCollectedBytes is how many bytes of JSON the items of one collect step may take. Events that find no room count, but are no items.
	maxCollectedBytes = 8 << 10
	// maxItemText is how many characters of a text an item keeps.
	maxItemText = 200
	// maxItemValue is how many bytes of JSON another value of an item may take; a larger one is left out.
	maxItemValue = 512
)

// What expressions and messages read of what a collect step gathered, and of each item besides the event's properties.
const (
	EventCollected = "collected"
	CollectedCount = "count"
	CollectedItems = "items"
	ItemTime       = "time"
	ItemEvent      = "event"
)

// startCollect lets a run gather events from `at` on. What started the run is the first of them, unless the run has waited or has said something before.
func (s *stepper) startCollect(run *Run, rule *Rule, in *Instr, at time.Time) bool {
	atOnce := run.Due.Equal(run.Started) && run.Exposed.IsZero()
	run.setAwaited(nothingCollected(in, at))
	if trigger := run.Trigger; atOnce {
		s.collectEvent(run, rule, in, &trigger, run.Course, at)
	}
	until := at.Add(in.Dur)
	if in.Dur == 0 {
		until = nextClock(at.Add(time.Nanosecond), in.Clock, in.Days, s.learnerZone())
	}
	return s.waitUntil(run, until, at)
}

// offerToCollect gathers an event for a run that waits at a collect step, or whose message right behind it is put off. An event that is too old to start a run is not
// gathered.
func (s *stepper) offerToCollect(run *Run, rule *Rule, ev *Event, course string, at time.Time) {
	in := s.collectStepOf(run, rule)
	if in == nil {
		return
	}
	if age := s.env.Current.Settings.MaxEventAge; age > 0 && s.now.Sub(ev.Time) > age {
		return
	}
	if s.collectEvent(run, rule, in, ev, course, at) {
		s.collectedBy = append(s.collectedBy, run.ID)
	}
}

// collectStepOf returns the step that gathers events for a run at present, or nil. The message behind a collect may wait for the morning or for a cap; what comes
// meanwhile would otherwise be told by no message.
func (s *stepper) collectStepOf(run *Run, rule *Rule) *Instr {
	switch {
	case run.Ended || run.PC >= len(rule.Program):
		return nil
	case run.Waiting && rule.Program[run.PC].Op == OpCollect:
		return &rule.Program[run.PC]
	case run.PC == 0 || run.FirstDue.IsZero() || s.pendingOfRun(run.ID) >= 0 || rule.Program[run.PC].Op != OpSend || rule.Program[run.PC-1].Op != OpCollect:
		return nil
	}
	return &rule.Program[run.PC-1]
}

// collectEvent gathers an event and reports whether it did.
func (s *stepper) collectEvent(run *Run, rule *Rule, in *Instr, ev *Event, course string, at time.Time) bool {
	for i := range in.Collect.Matches {
		if s.matchesRun(&in.Collect.Matches[i], rule, run, ev, course, at) {
			s.addCollected(run, in, ev)
			return true
		}
	}
	return false
}

// addCollected counts an event, and keeps of it what is read of the items. The properties are made anew: copies of the state may share the old ones.
func (s *stepper) addCollected(run *Run, in *Instr, ev *Event) {
	i := slices.IndexFunc(run.Awaited, func(a AwaitedEvent) bool { return a.Name == in.As })
	if i < 0 { // the run was migrated here from another wait
		run.setAwaited(nothingCollected(in, ev.Time))
		i = len(run.Awaited) - 1
	}
	collected := run.Awaited[i]
	count, _ := collected.Event.Properties[CollectedCount].(float64)
	items, _ := collected.Event.Properties[CollectedItems].([]any)
	item := itemOf(in, ev)
	room := jsonBytes(items)+jsonBytes(item) <= maxCollectedBytes && s.runsBytes()+jsonBytes(item) <= maxRunsBytes
	if len(items) < in.Collect.Max && room {
		items = append(slices.Clip(items), item)
	}
	if items == nil {
		items = []any{}
	}
	collected.Event.Properties = map[string]any{CollectedCount: count + 1, CollectedItems: items}
	run.setAwaited(collected)
}

// itemOf returns what the steps after a collect read of an event.
func itemOf(in *Instr, ev *Event) map[string]any {
	item := map[string]any{}
	for _, name := range in.Reads {
		switch value := ev.Properties[name].(type) {
		case nil:
		case string:
			item[name] = cutText(value)
		default:
			if jsonBytes(value) <= maxItemValue {
				item[name] = value
			}
		}
	}
	for _, name := range in.Reads {
		switch name {
		case ItemTime:
			item[name] = ev.Time.UTC().Format(time.RFC3339)
		case ItemEvent:
			item[name] = ev.Name
		}
	}
	return item
}

// cutText returns a text that is no longer than an item may keep.
func cutText(text string) string {
	if utf8.RuneCountInString(text) <= maxItemText {
		return text
	}
	return string([]rune(text)[:maxItemText-1]) + "…"
}

// endCollect makes sure that a run which leaves a collect step has something to read, also if it was migrated there.
func (r *Run) endCollect(in *Instr) {
	if slices.ContainsFunc(r.Awaited, func(a AwaitedEvent) bool { return a.Name == in.As }) {
		return
	}
	r.setAwaited(nothingCollected(in, r.Due))
}

// nothingCollected is what a collect step has gathered before the first event.
func nothingCollected(in *Instr, at time.Time) AwaitedEvent {
	return AwaitedEvent{
		Name: in.As,
		Step: in.ID,
		Event: Event{
			Name: EventCollected,
			Time: at,
			Properties: map[string]any{
				CollectedCount: 0.0,
				CollectedItems: []any{},
			},
		},
	}
}
