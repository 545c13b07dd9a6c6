package engine

import (
	"cmp"
	"slices"
)

// AwaitedEvent is the event that a wait_for with `as` waited for, as the run keeps it: only the properties that are read afterwards.
type AwaitedEvent struct {
	Name  string `json:"name"`           // what `as` calls it
	Step  string `json:"step,omitempty"` // the id of the wait_for
	Event Event  `json:"event"`
}

// maxAwaitedBytes is how many bytes of JSON an awaited event's properties may have. The largest of them are left out, as if the event did not carry them.
const maxAwaitedBytes = 2 << 10

// keepAwaited remembers the event by which a run passes a wait_for, if the step gives it a name.
func (r *Run) keepAwaited(in *Instr, ev *Event) {
	if in.As != "" {
		r.setAwaited(awaitedBy(in, ev))
	}
}

// keepAhead remembers an event that answers a wait_for which the run has not reached yet.
func (r *Run) keepAhead(in *Instr, ev *Event) {
	if in.As != "" {
		r.AwaitedAhead = append(slices.Clip(r.AwaitedAhead), awaitedBy(in, ev))
	}
}

// takeAhead makes the event readable that answered a wait_for before the run reached it.
func (r *Run) takeAhead(step string) {
	i := slices.IndexFunc(r.AwaitedAhead, func(a AwaitedEvent) bool { return a.Step == step })
	if i < 0 {
		return
	}
	r.setAwaited(r.AwaitedAhead[i])
	r.AwaitedAhead = slices.Delete(slices.Clone(r.AwaitedAhead), i, i+1)
}

// setAwaited makes an event readable under its name, in place of an earlier one. The list is made anew: copies of the state may share the old one.
func (r *Run) setAwaited(a AwaitedEvent) {
	others := slices.DeleteFunc(slices.Clone(r.Awaited), func(other AwaitedEvent) bool { return other.Name == a.Name })
	r.Awaited = append(others, a)
}

// awaitedBy returns of an event what the steps after a wait_for read of it.
func awaitedBy(in *Instr, ev *Event) AwaitedEvent {
	kept := Event{ID: ev.ID, Name: ev.Name, Time: ev.Time}
	names := slices.DeleteFunc(slices.Clone(in.Reads), func(name string) bool { return ev.Properties[name] == nil })
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(jsonBytes(ev.Properties[a])-jsonBytes(ev.Properties[b]), cmp.Compare(a, b))
	})
	left := maxAwaitedBytes
	for _, name := range names {
		if left -= textBytes(name) + jsonBytes(ev.Properties[name]) + 2; left < 0 {
			break
		}
		if kept.Properties == nil {
			kept.Properties = map[string]any{}
		}
		kept.Properties[name] = ev.Properties[name]
	}
	return AwaitedEvent{Name: in.As, Step: in.ID, Event: kept}
}

// AwaitedEvent returns the event that a wait_for called by this name, or nil: it has not come.
func (v *Vars) AwaitedEvent(name string) *Event {
	for i := range v.Awaited {
		if v.Awaited[i].Name == name {
			return &v.Awaited[i].Event
		}
	}
	return nil
}

// awaitedBytes is about how many bytes of JSON awaited events take.
func awaitedBytes(lists ...[]AwaitedEvent) int {
	sum := 0
	for _, list := range lists {
		for i := range list {
			sum += jsonBytes(list[i].Event.Properties)
		}
	}
	return sum
}
