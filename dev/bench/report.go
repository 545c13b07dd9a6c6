package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is the result of a bench.
type Report struct {
	At      time.Time `json:"at"`
	Machine string    `json:"machine"`
	Commit  string    `json:"commit,omitempty"`
	Load    string    `json:"load"` // in words
	Figures []Figure  `json:"figures"`
}

// Figure is one measured number, or a few that belong together.
type Figure struct {
	Name   string             `json:"name"`
	Value  string             `json:"value"` // as people read it
	Budget string             `json:"budget,omitempty"`
	Met    *bool              `json:"met,omitempty"` // whether the budget is met; nil without a budget
	Note   string             `json:"note,omitempty"`
	Data   map[string]float64 `json:"data"` // every number behind it; names end in their units
}

// newReport returns a report without figures that describes the machine.
func newReport(load string) *Report {
	r := &Report{At: time.Now().UTC().Truncate(time.Second), Load: load}
	r.Machine = fmt.Sprintf("%d CPUs, %s memory, %s/%s, %s", runtime.NumCPU(), sizeOf(totalMemory()), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				r.Commit = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return r
}

func (r *Report) addFigure(f Figure) { r.Figures = append(r.Figures, f) }

// WriteTable writes the report for people.
func (r *Report) WriteTable(out io.Writer) error {
	fmt.Fprintf(out, "%s\n%s\n", r.Machine, r.Load)
	if r.Commit != "" {
		fmt.Fprintf(out, "commit %s\n", r.Commit)
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FIGURE\tVALUE\tBUDGET\tMET\tNOTE")
	for _, f := range r.Figures {
		met := ""
		if f.Met != nil {
			met = map[bool]string{true: "yes", false: "NO"}[*f.Met]
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", f.Name, f.Value, f.Budget, met, f.Note)
	}
	return table.Flush()
}

// WriteJSON writes the report for machines.
func (r *Report) WriteJSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func budgetMet(ok bool) *bool { return &ok }

// sizeOf formats a number of bytes for people.
func sizeOf(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}

// withCommas formats a whole number: 1234567 as "1,234,567".
func withCommas(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	var parts []string
	for len(text) > 3 {
		parts = append([]string{text[len(text)-3:]}, parts...)
		text = text[:len(text)-3]
	}
	return strings.Join(append([]string{text}, parts...), ",")
}
