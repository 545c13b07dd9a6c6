package catalog

import (
	"fmt"
	"maps"
	"slices"

	"homeroom/engine"
	"homeroom/internal/cleantext"
	"homeroom/internal/spelling"
)

// PropertyRemarks says for people which properties of an event look misspelt: they are none of the event's, and one that is like
// them is missing. The event counts, and such a property is passed over by rules. nil: there are none.
func (c *Catalog) PropertyRemarks(ev *engine.Event) []string {
	kind, known := c.byName[ev.Name]
	if !known {
		return nil
	}
	unknown := 0
	for name := range ev.Properties {
		if _, declared := kind.Property(name); !declared {
			unknown++
		}
	}
	if unknown == 0 {
		return nil
	}
	var missing []string
	for _, p := range kind.Properties {
		if _, there := ev.Properties[p.Name]; !there {
			missing = append(missing, p.Name)
		}
	}
	var remarks []string
	for _, name := range slices.Sorted(maps.Keys(ev.Properties)) {
		if _, declared := kind.Property(name); declared || len(name) > maxFolded {
			continue
		}
		if near := spelling.Nearest(name, missing); near != "" {
			remarks = append(remarks, fmt.Sprintf("the property %s is none of %s, did you mean %s?", cleantext.Line(cutShort(name)), kind.Name, near))
		}
	}
	return remarks
}
