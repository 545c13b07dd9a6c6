package servers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// retention is how long closed runs are kept.
const retention = 30 * 24 * time.Hour

// databases are a server's two, so that what is written for the UI's lists does not hold up the runs themselves.
type databases struct {
	runs, visibility *config.SQL
	shards           int32 // of the runs
}

// openDatabases prepares them with their schemas and the namespace.
func openDatabases(o TemporalOptions) (*databases, error) {
	open := openSQLite
	if o.Postgres != nil {
		open = openPostgres
	}
	d, err := open(o)
	if err != nil {
		return nil, err
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, o.Namespace, false, o.SearchAttributes)
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", o.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(retention)
	if err := sqlite.CreateNamespaces(d.runs, namespace); err != nil { // of whatever database: it asks the plugin
		return nil, fmt.Errorf("namespace %s: %w", o.Namespace, err)
	}
	return d, nil
}

// openSQLite prepares two files: one connection each, the plugin's default (more of them wait for each other's locks and do a third of the work), and one shard.
func openSQLite(o TemporalOptions) (*databases, error) {
	runs, err := openFile(o.File)
	if err != nil {
		return nil, err
	}
	visibility, err := openFile(VisibilityFile(o.File))
	if err != nil {
		return nil, err
	}
	if err := dropIndexes(visibility); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return &databases{runs: runs, visibility: visibility, shards: 1}, nil
}

// VisibilityFile returns the file of the visibility, in the same folder as the file of the runs; empty for a server in
// memory.
func VisibilityFile(file string) string {
	if file == "" {
		return ""
	}
	ext := filepath.Ext(file)
	return strings.TrimSuffix(file, ext) + "-visibility" + ext
}

// openFile opens the file, or a database in memory if there is none.
func openFile(file string) (*config.SQL, error) {
	attributes := map[string]string{
		"cache_size": "-65536", // KiB
		"temp_store": "memory",
	}
	if file == "" {
		attributes["mode"] = "memory"
		attributes["cache"] = "shared"
		return &config.SQL{PluginName: sqliteplugin.PluginName, DatabaseName: "homeroom-" + rand.Text(), ConnectAttributes: attributes}, nil // the process may run several
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	// What was committed survives the process; what the machine had not yet written when its power went may be lost.
	attributes["mode"] = "rwc"
	attributes["journal_mode"] = "wal"
	attributes["synchronous"] = "normal"
	attributes["wal_autocheckpoint"] = "10000" // pages
	database := &config.SQL{PluginName: sqliteplugin.PluginName, DatabaseName: file, ConnectAttributes: attributes}
	if err := setUpFile(database); err != nil {
		return nil, fmt.Errorf("database %s: %w", file, err)
	}
	return database, nil
}

// unusedIndexes returns the indexes of visibility attributes that are not searched by on a stack on one machine. Every write
// of a run updates each of the 58 indexes; without these job B of the bench passes 40% more messages. Searching by these
// attributes still works, but reads more rows.
func unusedIndexes() []string {
	names := []string{
		"history_length", "history_size_bytes", "execution_duration", "state_transition_count", "parent_workflow_id", "parent_run_id",
		"root_workflow_id", "root_run_id", "batcher_user", "temporal_scheduled_start_time", "temporal_scheduled_by_id",
		"temporal_schedule_paused", "temporal_pause_info", "temporal_worker_deployment_version",
		"temporal_workflow_versioning_behavior", "temporal_worker_deployment", "temporal_low_cardinality_keyword_01",
	}
	for prefix, n := range map[string]int{
		"bool": 3, "datetime": 3, "double": 3, "int": 3, "keyword": 10,
		"temporal_bool": 2, "temporal_datetime": 2, "temporal_double": 2, "temporal_int": 2, "temporal_keyword": 4,
	} {
		for i := range n {
			if name := fmt.Sprintf("%s_%02d", prefix, i+1); name != "keyword_01" { // the stage
				names = append(names, name)
			}
		}
	}
	return names
}

func dropIndexes(database *config.SQL) error {
	admin, err := adminDB(database)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	for _, name := range unusedIndexes() {
		if err := admin.Exec("DROP INDEX IF EXISTS by_" + name); err != nil {
			return err
		}
	}
	return nil
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
		return fmt.Errorf("not a database of Homeroom's; use an empty directory: %w", err)
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

// closeAll writes what is still in the write-ahead logs into the files. The plugin keeps its connections until the process ends.
func (d *databases) closeAll() error {
	return errors.Join(closeDatabase(d.runs), closeDatabase(d.visibility))
}

func closeDatabase(database *config.SQL) error {
	if database.PluginName != sqliteplugin.PluginName || database.ConnectAttributes["mode"] == "memory" {
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
