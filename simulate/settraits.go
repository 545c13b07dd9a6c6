package simulate

import (
	"time"

	"homeroom/engine"
	"homeroom/profile"
)

// hearEvent takes an event into the profile and the standing, as triggers do, and reports whether a rule wants it.
func (h *Host) hearEvent(ev *engine.Event, traits map[string]any, arrival time.Time) (wanted bool) {
	ev.StoredAt = arrival // as triggers say it
	statement := profile.StatementOf(ev, traits, arrival)
	h.applyStatement(ev, statement)
	change := h.standing.Apply(ev, h.opts.Ruleset, arrival)
	h.standing.ApplyTraits(statement.Traits, h.opts.Ruleset, &change)
	h.takeMoves(arrival)
	if !h.opts.Ruleset.WantsOf(&h.standing, ev, &change) {
		h.traceUnwanted(ev, arrival)
		return false
	}
	return true
}

// hearTraits takes in the traits that rules set, and adds the events that rules want to inputs. In production such an event comes back through the stream a moment later;
// on a virtual clock it is there at once. heard reports whether a trait was set, so that profile and standing may have changed.
func (h *Host) hearTraits(inputs []engine.Input, decisions []engine.Decision, now time.Time) (all []engine.Input, heard bool) {
	for i := range decisions {
		ev, set := decisions[i].TraitEvent()
		if !set {
			continue
		}
		heard = true
		said := ev // most decisions set none, and are not to allocate an event
		if h.hearEvent(&said, nil, now) {
			inputs = append(inputs, engine.Input{Event: &said})
		}
	}
	return inputs, heard
}
