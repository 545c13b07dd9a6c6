package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"homeroom/app"
	"homeroom/store"
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

// setupReport is what --format json prints.
type setupReport struct {
	Made  []string `json:"made"`
	There []string `json:"existed"`
}

// Run makes what is missing.
func (c *SetupCmd) Run(ctx context.Context, o IO) error {
	nc, js, err := c.connect("homeroom setup")
	if err != nil {
		return err
	}
	defer nc.Close()
	temporal, namespace, err := dialTemporal(ctx)
	if err != nil {
		return err
	}
	defer temporal.Close()
	options := store.Options{Replicas: c.Replicas, MaxAge: c.Keep}
	before, err := existing(ctx, js, temporal, namespace, options)
	if err != nil {
		return err
	}
	failed := app.Setup(ctx, js, temporal, namespace, options)
	after, err := existing(ctx, js, temporal, namespace, options)
	if err != nil {
		return errors.Join(failed, err)
	}
	report := setupReport{Made: []string{}, There: []string{}}
	for _, thing := range after {
		switch {
		case thing.there && before.has(thing.name):
			report.There = append(report.There, thing.name)
		case thing.there:
			report.Made = append(report.Made, thing.name)
		}
	}
	if err := report.print(o, c.Format); err != nil {
		return errors.Join(failed, err)
	}
	return failed
}

func (r setupReport) print(o IO, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(o.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	var b strings.Builder
	for _, name := range r.There {
		fmt.Fprintf(&b, "  existed  %s\n", name)
	}
	for _, name := range r.Made {
		fmt.Fprintf(&b, "%s made     %s\n", o.paint("32", "+"), name)
	}
	fmt.Fprintf(&b, "\n%d made, %d existed.\n", len(r.Made), len(r.There))
	_, err := fmt.Fprint(o.Out, b.String())
	return err
}

// things are what setup makes, and whether they are there.
type things []thing

type thing struct {
	name  string
	there bool
}

func (list things) has(name string) bool {
	for _, t := range list {
		if t.name == name {
			return t.there
		}
	}
	return false
}

// existing looks at what there is. A key that may not list search attributes is told so by what makes them.
func existing(ctx context.Context, js jetstream.JetStream, temporal client.Client, namespace string, o store.Options) (things, error) {
	var list things
	for _, want := range o.Streams() {
		_, err := js.Stream(ctx, want.Name)
		if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil, fmt.Errorf("looking for the stream %s: %w; is JetStream on, and may Homeroom use it? `homeroom doctor` tells more", want.Name, err)
		}
		name := "stream " + want.Name
		if bucket, isBucket := strings.CutPrefix(want.Name, "KV_"); isBucket {
			name = "bucket " + bucket
		}
		list = append(list, thing{name, err == nil})
	}
	have, err := temporal.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	for _, name := range slices.Sorted(maps.Keys(app.SearchAttributes())) {
		_, there := have.GetCustomAttributes()[name]
		list = append(list, thing{"search attribute " + name, err == nil && there})
	}
	return list, nil
}
