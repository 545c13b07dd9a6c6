package admin

import (
	"context"
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
	"homeroom/internal/connect"
	"homeroom/store"
)

// SetupOptions say how missing streams and buckets are made.
type SetupOptions struct {
	NATS       NATSOptions
	Replicas   int
	KeepEvents time.Duration // 0: forever
}

// SetupResult lists streams, buckets and search attributes by name: "stream LEARNING".
type SetupResult struct {
	Made    []string `json:"made"`
	Existed []string `json:"existed"`
}

// Setup makes what is missing in NATS and Temporal. What exists is left as it is. With an error, the result lists what was
// made before it.
func Setup(ctx context.Context, opts SetupOptions) (SetupResult, error) {
	nc, js, err := connect.NATS("homeroom setup", opts.NATS)
	if err != nil {
		return SetupResult{}, err
	}
	defer nc.Close()
	temporal, namespace, err := connect.Temporal(ctx, connect.TemporalOptions{})
	if err != nil {
		return SetupResult{}, configurationAsInput(err)
	}
	defer temporal.Close()
	storeOptions := store.Options{Replicas: opts.Replicas, MaxAge: opts.KeepEvents}
	before, err := listResources(ctx, js, temporal, namespace, storeOptions)
	if err != nil {
		return SetupResult{}, err
	}
	failed := app.Setup(ctx, js, temporal, namespace, storeOptions)
	after, err := listResources(ctx, js, temporal, namespace, storeOptions)
	if err != nil {
		return SetupResult{}, errors.Join(failed, err)
	}
	result := SetupResult{Made: []string{}, Existed: []string{}}
	for i, resource := range after {
		switch {
		case resource.exists && before[i].exists:
			result.Existed = append(result.Existed, resource.name)
		case resource.exists:
			result.Made = append(result.Made, resource.name)
		}
	}
	return result, failed
}

// resource is something that setup makes if it does not exist.
type resource struct {
	name   string
	exists bool
}

// listResources returns what setup makes, always in the same order. A key that may not list search attributes is reported
// by app.Setup.
func listResources(ctx context.Context, js jetstream.JetStream, temporal client.Client, namespace string, o store.Options) ([]resource, error) {
	var list []resource
	for _, want := range o.Streams() {
		_, err := js.Stream(ctx, want.Name)
		if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil, fmt.Errorf("looking for the stream %s: %w; is JetStream on, and may Homeroom use it? `homeroom doctor` tells more", want.Name, err)
		}
		name := "stream " + want.Name
		if bucket, isBucket := strings.CutPrefix(want.Name, "KV_"); isBucket {
			name = "bucket " + bucket
		}
		list = append(list, resource{name: name, exists: err == nil})
	}
	have, err := temporal.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	for _, name := range slices.Sorted(maps.Keys(app.SearchAttributes())) {
		_, exists := have.GetCustomAttributes()[name]
		list = append(list, resource{name: "search attribute " + name, exists: err == nil && exists})
	}
	return list, nil
}
