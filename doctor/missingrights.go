package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/store"
)

// checkMissingRights reports the rights in NATS that running instances have lost.
func (e *examination) checkMissingRights(st *store.Store) {
	now := e.opts.Now().Add(e.skew)
	var missing, advice []string
	for _, i := range st.Control.Instances() {
		if !i.Live(now) {
			continue
		}
		for _, m := range i.MissingRights {
			missing = append(missing, fmt.Sprintf("%s since %s: %s", i.Name, m.Since.UTC().Format(time.RFC3339), m.Problem))
			if !slices.Contains(advice, m.Do) {
				advice = append(advice, m.Do)
			}
		}
	}
	if len(missing) == 0 {
		e.reportOK("rights", "no instance says that NATS refuses what its roles need")
		return
	}
	e.reportFailure("rights", strings.Join(missing, "\n"), strings.Join(advice, "\n"))
}

// silentFor is for how long the doctor names an instance that stopped renewing its record and has not removed it.
const silentFor = time.Hour

// reportAbsent warns that nobody serves some roles. It names the instances with one of the roles that stopped renewing their records without
// removing them, as a process does that was killed or that may not write the record any more.
func (e *examination) reportAbsent(st *store.Store, says, do string, roles []string) {
	now := e.opts.Now().Add(e.skew)
	silent := false
	for _, i := range st.Control.Instances() {
		had := slices.ContainsFunc(i.Roles, func(role string) bool { return slices.Contains(roles, role) })
		if !had || i.Live(now) || now.Sub(i.Seen) > silentFor {
			continue
		}
		says += fmt.Sprintf("; %s (%s) has not renewed its record since %s", i.Name, strings.Join(i.Roles, ", "), i.Seen.UTC().Format(time.RFC3339))
		silent = true
	}
	if silent {
		do = "if that process still runs, its /readyz and its log say what it lacks; otherwise " + do
	}
	e.reportWarning("instances", says, do)
}
