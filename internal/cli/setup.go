package cli

import (
	"context"
	"errors"
	"time"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// SetupCmd is `homeroom setup`.
type SetupCmd struct {
	NATSFlags
	Replicas int           `name:"nats-replicas" env:"HOMEROOM_NATS_REPLICAS" default:"1" help:"Of streams and buckets that are made; 3 in production."`
	Keep     time.Duration `name:"keep-events" env:"HOMEROOM_KEEP_EVENTS" help:"For how long streams that are made keep events. Default: forever." placeholder:"DURATION"`
	Format   string        `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom setup --help`.
func (*SetupCmd) Help() string {
	return `Makes the streams and buckets in NATS and the search attributes in Temporal that are missing, and says what there was and
what was made. It may run any number of times; what exists is left as it is. serve does the same when it starts: use this
where serve is not allowed to, or to see what it would find.

Example:
  homeroom setup --nats nats://nats.internal:4222 --nats-replicas 3 --keep-events 8760h`
}

// Run makes what is missing.
func (c *SetupCmd) Run(ctx context.Context, o IO) error {
	result, failed := admin.Setup(ctx, admin.SetupOptions{
		NATS:       c.natsOptions(),
		Replicas:   c.Replicas,
		KeepEvents: c.Keep,
	})
	if failed != nil && result.Made == nil {
		return failed
	}
	return errors.Join(failed, o.PrintResult(c.Format, result, printing.SetupText(o, &result)))
}
