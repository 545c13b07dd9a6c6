package printing

import (
	"fmt"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
)

// maxWhoCells is how wide a name may be in the list, in cells of a terminal.
const maxWhoCells = 24

// AuditText lists who did what.
func AuditText(log admin.AuditLog) string {
	if log.Total == 0 && log.Unreadable == 0 {
		return "Nothing is recorded."
	}
	text := Table(func(row func(...any)) {
		for _, r := range log.Records {
			row(r.At.UTC().Format(time.RFC3339), cells.Cut(cells.Printable(r.Who), maxWhoCells), r.Way, r.Action, admin.DescribeAudit(r))
		}
	})
	if more := log.Total - len(log.Records); more > 0 {
		text += fmt.Sprintf("and %s older.\n", narrate.Thousands(more))
	}
	if log.Unreadable > 0 {
		text += fmt.Sprintf("%s cannot be read.\n", narrate.Count(log.Unreadable, "record"))
	}
	return text
}

// KeysText lists the write keys.
func KeysText(keys []admin.WriteKeyInfo) string {
	if len(keys) == 0 {
		return "There is no write key: nobody can post events over HTTP. `homeroom keys create NAME` makes one."
	}
	return Table(func(row func(...any)) {
		row("ID", "FOR", "SCOPES", "LIMIT", "MADE", "STATE")
		for _, key := range keys {
			scopes := "everything"
			if len(key.Scopes) > 0 {
				scopes = strings.Join(key.Scopes, ", ")
			}
			limit := "none"
			if key.PerSecond > 0 {
				limit = fmt.Sprintf("%d/s", key.PerSecond)
			}
			state := "in use"
			if !key.RevokedAt.IsZero() {
				state = fmt.Sprintf("revoked by %s at %s", key.RevokedBy, key.RevokedAt.UTC().Format(time.RFC3339))
			}
			row(key.ID, key.Name, scopes, limit, key.By+" at "+key.At.UTC().Format(time.RFC3339), state)
		}
	})
}
