package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/internal/connect"
	"homeroom/telemetry"
)

// How to connect, and what is wrong with a configuration; see package connect.
type (
	NATSOptions        = connect.NATSOptions
	ConfigurationError = connect.ConfigurationError
)

// Connections are a process's connections to NATS and Temporal.
type Connections struct {
	nats      *nats.Conn
	js        jetstream.JetStream
	temporal  client.Client // nil until DialTemporal
	namespace string

	natsUser       string
	encryptionKeys [][]byte
}

// ConnectNATS connects to NATS. The connections must be closed.
func ConnectNATS(o NATSOptions) (*Connections, error) {
	nc, js, err := connect.NATS("homeroom", o)
	if err != nil {
		return nil, err
	}
	return &Connections{nats: nc, js: js, natsUser: o.User()}, nil
}

// DialTemporal connects to Temporal too, as the SDK's environment variables say. With key files, payloads are encrypted. An
// error about the configuration is a [*ConfigurationError]. The telemetry measures the client.
func (c *Connections) DialTemporal(ctx context.Context, keyFiles []string, log *slog.Logger, measures *telemetry.Telemetry) error {
	temporal, namespace, err := connect.Temporal(ctx, connect.TemporalOptions{Log: log, KeyFiles: keyFiles, Adjust: measures.Temporal})
	if err != nil {
		return err
	}
	c.temporal = temporal
	c.namespace = namespace
	for _, file := range keyFiles {
		key, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the encryption key: %w", err)
		}
		c.encryptionKeys = append(c.encryptionKeys, bytes.TrimSpace(key))
	}
	return nil
}

// ApplyTo sets the connections in the options of an App.
func (c *Connections) ApplyTo(o *Options) {
	o.JetStream = c.js
	o.Temporal = c.temporal
	o.Namespace = c.namespace
	o.NATSUser = c.natsUser
	o.EncryptionKeys = c.encryptionKeys
}

// Close closes the connections.
func (c *Connections) Close() {
	if c.temporal != nil {
		c.temporal.Close()
	}
	c.nats.Close()
}

// NATSAddress returns the address of the NATS server in use, without its password.
func (c *Connections) NATSAddress() string { return c.nats.ConnectedUrlRedacted() }

// Namespace returns Temporal's namespace.
func (c *Connections) Namespace() string { return c.namespace }

// ReadinessChecks ask what a serving process needs: NATS and its rights there, Temporal, rules in force, and the secrets of the other processes.
func (c *Connections) ReadinessChecks(a *App) []telemetry.Check {
	checks := []telemetry.Check{{Name: "nats", Ask: c.checkNATS}}
	if c.temporal != nil { // a process of the role api alone does without
		checks = append(checks, telemetry.Check{Name: "temporal", Ask: c.checkTemporal})
	}
	return append(checks, []telemetry.Check{
		{Name: "rights", Ask: a.CheckRights},
		{Name: "agreement", Ask: a.CheckAgreement},
		{
			Name: "rules",
			Ask: func(context.Context) error {
				if a.Swap().Ruleset == "" {
					return errors.New("no rules are in force yet: publish a folder with `homeroom rules publish`, or give `homeroom serve` one")
				}
				return nil
			},
		},
	}...)
}

func (c *Connections) checkNATS(ctx context.Context) error {
	if !c.nats.IsConnected() {
		return fmt.Errorf("not connected to NATS: %s", c.nats.Status())
	}
	return c.nats.FlushWithContext(ctx)
}

func (c *Connections) checkTemporal(ctx context.Context) error {
	_, err := c.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}
