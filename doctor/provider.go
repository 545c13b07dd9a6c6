package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/store"
)

// checkProvider reports whether a provider refuses the account of an instance.
func (e *examination) checkProvider(st *store.Store) {
	var refused []string
	now := e.opts.Now().Add(e.skew)
	for _, i := range st.Control.Instances() {
		for _, r := range i.Refusals {
			if i.Live(now) {
				refused = append(refused, fmt.Sprintf("%s: no %s since %s, and last at %s: %s", i.Name, r.Channel, r.Since.Format(time.RFC3339), r.Last.Format(time.RFC3339), r.Detail))
			}
		}
	}
	if len(refused) == 0 {
		e.reportOK("provider", "no instance says that a provider refuses its account")
		return
	}
	e.reportFailure("provider", "the provider refuses the account, and what is due waits:\n"+strings.Join(refused, "\n"),
		"put the key, the account (suspended, without credits) or the sender in order; one message tries every five minutes at least, and when it is taken the others follow within minutes")
}

// listsWarnAfter is how old a reading of a suppression list may be; they are read once a day.
const listsWarnAfter = 2 * 24 * time.Hour

// checkProviderLists reports whether the provider's suppression lists are read.
func (e *examination) checkProviderLists(ctx context.Context, st *store.Store) {
	const check = "provider-lists"
	record, revision, err := st.Control.Look(ctx)
	if err != nil {
		e.reportFailure(check, err.Error(), "")
		return
	}
	if revision == 0 {
		e.reportNotChecked("no worker has looked at the provider's suppression lists yet", check)
		return
	}
	var forbidden, old []string
	now := e.opts.Now().Add(e.skew)
	for _, list := range slices.Sorted(maps.Keys(record.Lists)) {
		switch cursor := record.Lists[list]; {
		case cursor.Forbidden:
			forbidden = append(forbidden, list)
		case now.Sub(cursor.Finished) > listsWarnAfter:
			old = append(old, list)
		}
	}
	switch {
	case len(old) > 0:
		says := "not read to their end for two days: " + strings.Join(old, ", ")
		if record.Problem != "" {
			says += "; the last time it failed: " + record.Problem
		}
		e.reportWarning(check, says, "look at the workers' logs; `homeroom suppressions import` takes the lists as files")
	case len(forbidden) > 0:
		e.addFinding(check, NotChecked, "the API key may not read the provider's suppression lists ("+strings.Join(forbidden, ", ")+"): what it suppresses is known from its webhook only",
			"give the key the permission Suppressions (read), or import the lists once with `homeroom suppressions import`")
	case record.Problem != "":
		e.reportWarning(check, "the last reading ended early: "+record.Problem, "it goes on where it stopped, at "+record.NextAt.Format(time.RFC3339))
	default:
		e.reportOK(check, "the provider's suppression lists are read once a day; the next time at "+record.NextAt.Format(time.RFC3339))
	}
}
