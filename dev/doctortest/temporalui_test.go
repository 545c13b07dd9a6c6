package doctortest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"homeroom/dev/harness"
	"homeroom/internal/standin"
	"homeroom/workflows"
)

// TestTheDocumentsQueries: Temporal takes every query of docs/temporal-ui.md, those by course and stage find the learner, and the query `readable`
// answers without anything packed.
func TestTheDocumentsQueries(t *testing.T) {
	ctx := harness.Deadline(t)
	s := start(t, ctx, standin.Account{})
	r := serve(t, ctx, s)
	enroll(t, ctx, s, "u_7")
	c, err := client.DialContext(ctx, client.Options{HostPort: s.TemporalAddress, Namespace: s.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	var queries []string
	for line := range strings.Lines(read(t, "docs/temporal-ui.md")) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) == 4 && strings.Contains(cells[2], "`WorkflowType = ") {
			queries = append(queries, strings.Trim(cells[2], " `"))
		}
	}
	if len(queries) != 8 {
		t.Fatalf("docs/temporal-ui.md has %d queries", len(queries))
	}
	harness.Eventually(t, ctx, "the learner in the course's list", func() error {
		found := 0
		for _, query := range queries {
			list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
			if err != nil {
				return fmt.Errorf("%s: %w", query, err)
			}
			if strings.Contains(query, "HomeroomCourses = 'crs_go'") {
				found = len(list.Executions)
			}
		}
		if found != 1 {
			return errors.New("nobody is in crs_go")
		}
		return nil
	})
	var text struct {
		Learner string
		Seen    int
		Starts  []struct{ Key, Started string }
	}
	harness.Eventually(t, ctx, "an answer to the query readable", func() error {
		answer, err := c.QueryWorkflow(ctx, workflows.WorkflowID("u_7"), "", workflows.QueryReadable)
		if err == nil {
			err = answer.Get(&text)
		}
		if err == nil && (text.Learner != "u_7" || text.Seen == 0) {
			err = fmt.Errorf("it says %+v", text)
		}
		return err
	})
	r.stop()
	r.ended(t)
}
