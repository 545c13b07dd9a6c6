package printing

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/importer"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// ImportText says what an import did.
func ImportText(r *importer.Result, file string, spent time.Duration) string {
	var b strings.Builder
	verb := "Took in"
	if r.DryRun {
		verb = "Would take in"
	}
	fmt.Fprintf(&b, "%s %s of %s", verb, narrate.Count(r.Events, "event"), narrate.Count(r.Learners, "learner"))
	if s := spent.Seconds(); s > 0 && r.Events > 0 && !r.DryRun {
		fmt.Fprintf(&b, " in %.1fs (%s/s)", s, narrate.Thousands(int(float64(r.Events)/s)))
	}
	b.WriteString(".\n")
	if !r.DryRun {
		fmt.Fprintf(&b, "  %s and %s changed; the others were known already\n", narrate.Count(r.Profiles, "profile"), narrate.Count(r.Standings, "standing"))
	}
	for _, line := range []struct {
		n          int
		noun, text string
	}{
		{r.Repeated, "event", "came more than once"},
		{r.Platform, "event", "about the platform passed over"},
		{r.Ignored, "event", "passed over that sources.yaml ignores"},
		{r.Erased, "event", "of erased learners left out"},
	} {
		if line.n > 0 {
			fmt.Fprintf(&b, "  %s %s\n", narrate.Count(line.n, line.noun), line.text)
		}
	}
	if r.Aliased > 0 {
		fmt.Fprintf(&b, "  %s user.aliased: an import merges no ids; publish them afterwards, and what was taken in under both becomes one learner's\n", narrate.Count(r.Aliased, "event"))
	}
	if r.Remarks > 0 {
		fmt.Fprintf(&b, "  %s about traits and properties that cannot be used or mean nothing here; the first, %s\n", narrate.Count(r.Remarks, "remark"), cells.Printable(r.Remark))
	}
	if r.SkippedTraits > 0 {
		fmt.Fprintf(&b, "  %s not taken in; the first, %s\n", narrate.Count(r.SkippedTraits, "trait"), cells.Printable(r.TraitNote))
	}
	total := 0
	for _, reason := range slices.Sorted(maps.Keys(r.Rejected)) {
		total += r.Rejected[reason]
		fmt.Fprintf(&b, "  %s: %s\n", cells.Printable(reason), narrate.Count(r.Rejected[reason], "line"))
	}
	if total > 0 {
		fmt.Fprintf(&b, "%s could not be used; %s says why.\n", narrate.Count(total, "line"), cells.Printable(r.RejectedFile))
	}
	switch {
	case r.Woken > 0:
		fmt.Fprintf(&b, "The inactivity rules in force wait for %s now.\n", narrate.Count(r.Woken, "learner"))
	case r.Waiting > 0:
		fmt.Fprintf(&b, "%s may fall silent, and no inactivity rule waits for them before an event of theirs wakes them: `homeroom import %s --wake` has the rules wait from now on.\n",
			narrate.Count(r.Waiting, "learner"), cells.Printable(file))
	}
	return b.String()
}
