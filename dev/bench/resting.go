package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	workflow "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	_ "modernc.org/sqlite" // the driver that the Temporal server uses

	"homeroom/dev/servers"
	"homeroom/workflows"
)

// restingCost is the cost of learners who only wait for a deadline or an event.
type restingCost struct {
	learners      int
	events        int   // history events of the median run
	bytes         int64 // in Temporal's database, of the median run
	largestEvents int
	retired       int // runs that have ended later because nothing was due
}

// runTables are the tables in which Temporal keeps an open run, with the column that identifies the run. Tables that all
// runs share (task queues, shards) are not counted.
var runTables = []struct{ table, run string }{
	{"executions", "run_id"}, {"current_executions", "run_id"}, {"timer_info_maps", "run_id"}, {"signals_requested_sets", "run_id"},
	{"activity_info_maps", "run_id"}, {"buffered_events", "run_id"}, {"history_node", "tree_id"}, {"history_tree", "tree_id"},
}

// measureResting measures every resting run in its history and in the database file.
func measureResting(ctx context.Context, c client.Client, file string) (*restingCost, error) {
	runs, err := listRuns(ctx, c, fmt.Sprintf("WorkflowType = %q AND %s = %q AND ExecutionStatus = 'Running'", workflows.LearnerWorkflow, workflows.SearchStage.GetName(), workflows.StageResting))
	if err != nil || len(runs) == 0 {
		return &restingCost{}, err
	}
	db, err := openDatabases(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("reading Temporal's database: %w", err)
	}
	defer func() { _ = db.Close() }()
	var events []int
	var sizes []int64
	for _, run := range runs {
		all, err := readHistory(ctx, c, run.Execution)
		if err != nil {
			return nil, err
		}
		events = append(events, len(all))
		size, err := storedBytes(ctx, db, run.Execution.GetRunId())
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, size)
	}
	slices.Sort(events)
	slices.Sort(sizes)
	return &restingCost{
		learners:      len(runs),
		events:        events[len(events)/2],
		bytes:         sizes[len(sizes)/2],
		largestEvents: events[len(events)-1],
	}, nil
}

func retiredRuns(ctx context.Context, c client.Client) ([]*workflow.WorkflowExecutionInfo, error) {
	return listRuns(ctx, c, fmt.Sprintf("WorkflowType = %q AND %s = %q", workflows.LearnerWorkflow, workflows.SearchStage.GetName(), workflows.StageRetired))
}

// openDatabases opens the database of the runs, and that of the visibility as schema "seen".
func openDatabases(ctx context.Context, file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // ATTACH is valid for one connection only
	if _, err := db.ExecContext(ctx, "ATTACH DATABASE ? AS seen", "file:"+servers.VisibilityFile(file)+"?mode=ro"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// storedBytes returns the size of all rows of a run, visibility included.
func storedBytes(ctx context.Context, db *sql.DB, run string) (int64, error) {
	id, err := uuid.Parse(run)
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", run, err)
	}
	var sum int64
	for _, t := range runTables {
		n, err := rowBytes(ctx, db, t.table, t.run, id[:])
		if err != nil {
			return 0, err
		}
		sum += n
	}
	n, err := rowBytes(ctx, db, "seen.executions_visibility", "run_id", run)
	return sum + n, err
}

// rowBytes returns the total length of all columns of a run's rows in a table.
func rowBytes(ctx context.Context, db *sql.DB, table, column string, run any) (int64, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" WHERE "+column+" = ?", run)
	if err != nil {
		return 0, fmt.Errorf("reading Temporal's table %s: %w", table, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	raw := make([]sql.RawBytes, len(columns))
	into := make([]any, len(columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	var sum int64
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return 0, fmt.Errorf("reading Temporal's table %s: %w", table, err)
		}
		for _, value := range raw {
			sum += int64(len(value))
		}
	}
	return sum, rows.Err()
}
