package servers

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/schema"
	v12 "go.temporal.io/server/schema/postgresql/v12"
)

// PostgresShards is the number of history shards of a Temporal on PostgreSQL here: several, so that they do not wait for each other's rows, and few, because one process owns them all.
const PostgresShards = 8

// openPostgres creates the two databases in a new PostgreSQL, with the schemas that temporal-sql-tool would set up.
func openPostgres(o TemporalOptions) (*databases, error) {
	runs, err := createDatabase(o.Postgres, "temporal", v12.Version)
	if err != nil {
		return nil, fmt.Errorf("database of the runs: %w", err)
	}
	visibility, err := createDatabase(o.Postgres, "visibility", v12.VisibilityVersion)
	if err != nil {
		return nil, fmt.Errorf("database of the visibility: %w", err)
	}
	return &databases{runs: runs, visibility: visibility, shards: PostgresShards}, nil
}

// createDatabase creates a database with the schema of the same name, in that version.
func createDatabase(server *Postgres, name, version string) (*config.SQL, error) {
	main := server.databaseConfig("postgres")
	if err := executeStatements(main, fmt.Sprintf("CREATE DATABASE %q", name)); err != nil {
		return nil, err
	}
	database := server.databaseConfig(name)
	text, err := fs.ReadFile(schema.Assets(), "postgresql/v12/"+name+"/schema.sql")
	if err != nil {
		return nil, err
	}
	statements, err := persistence.LoadAndSplitQueryFromReaders([]io.Reader{bytes.NewReader(text)})
	if err != nil {
		return nil, err
	}
	if err := executeStatements(database, statements...); err != nil {
		return nil, err
	}
	return database, recordVersion(database, version)
}

// recordVersion writes which version of the schema a database has: Temporal does not start with an older one.
func recordVersion(database *config.SQL, version string) error {
	admin, err := adminDB(database)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	if err := admin.CreateSchemaVersionTables(); err != nil {
		return err
	}
	return admin.UpdateSchemaVersion(database.DatabaseName, version, version)
}

// executeStatements runs statements, one after the other.
func executeStatements(database *config.SQL, statements ...string) error {
	admin, err := adminDB(database)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	for _, statement := range statements {
		if err := admin.Exec(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// databaseConfig returns how Temporal connects to a database of the server. Each of its four services has so many connections at most.
func (p *Postgres) databaseConfig(name string) *config.SQL {
	const connections = 20
	return &config.SQL{
		PluginName:      postgresql.PluginName,
		ConnectAddr:     loopbackAddress(p.port),
		User:            postgresUser,
		Password:        p.password,
		DatabaseName:    name,
		MaxConns:        connections,
		MaxIdleConns:    connections,
		MaxConnLifetime: time.Hour,
	}
}
