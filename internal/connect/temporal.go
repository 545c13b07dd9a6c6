package connect

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	sdklog "go.temporal.io/sdk/log"

	"homeroom/internal/codec"
)

// TemporalOptions say how to connect to Temporal. Its address comes from the SDK's own environment variables and profiles.
type TemporalOptions struct {
	Log      *slog.Logger // default: none
	KeyFiles []string     // encrypt payloads: the key in use first, then older ones; empty: no encryption
	// Adjust adds to the client's options. May be nil.
	Adjust func(*client.Options) error
}

// ConfigurationError says that the environment, a profile or a key file cannot be used.
type ConfigurationError struct{ Err error }

func (e *ConfigurationError) Error() string { return e.Err.Error() }

func (e *ConfigurationError) Unwrap() error { return e.Err }

// Namespace returns the namespace that the SDK's configuration names, or Temporal's default.
func Namespace() string {
	opts, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.DefaultNamespace
	}
	return cmp.Or(opts.Namespace, client.DefaultNamespace)
}

// Temporal returns a connected client and its namespace. Errors about the configuration are [*ConfigurationError].
func Temporal(ctx context.Context, o TemporalOptions) (temporal client.Client, namespace string, err error) {
	opts, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, "", &ConfigurationError{fmt.Errorf("the Temporal configuration: %w", err)}
	}
	opts.Namespace = cmp.Or(opts.Namespace, client.DefaultNamespace)
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	opts.Logger = sdklog.NewStructuredLogger(log)
	if o.Adjust != nil {
		if err := o.Adjust(&opts); err != nil {
			return nil, "", fmt.Errorf("the options of the Temporal client: %w", err)
		}
	}
	if len(o.KeyFiles) > 0 {
		if err := encryptPayloads(&opts, o.KeyFiles); err != nil {
			return nil, "", &ConfigurationError{err}
		}
	}
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		return nil, "", fmt.Errorf("no Temporal at %s: %w; set TEMPORAL_ADDRESS", cmp.Or(opts.HostPort, client.DefaultHostPort), err)
	}
	return c, opts.Namespace, nil
}

func encryptPayloads(opts *client.Options, keyFiles []string) error {
	keys, err := codec.ReadKeys(keyFiles...)
	if err != nil {
		return err
	}
	encrypted, err := codec.New(keys...)
	if err != nil {
		return err
	}
	encrypted.Apply(opts)
	return nil
}
