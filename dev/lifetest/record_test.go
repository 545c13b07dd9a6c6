package lifetest

import (
	"errors"
	"flag"
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

var record = flag.Bool("record", false, "write the histories to workflows/testdata/histories, where the replay test reads them")

// histories is where those of the present version are kept; those of earlier ones stay as they are.
var histories = fmt.Sprintf("../../workflows/testdata/histories/v%d", workflows.InputVersion)

var errNotYet = errors.New("not yet")

// replay runs a history through the workflow's code once more. The replayer writes into what it is given.
func replay(history *historypb.History) error {
	history = proto.CloneOf(history)
	r := worker.NewWorkflowReplayer()
	r.RegisterWorkflowWithOptions(workflows.Learner, workflow.RegisterOptions{Name: workflows.LearnerWorkflow})
	return r.ReplayWorkflowHistory(nil, history)
}

var identity = regexp.MustCompile(`"identity":\s*"[^"]*"`)

// keep writes a history; where it was recorded is nobody's business.
func keep(t *testing.T, name string, history *historypb.History) {
	t.Helper()
	body, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(history)
	if err != nil {
		t.Fatal(err)
	}
	text := identity.ReplaceAllString(string(body), `"identity":"homeroom"`)
	if host, err := os.Hostname(); err == nil {
		text = strings.ReplaceAll(text, `"`+host+":", `"host:`)
	}
	if err := os.WriteFile(filepath.Join(histories, name+".json"), []byte(text+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
