package printing

import (
	"fmt"
	"time"

	"homeroom/admin"
	"homeroom/internal/narrate"
)

// DescribeBackground says how far a backtest in the background is.
func DescribeBackground(b *admin.BackgroundBacktest) string {
	switch {
	case b.Unattended:
		return "Nobody works on it: start `homeroom console`, or `homeroom backtests work`, against this Temporal."
	case b.Unknown:
		return "It runs; nobody answers how far it is."
	}
	return fmt.Sprintf("%d of %d partitions are done, %s of about %s.", b.PartsDone, b.Parts, narrate.Thousands(int(b.EventsDone)), narrate.Count(int(b.Events), "event"))
}

// BacktestsText lists backtests in the background, and how far they are.
func BacktestsText(list []admin.BackgroundBacktest) string {
	if len(list) == 0 {
		return "There are no backtests in the background."
	}
	return Table(func(row func(...any)) {
		row("ID", "STARTED", "STATUS", "DRAFT", "BY", "EVENTS")
		for n := range list {
			b := &list[n]
			what := b.Draft
			if what == "" && !b.Unknown {
				what = "folder " + narrate.ShortHash(b.Hash)
			}
			row(b.ID, b.StartedAt.UTC().Format(time.RFC3339), string(b.Status), what, b.By,
				fmt.Sprintf("%s of %s", narrate.Thousands(int(b.EventsDone)), narrate.Thousands(int(b.Events))))
		}
	})
}
