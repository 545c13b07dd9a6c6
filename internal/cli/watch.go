package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// WatchCmd is `homeroom watch`.
type WatchCmd struct {
	NATSFlags
	Learner string `help:"What this learner does, and what is decided about them, only." placeholder:"ID"`
	Since   string `default:"now" help:"Begin with what was stored since: a duration (10m), a date, or now. Default: ${default}." placeholder:"T"`
	Lines   int    `help:"End after so many lines; 0: go on until it is stopped." placeholder:"N"`
	Format  string `help:"How to print: text, or json (an object a line)." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom watch --help`.
func (*WatchCmd) Help() string {
	return `Shows what arrives and what becomes of it, while it does: each event as it is read, ignored or refused, with what to do and with remarks, and each decision
of a rule. Prints ids, and no property's value. Ctrl-C ends it.

Example:
  homeroom watch --learner u_42`
}

// errEnough ends watching after --lines.
var errEnough = errors.New("enough lines")

// Run watches.
func (c *WatchCmd) Run(ctx context.Context, o IO) error {
	since := func(time.Time) time.Time { return time.Time{} }
	if c.Since != "now" {
		var err error
		if since, err = readSince(c.Since); err != nil {
			return err
		}
	}
	installation, err := c.connect(ctx, o, "homeroom watch")
	if err != nil {
		return err
	}
	defer installation.Close()
	lines := 0
	err = installation.Watch(ctx, admin.WatchOptions{Learner: c.Learner, Since: since(installation.Now()), All: c.Since == "all"}, func(w admin.Watched) error {
		var err error
		if c.Format == "json" {
			err = json.NewEncoder(o.Out).Encode(w)
		} else {
			_, err = fmt.Fprint(o.Out, printing.WatchedText(o, &w))
		}
		if lines++; err == nil && lines == c.Lines {
			return errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
