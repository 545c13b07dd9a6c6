package printing

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
)

// WriteSuppressionImport prints what became of a list of suppressed addresses.
func WriteSuppressionImport(out io.Writer, result admin.SuppressionImport) {
	fmt.Fprintf(out, "%d entries read, %d of them cannot be used.\n", result.Read, result.Rejected)
	words := map[string]string{
		"new":     "suppressed now",
		"known":   "were suppressed before",
		"counted": "counted: a soft bounce, or a topic that was left",
		"lifted":  "changed nothing: the suppression was lifted after they were listed",
		"invalid": "no address",
		"usable":  "usable; nothing was written",
	}
	for _, effect := range slices.Sorted(maps.Keys(result.Effects)) {
		fmt.Fprintf(out, "  %d %s\n", result.Effects[effect], words[effect])
	}
	for _, problem := range result.Problems {
		fmt.Fprintf(out, "  %s\n", cells.Printable(problem))
	}
}

// SuppressionsText lists the suppressed addresses, as hashes.
func SuppressionsText(records []admin.SuppressionRecord) string {
	if len(records) == 0 {
		return "No address is suppressed."
	}
	return Table(func(row func(...any)) {
		row("HASH", "REASON", "SINCE", "UNTIL", "LEARNERS")
		for _, r := range records {
			learners := strings.Join(r.Learners, ", ")
			if learners == "" {
				learners = "–"
			}
			until := "lifted"
			if !r.Until.IsZero() {
				until = r.Until.UTC().Format(time.RFC3339)
			}
			row(r.Hash[:min(12, len(r.Hash))], r.Reason, r.At.UTC().Format(time.RFC3339), until, learners)
		}
	})
}

// WriteRemovals prints what became of an address on each of SendGrid's lists.
func WriteRemovals(out io.Writer, removals []admin.ProviderRemoval) {
	for _, r := range removals {
		what := "was not there"
		if r.Removed {
			what = "taken off"
		}
		if r.Err != nil {
			what = "could not be asked; the address may be on it"
		}
		fmt.Fprintf(out, "SendGrid's list %s: %s.\n", cells.Printable(r.List), what)
	}
}

// WritePreferences prints what the learners who have an address still forbid.
func WritePreferences(out io.Writer, owners []admin.AddressOwner) {
	if len(owners) == 0 {
		fmt.Fprintln(out, "No learner has this address now.")
		return
	}
	for _, owner := range owners {
		refusals := describePreferences(owner)
		if len(refusals) == 0 {
			fmt.Fprintf(out, "Learner %s forbids nothing themselves.\n", cells.Printable(owner.Learner))
			continue
		}
		fmt.Fprintf(out, "Learner %s still forbids mail: %s. Only they can change that.\n", cells.Printable(owner.Learner), cells.Printable(strings.Join(refusals, "; ")))
	}
}

func describePreferences(owner admin.AddressOwner) []string {
	var refusals []string
	if owner.LeftEverything {
		refusal := "they unsubscribed from everything"
		if !owner.LeftAt.IsZero() {
			refusal += " on " + owner.LeftAt.UTC().Format(time.DateOnly)
		}
		refusals = append(refusals, refusal)
	}
	if owner.RefusesConsent {
		refusals = append(refusals, "they do not consent")
	}
	if len(owner.LeftTopics) > 0 {
		refusals = append(refusals, "they left the topics "+strings.Join(owner.LeftTopics, ", "))
	}
	return refusals
}
