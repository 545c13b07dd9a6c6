package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/proto"

	"homeroom/workflows"
)

// ReplayHistory runs a history through the workflow's code once more. The replayer changes what it is given, so it gets a copy.
func ReplayHistory(history *historypb.History) error {
	r := worker.NewWorkflowReplayer()
	r.RegisterWorkflowWithOptions(workflows.Learner, workflow.RegisterOptions{Name: workflows.LearnerWorkflow})
	r.RegisterWorkflowWithOptions(workflows.Broadcast, workflow.RegisterOptions{Name: workflows.BroadcastWorkflow})
	r.RegisterWorkflowWithOptions(workflows.Backtest, workflow.RegisterOptions{Name: workflows.BacktestWorkflow})
	r.RegisterWorkflowWithOptions(workflows.Staff, workflow.RegisterOptions{Name: workflows.StaffWorkflow})
	return r.ReplayWorkflowHistory(nil, proto.CloneOf(history))
}

// identityMember is the member of a history's JSON that says on which machine it was recorded.
var identityMember = regexp.MustCompile(`"identity":\s*"[^"]*"`)

// KeepHistory writes a history to the folder of the present input version, where the replay test of package workflows reads it, without the
// name of this machine. Histories of earlier versions stay as they are. The test must run in a folder of dev.
func KeepHistory(t testing.TB, name string, history *historypb.History) {
	t.Helper()
	body, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(history)
	if err != nil {
		t.Fatal(err)
	}
	text := identityMember.ReplaceAllString(string(body), `"identity":"homeroom"`)
	if host, err := os.Hostname(); err == nil {
		text = strings.ReplaceAll(text, `"`+host+":", `"host:`)
	}
	folder := fmt.Sprintf("../../workflows/testdata/histories/v%d", workflows.InputVersion)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".json"), []byte(text+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
