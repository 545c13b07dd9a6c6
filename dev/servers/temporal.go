package servers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TemporalOptions describe one Temporal server.
type TemporalOptions struct {
	Port      int       // 0: a free one
	File      string    // the SQLite database, created if missing; empty: in memory. See VisibilityFile
	Postgres  *Postgres // keeps everything instead of SQLite; must be new. The caller stops it after Temporal
	Namespace string    // empty: "default"
	// SearchAttributes are the namespace's own, by name. They are registered when the namespace is created: a database
	// that exists keeps those it has.
	SearchAttributes map[string]enums.IndexedValueType
	// Dynamic overrides settings of Temporal's dynamic configuration, e.g. {"history.workflowIdReuseMinimalInterval": 0}.
	Dynamic map[string]any
	Log     *slog.Logger // receives errors; nil drops them
}

// Temporal is a running Temporal server: frontend, history, matching and worker in this process.
type Temporal struct {
	server    temporal.Server
	log       *temporalLog
	address   string
	namespace string
	databases *databases
	stop      stopOnce
}

// StartTemporal starts a server and returns when its namespace answers, or an error when ctx ends first.
func StartTemporal(ctx context.Context, o TemporalOptions) (*Temporal, error) {
	t, err := startTemporal(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("start Temporal: %w", err)
	}
	return t, nil
}

func startTemporal(ctx context.Context, o TemporalOptions) (*Temporal, error) {
	if err := CheckPort(o.Port); err != nil {
		return nil, err
	}
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	databases, err := openDatabases(o)
	if err != nil {
		return nil, err
	}
	ports, err := pickPorts(o.Port)
	if err != nil {
		return nil, err
	}
	t := &Temporal{log: newTemporalLog(o.Log), address: loopbackAddress(ports.frontend), namespace: o.Namespace, databases: databases}
	cfg := serverConfig(databases, ports)
	hosts := make(map[primitives.ServiceName]static.Hosts, len(cfg.Services))
	for name, service := range cfg.Services {
		hosts[primitives.ServiceName(name)] = static.SingleLocalHost(loopbackAddress(service.RPC.GRPCPort))
	}
	t.server, err = temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(t.log),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
		temporal.WithDynamicConfigClient(dynamicConfig(databases.shards, o.Dynamic)),
	)
	if err != nil {
		return nil, err
	}
	if err := t.startServices(ctx); err != nil {
		go func() { _ = t.Stop(context.WithoutCancel(ctx)) }()
		return nil, err
	}
	return t, nil
}

// startServices starts the server and waits until its namespace answers. temporal.Server knows no context, so a start that takes too long is left behind.
func (t *Temporal) startServices(ctx context.Context) error {
	started := make(chan error, 1)
	go func() { started <- t.server.Start() }()
	select {
	case err := <-started:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return fmt.Errorf("not ready in time: %w", ctx.Err())
	}
	conn, err := grpc.NewClient(t.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		_, err := frontend.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: t.namespace}, grpc.WaitForReady(true))
		if err == nil {
			return nil
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// Address is where clients connect, e.g. 127.0.0.1:7233.
func (t *Temporal) Address() string { return t.address }

// Namespace returns the name of the namespace.
func (t *Temporal) Namespace() string { return t.namespace }

// Stop ends the server's services. It may be called twice and returns no later than ctx ends.
func (t *Temporal) Stop(ctx context.Context) error {
	return t.stop.stopWithin(ctx, "Temporal", func() error {
		t.log.muteAll()
		return errors.Join(t.server.Stop(), t.databases.closeAll())
	})
}
