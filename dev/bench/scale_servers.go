package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"homeroom/dev/process"
	"homeroom/dev/servers"
	"homeroom/dev/stack"
	"homeroom/internal/standin"
)

// ScaleServers are the servers that processes of Homeroom are measured on.
type ScaleServers struct {
	NATSNodes int                       // each stream and bucket has as many replicas
	Postgres  *servers.PostgresPrograms // of Temporal; nil: it is on SQLite
	// Without says why there is no PostgreSQL; empty if there is.
	Without string
}

// scaleNATSNodes is what operations.md advises for production.
const scaleNATSNodes = 3

// FindScaleServers returns the servers that are most like production on this machine: a cluster of NATS, and PostgreSQL if it is installed and can be run.
func FindScaleServers() ScaleServers { return chooseServers(servers.FindPostgres()) }

// chooseServers chooses by what was found of PostgreSQL.
func chooseServers(found *servers.PostgresPrograms, err error) ScaleServers {
	chosen := ScaleServers{NATSNodes: scaleNATSNodes}
	switch {
	case err == nil:
		chosen.Postgres = found
	case errors.Is(err, servers.ErrNoPostgres):
		chosen.Without = "PostgreSQL is not installed (apt-get install postgresql)"
	default:
		chosen.Without = err.Error()
	}
	return chosen
}

// startScaleServers starts them, with their data below the directory name of Options.Dir, PostgreSQL's elsewhere. The returned function stops them.
func (o *Options) startScaleServers(ctx context.Context, name string, on ScaleServers) (*stack.Stack, func() error, error) {
	return o.startStack(ctx, stack.Options{
		Data:      filepath.Join(o.Dir, name),
		NATSNodes: on.NATSNodes,
		Postgres:  on.Postgres,
		Mail:      standin.Options{Keep: 100_000},
		Log:       o.Log,
	})
}

// describeServers says in words what the stack has.
func describeServers(on ScaleServers, s *stack.Stack) (nats, temporal string) {
	nats = "one NATS server"
	if on.NATSNodes > 1 {
		nats = fmt.Sprintf("%d NATS servers, %d replicas of every stream and bucket", on.NATSNodes, on.NATSNodes)
	}
	if s.Postgres == nil {
		return nats, "Temporal on SQLite, one history shard"
	}
	return nats, fmt.Sprintf("Temporal on PostgreSQL %s, %d history shards", s.Postgres.Version(), servers.PostgresShards)
}

// databaseUse is what PostgreSQL has used so far; zero without it.
type databaseUse struct {
	processor time.Duration
	written   int64 // bytes
}

// readDatabaseUse asks PostgreSQL and the system.
func readDatabaseUse(ctx context.Context, s *stack.Stack) (use databaseUse, err error) {
	if s.Postgres == nil {
		return use, nil
	}
	use.written, err = s.Postgres.Written(ctx)
	use.processor = process.FamilyProcessorTime(s.Postgres.ProcessID())
	return use, err
}
