//go:build browser && axe

package browser_test

import (
	"net/http"
	"os"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"homeroom/dev/browser"
	"homeroom/internal/temporaltest"
	"homeroom/rules"
	"homeroom/workflows"
)

// TestBroadcastPagesAreAccessible runs axe-core and the checks of every page on the pages of broadcasts: the list with one under way and one paused, one under way, and a dry run.
func TestBroadcastPagesAreAccessible(t *testing.T) {
	source, err := os.ReadFile(axeSource)
	must(t, err)
	lately := time.Now().Add(-time.Hour)
	progress := workflows.BroadcastProgress{
		Event:     "broadcast.started",
		Rules:     []string{"announce"},
		Status:    workflows.BroadcastRuns,
		Total:     5000,
		PerSecond: 100,
		Course:    "crs_go",
		Audience:  `learner.locale == "de"`,
		By:        "maya",
		ByWhom:    "tom",
		Counts: workflows.BroadcastCounts{
			Seen:       1264,
			Reached:    1234,
			LeftOut:    map[string]int{"condition": 20, "not_in_course": 10},
			Unwritable: map[string]int{"unsubscribed": 7},
		},
	}
	paused := progress
	paused.Status = workflows.BroadcastIsPaused
	counted := progress
	counted.Status = workflows.BroadcastDone
	counted.DryRun = true
	s := startConsoleOf(t, "", func(h http.Handler) http.Handler { return h }, temporaltest.NewBroadcasts(t,
		temporaltest.Broadcast{ID: "bc-runs", Started: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, Progress: progress},
		temporaltest.Broadcast{ID: "bc-paused", Started: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, Progress: paused},
		temporaltest.Broadcast{ID: "bc-dry", Started: lately, Ended: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, Progress: counted},
	))
	academy, problems := rules.FromBundle(map[string][]byte{
		"settings.yaml":       []byte("sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n"),
		"rules/announce.yaml": []byte("rule: announce\nwhen: {broadcast: true, audience: {in: course}}\ndo: [{send: news}]\n"),
		"messages/news.md":    []byte("---\nsubject: News\n---\nHi.\n"),
	})
	if academy == nil {
		t.Fatal(problems)
	}
	s.putInForce(academy, 2, "a rule to be started")
	for _, path := range []string{"/broadcasts", "/broadcasts/bc-runs", "/broadcasts/bc-dry"} {
		open(t, s.tab, s.root+path, http.StatusOK)
		everywhere(t, s.tab, browser.PageChecks()...)
		s.holdToAxe(t, string(source))
	}
}
