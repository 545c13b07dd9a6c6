package servers

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retention is how long closed runs stay to be looked at.
const retention = 30 * 24 * time.Hour

// openDatabase prepares the database with its schema and namespace. There is one connection, the plugin's default:
// more of them wait for each other's locks and do a third of the work.
func openDatabase(o TemporalOptions) (*config.SQL, error) {
	database := &config.SQL{
		PluginName:        sqliteplugin.PluginName,
		DatabaseName:      "homeroom-" + rand.Text(), // the process may run several
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
	if o.File != "" {
		if err := os.MkdirAll(filepath.Dir(o.File), 0o700); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		database.DatabaseName = o.File
		database.ConnectAttributes = map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "1"}
		if err := setUpFile(database); err != nil {
			return nil, fmt.Errorf("database %s: %w", o.File, err)
		}
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, o.Namespace, false, o.SearchAttributes)
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", o.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(retention)
	if err := sqlite.CreateNamespaces(database, namespace); err != nil {
		return nil, fmt.Errorf("namespace %s: %w", o.Namespace, err)
	}
	return database, nil
}

// setUpFile creates the schema in a new file, all of it or nothing.
func setUpFile(database *config.SQL) error {
	admin, err := adminDB(database)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	tables, err := admin.ListTables(database.DatabaseName)
	if err != nil {
		return fmt.Errorf("not a database of ours: %w", err)
	}
	if slices.Contains(tables, "executions") {
		return nil
	}
	if err := admin.Exec("BEGIN"); err != nil { // there is one connection: what follows is in the transaction
		return err
	}
	if err := sqlite.SetupSchemaOnDB(admin); err != nil {
		_ = admin.Exec("ROLLBACK")
		return err
	}
	return admin.Exec("COMMIT")
}

// closeDatabase writes what is still in the write-ahead log into the file. The plugin keeps its one connection until the
// process ends.
func closeDatabase(database *config.SQL) error {
	if database.ConnectAttributes["mode"] == "memory" {
		return nil
	}
	admin, err := adminDB(database)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	return admin.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
}

func adminDB(database *config.SQL) (sqlplugin.AdminDB, error) {
	return sql.NewSQLAdminDB(sqlplugin.DbKindUnknown, database, resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
}
