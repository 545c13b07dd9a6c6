package printing

import (
	"encoding/json"
	"fmt"
	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/internal/narrate"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTrial prints what each body would become, and counts by source.
func WriteTrial(out io.Writer, trial *admin.SourceTrial) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, b := range trial.Bodies {
		source := b.Source
		if source == "" {
			source = "-"
		}
		switch {
		case b.Event != "":
			properties, err := json.Marshal(b.Properties)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "line %d\t%s\t%s\t%s %s %s\n", b.Line, source, b.Event, Printable(b.Learner), b.Time.Format("2006-01-02T15:04:05Z07:00"), properties)
			for _, remark := range b.Remarks {
				fmt.Fprintf(w, "\t\tremark\t%s\n", Printable(remark))
			}
		case b.Reason != "":
			text := b.Reason + ": " + b.Message
			if b.Hint != "" {
				text += "; " + b.Hint
			}
			fmt.Fprintf(w, "line %d\t%s\trefused\t%s\n", b.Line, source, Printable(text))
		default:
			fmt.Fprintf(w, "line %d\t%s\tignored\t%s\n", b.Line, source, Printable(b.Name))
		}
	}
	fmt.Fprintf(w, "\nsource\tbodies\tread\tignored\trefused\n")
	for _, n := range trial.Counts {
		source := n.Source
		if source == "" {
			source = "no source"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", source, n.Bodies, n.Read, n.Ignored, n.Refused)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, source := range slices.Sorted(maps.Keys(trial.Broken)) {
		fmt.Fprintf(out, "The condition recognise: of the source %s failed on %s: %s\n", source, narrate.Count(len(trial.Bodies), "body"), trial.Broken[source])
	}
	for _, names := range slices.Sorted(maps.Keys(trial.Shared)) {
		fmt.Fprintf(out, "%s recognised by several sources (%s); the first reads.\n", narrate.Count(trial.Shared[names], "body"), names)
	}
	if trial.Suggestion != "" {
		fmt.Fprintf(out, "\nFor sources.yaml:\n\n%s", trial.Suggestion)
	}
	return nil
}

// WriteCatalog writes the table. A property that an event cannot do without carries a star.
func WriteCatalog(out io.Writer, known *catalog.Catalog) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "EVENT\tVOLUME\tPROPERTIES (* required)")
	category := ""
	for _, e := range known.Events() {
		if e.Category != category {
			category = e.Category
			fmt.Fprintf(w, "\t\t\n%s\t\t\n", strings.ToUpper(category[:1])+category[1:])
		}
		volume := string(e.Volume)
		if e.Admin {
			volume += " (admin)"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", e.Name, volume, propertyList(e))
	}
	return w.Flush()
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
