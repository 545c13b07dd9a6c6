package rules

import (
	"slices"

	"homeroom/catalog"
)

// keepSet collects, per event, the properties that rules and messages read.
type keepSet map[string]map[string]bool

// add records properties of an event. The empty event and `time`, which every event has, are left out.
func (k keepSet) add(event string, properties ...string) {
	if event == "" {
		return
	}
	for _, p := range properties {
		if p == "time" {
			continue
		}
		if k[event] == nil {
			k[event] = map[string]bool{}
		}
		k[event][p] = true
	}
}

// sortedLists returns the properties that exist, sorted, by event.
func (k keepSet) sortedLists(cat *catalog.Catalog) map[string][]string {
	out := map[string][]string{}
	for name, properties := range k {
		ev, ok := cat.Event(name)
		if !ok {
			continue // inactivity
		}
		for p := range properties {
			if _, carried := ev.Property(p); carried {
				out[name] = append(out[name], p)
			}
		}
		slices.Sort(out[name])
	}
	return out
}
