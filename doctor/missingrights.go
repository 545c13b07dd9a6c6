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
