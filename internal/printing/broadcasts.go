package printing

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// DescribeCount says whom a broadcast would reach.
func DescribeCount(b *admin.Broadcast) string {
	var text strings.Builder
	fmt.Fprintf(&text, "It would reach %s of %s learners.\n", narrate.Thousands(b.Counts.Reached), narrate.Thousands(b.Counts.Seen))
	writeLeftOut(&text, "Left out", b.LeftOut())
	if unwritable := b.Unwritable(); len(unwritable) > 0 {
		fmt.Fprintf(&text, "To %s of those reached its first message can go as of now.\n", narrate.Thousands(b.Writable()))
		writeLeftOut(&text, "It cannot go to", unwritable)
	}
	text.WriteString("Caps, quiet hours and again are asked when each learner's turn comes.")
	return text.String()
}

func writeLeftOut(text *strings.Builder, what string, reasons []admin.LeftOut) {
	for _, r := range reasons {
		fmt.Fprintf(text, "  %s: %s, %s\n", what, narrate.Thousands(r.Learners), cells.Printable(r.Words))
	}
}

// BroadcastsText lists broadcasts, and how far they have come.
func BroadcastsText(list []admin.Broadcast) string {
	if len(list) == 0 {
		return "There are no broadcasts."
	}
	return Table(func(row func(...any)) {
		row("ID", "STARTED", "STATUS", "RULES", "LOOKED AT", "REACHED", "LEFT OUT")
		for n := range list {
			b := &list[n]
			started := b.StartedAt.UTC().Format(time.RFC3339)
			if b.Unknown {
				row(b.ID, started, cmp.Or(b.Failed, "no worker answers"), "", "", "", "")
				continue
			}
			left := 0
			for _, r := range b.LeftOut() {
				left += r.Learners
			}
			row(b.ID, started, cmp.Or(b.Failed, string(b.Status)), strings.Join(b.Rules, ", "),
				fmt.Sprintf("%s of %s", narrate.Thousands(b.Counts.Seen), narrate.Thousands(b.Total)), narrate.Thousands(b.Counts.Reached), narrate.Thousands(left))
		}
	})
}
