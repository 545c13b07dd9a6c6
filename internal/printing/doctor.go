package printing

import (
	"fmt"
	"strings"

	"homeroom/admin"
	"homeroom/internal/cells"
)

// doctorColumns is how many columns the doctor's lines have at most.
const doctorColumns = 80

// DoctorText writes a line for each check, and below it what to do.
func DoctorText(o IO, findings []admin.Finding) string {
	signs := map[admin.FindingStatus]string{
		admin.StatusOK:         o.paint("32", "✓"),
		admin.StatusWarning:    o.paint("33", "!"),
		admin.StatusFailed:     o.paint("31", "✗"),
		admin.StatusNotChecked: o.paint("2", "–"),
	}
	width := 0
	for _, f := range findings {
		width = max(width, cells.Width(cells.Printable(f.Check)))
	}
	var b strings.Builder
	counts := map[admin.FindingStatus]int{}
	indent := "\n" + strings.Repeat(" ", width+4)
	for _, f := range findings {
		counts[f.Status]++
		lines := wrapLines(f.Says, doctorColumns-width-4)
		if f.Do != "" {
			for i, line := range wrapLines(f.Do, doctorColumns-width-6) {
				arrow := "→ "
				if i > 0 {
					arrow = "  "
				}
				lines = append(lines, arrow+line)
			}
		}
		fmt.Fprintf(&b, "%s %s  %s\n", signs[f.Status], cells.Pad(cells.Printable(f.Check), width), strings.Join(lines, indent))
	}
	fmt.Fprintf(&b, "\n%d fine, %d to know about, %d wrong", counts[admin.StatusOK], counts[admin.StatusWarning], counts[admin.StatusFailed])
	if n := counts[admin.StatusNotChecked]; n > 0 {
		fmt.Fprintf(&b, ", %d not checked", n)
	}
	b.WriteString(".\n")
	return b.String()
}

// SetupText lists what there was and what was made.
func SetupText(o IO, r *admin.SetupResult) string {
	var b strings.Builder
	for _, name := range r.Existed {
		fmt.Fprintf(&b, "  existed  %s\n", cells.Printable(name))
	}
	for _, name := range r.Made {
		fmt.Fprintf(&b, "%s made     %s\n", o.paint("32", "+"), cells.Printable(name))
	}
	fmt.Fprintf(&b, "\n%d made, %d existed.\n", len(r.Made), len(r.Existed))
	return b.String()
}
