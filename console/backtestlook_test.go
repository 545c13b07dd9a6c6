package console_test

import (
	"context"
	"strings"
	"testing"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"homeroom/admin"
	"homeroom/console"
)

// silentTemporal knows no workflow, and does not answer before it is told to.
type silentTemporal struct {
	client.Client
	answers chan struct{} // closed: it answers
}

func (s *silentTemporal) DescribeWorkflowExecution(ctx context.Context, _, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	select {
	case <-s.answers:
		return nil, serviceerror.NewNotFound("there is none")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestNobodyAnsweredWhetherThereIsABacktest: the page does not say that nobody has run one before that is known.
func TestNobodyAnsweredWhetherThereIsABacktest(t *testing.T) {
	temporal := &silentTemporal{answers: make(chan struct{})}
	s := openSiteOf(t, tokens(t, "maya  editor  "+mayas+"\nvi  viewer  "+views+"\n"), 1, console.TestMail{}, temporal)
	draft, err := s.admin.DraftOf(t.Context(), "maya")
	if err != nil {
		t.Fatal(err)
	}
	edit := admin.FileEdit{Path: "rules/quiz-retry.yaml", Content: append(s.inForce("rules/quiz-retry.yaml"), "# an edit\n"...)}
	if _, err := s.admin.SaveDraft(t.Context(), draft, edit, "maya"); err != nil {
		t.Fatal(err)
	}
	vi := s.browser(views)
	const unknown = "Whether another console has run one meanwhile is not known"
	for range 2 {
		if page := vi.get("/drafts/maya/backtest"); !strings.Contains(page, unknown) || strings.Contains(page, "Nobody has run one") {
			t.Fatalf("while nobody answers the page says\n%s", page)
		}
	}
	close(temporal.answers)
	for t.Context().Err() == nil {
		page := vi.get("/drafts/maya/backtest")
		if strings.Contains(page, "Nobody has run one") {
			break
		}
		if !strings.Contains(page, unknown) {
			t.Fatalf("the page says\n%s", page)
		}
	}
}
