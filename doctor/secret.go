package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"homeroom/store"
)

// notStartedFor is for how long the doctor tells of a start that failed.
const notStartedFor = time.Hour

// checkSecret reports the processes that did not start because they were given another secret than the one that the installation uses.
func (e *examination) checkSecret(ctx context.Context, st *store.Store) {
	now := e.opts.Now().Add(e.skew)
	var refused []string
	for _, i := range st.Control.Instances() {
		if i.NotStarted != "" && now.Sub(i.Seen) < notStartedFor {
			refused = append(refused, fmt.Sprintf("%s (%s) did not start at %s: %s", i.Name, strings.Join(i.Roles, ", "), i.Seen.UTC().Format(time.RFC3339), i.NotStarted))
		}
	}
	if len(refused) > 0 {
		e.reportFailure("secret", strings.Join(refused, "\n"), "give these processes the file of the secret that they lack; see Replacing the secret in docs/operations.md")
		return
	}
	inUse, known, err := st.Control.ReadSecretInUse(ctx)
	switch {
	case errors.Is(err, store.ErrDamaged):
		e.reportNotChecked("the record of the secret in use cannot be read; see records", "secret")
	case err != nil:
		e.reportFailure("secret", err.Error(), "look at the bucket "+store.BucketControl)
	case !known:
		e.reportNotChecked("no process has recorded which secret it uses yet", "secret")
	default:
		e.reportOK("secret", fmt.Sprintf("every process that started lately has the one in use since %s (used first by %s)", inUse.Since.UTC().Format(time.RFC3339), inUse.By))
	}
}
