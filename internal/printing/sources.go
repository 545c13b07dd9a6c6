package printing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// SourcesText lists the sources that are shipped.
func SourcesText(shipped []admin.ShippedSource) string {
	return Table(func(row func(...any)) {
		for _, s := range shipped {
			row(s.Name, s.About)
		}
	})
}

// WriteTrial prints what each body would become, and counts by source.
func WriteTrial(out io.Writer, trial *admin.SourceTrial) error {
	text, err := bodiesTable(trial)
	if err != nil {
		return err
	}
	text += "\n" + Table(func(row func(...any)) {
		row("source", "bodies", "read", "ignored", "refused")
		for _, n := range trial.Counts {
			row(cmp.Or(n.Source, "no source"), n.Bodies, n.Read, n.Ignored, n.Refused)
		}
	})
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	for _, source := range slices.Sorted(maps.Keys(trial.Broken)) {
		fmt.Fprintf(out, "The condition recognise: of the source %s failed on %s: %s\n", cells.Printable(source), narrate.Count(len(trial.Bodies), "body"), cells.Printable(trial.Broken[source]))
	}
	for _, names := range slices.Sorted(maps.Keys(trial.Shared)) {
		fmt.Fprintf(out, "%s recognised by several sources (%s); the first reads.\n", narrate.Count(trial.Shared[names], "body"), cells.Printable(names))
	}
	if trial.Suggestion != "" {
		fmt.Fprintf(out, "\nFor sources.yaml:\n\n%s", trial.Suggestion)
	}
	return nil
}

// bodiesTable lists what each body would become.
func bodiesTable(trial *admin.SourceTrial) (string, error) {
	var failed error
	text := Table(func(row func(...any)) {
		for _, b := range trial.Bodies {
			line := fmt.Sprintf("line %d", b.Line)
			source := cmp.Or(b.Source, "-")
			switch {
			case b.Event != "":
				properties, err := json.Marshal(b.Properties)
				failed = cmp.Or(failed, err)
				row(line, source, b.Event, fmt.Sprintf("%s %s %s", cells.Printable(b.Learner), b.Time.Format(time.RFC3339), cells.Printable(string(properties))))
				for _, remark := range b.Remarks {
					row("", "", "remark", remark)
				}
			case b.Reason != "":
				text := b.Reason + ": " + b.Message
				if b.Hint != "" {
					text += "; " + b.Hint
				}
				row(line, source, "refused", text)
			default:
				row(line, source, "ignored", b.Name)
			}
		}
	})
	return text, failed
}

// WriteCatalog writes the table. A property that an event cannot do without carries a star.
func WriteCatalog(out io.Writer, known *catalog.Catalog) error {
	_, err := io.WriteString(out, Table(func(row func(...any)) {
		row("EVENT", "VOLUME", "PROPERTIES (* required)")
		category := ""
		for _, e := range known.Events() {
			if e.Category != category {
				category = e.Category
				row()
				row(strings.ToUpper(category[:1]) + category[1:])
			}
			volume := string(e.Volume)
			if e.Admin {
				volume += " (admin)"
			}
			row("  "+e.Name, volume, propertyList(e))
		}
	}))
	return err
}

func propertyList(e *catalog.Event) string {
	names := make([]string, len(e.Properties))
	for i, p := range e.Properties {
		names[i] = p.Name
		if p.Required {
			names[i] += "*"
		}
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}
