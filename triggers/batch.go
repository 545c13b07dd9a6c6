package triggers

import (
	"encoding/json"
	"slices"

	"homeroom/engine"
)

// maxBatch is how many bytes of JSON are handed over at once at most. One event is smaller: the catalog sees to it.
const maxBatch = 256 << 10

// stripEvent leaves only the properties that rules and messages read, and the entity keys.
func stripEvent(ev engine.Event, rs *engine.Ruleset) engine.Event {
	kept := make(map[string]any)
	keep := rs.KeptProperties[ev.Name]
	keys := rs.Keys[ev.Name]
	for name, value := range ev.Properties {
		if slices.Contains(keep, name) || slices.Contains(keys, name) {
			kept[name] = value
		}
	}
	ev.Properties = nil
	if len(kept) > 0 {
		ev.Properties = kept
	}
	return ev
}

// splitEvents returns how many events go into each batch, in order.
func splitEvents(events []engine.Event) []int {
	var counts []int
	size := 0
	n := 0
	for i := range events {
		data, err := json.Marshal(&events[i])
		if err != nil {
			data = nil // decoded from JSON, so it can be written as JSON
		}
		if n > 0 && size+len(data)+1 > maxBatch {
			counts = append(counts, n)
			size = 0
			n = 0
		}
		size += len(data) + 1
		n++
	}
	if n > 0 {
		counts = append(counts, n)
	}
	return counts
}
