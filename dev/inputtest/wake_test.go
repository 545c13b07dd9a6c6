package inputtest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.temporal.io/api/serviceerror"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/cli"
	"homeroom/internal/clitest"
	"homeroom/rules"
	"homeroom/workflows"
)

// Learners who are imported sleep: nothing of Temporal's knows them. With --wake an inactivity rule reaches those whose
// silence falls due from now on, and leaves alone those who have been silent for long.
func TestInactivityRulesWaitForWhoIsWoken(t *testing.T) {
	ctx := harness.Deadline(t)
	s := harness.StartStack(t, ctx, stack.Options{})
	h := harness.OpenInstance(t, ctx, s, instance.Options{Academy: silent(t)})
	var mu sync.Mutex
	sent := map[string]int{}
	if err := instance.FollowDecisions(ctx, h.JS, func(d engine.Decision) {
		mu.Lock()
		defer mu.Unlock()
		if d.Kind == engine.KindSent {
			sent[d.Learner]++
		} else if d.Reason == engine.ReasonBehind { // the mail waits for the stream, on a busy machine
			return
		} else if d.Kind != engine.KindStarted && d.Kind != engine.KindExited {
			sent[fmt.Sprintf("%s: %s %s", d.Learner, d.Kind, d.Reason)]++
		}
	}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOMEROOM_NATS_URL", s.NATSURL)
	t.Setenv("TEMPORAL_ADDRESS", s.TemporalAddress)
	t.Setenv("TEMPORAL_NAMESPACE", s.Namespace)

	enrolled := func(learner string, at time.Time) string {
		return event("in", learner, "enrollment.created", at.UTC().Format(time.RFC3339Nano), `"course_id":"crs_go"`, `"email":"`+learner+`@example.org","consent":true`)
	}
	file := write(t, "learners.ndjson",
		enrolled("fresh", time.Now()),
		enrolled("dormant", time.Now().AddDate(-1, 0, 0)),
		enrolled("finished", time.Now()), event("out", "finished", "course.completed", time.Now().Add(time.Millisecond).UTC().Format(time.RFC3339Nano), `"course_id":"crs_go"`, ``),
	)
	homeroom := func(args ...string) string {
		t.Helper()
		var out, complaints bytes.Buffer
		if code := cli.Main(ctx, args, cli.IO{In: strings.NewReader(""), Out: &out, Err: &complaints, Now: time.Now}); code != 0 {
			t.Fatalf("homeroom %s: exit code %d\n%s%s", strings.Join(args, " "), code, &out, &complaints)
		}
		return out.String()
	}
	knows := func(learner string) bool {
		t.Helper()
		_, err := h.Temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(learner), "")
		if gone := (*serviceerror.NotFound)(nil); err != nil && !errors.As(err, &gone) {
			t.Fatal(err)
		}
		return err == nil
	}
	clitest.WantParts(t, homeroom("import", file), "Took in 4 events of 3 learners", "1 learner may fall silent")
	if knows("fresh") {
		t.Error("the import alone has started a workflow")
	}
	clitest.WantParts(t, homeroom("import", file, "--wake"), "The inactivity rules in force wait for 1 learner now.")
	for _, learner := range []string{"dormant", "finished"} {
		if knows(learner) {
			t.Errorf("%s was woken", learner)
		}
	}
	harness.Eventually(t, ctx, "a message to who fell silent, or why there is none", func() error {
		mu.Lock()
		defer mu.Unlock()
		if len(sent) == 0 {
			return errors.New("there is no decision")
		}
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	if len(sent) != 1 || sent["fresh"] != 1 {
		t.Errorf("sent and not sent: %v", sent)
	}
}

// silent is an academy that writes to those who have been silent for a few seconds.
func silent(t *testing.T) *rules.Academy {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"settings.yaml": `max_event_age: 1m
sender: {from: hello@academy.example, name: Academy, postal_address: "1 Harbour Lane"}
`,
		"messages/nudge.md": "---\nsubject: Still there?\n---\nCome back.\n",
		"rules/quiet.yaml":  "rule: quiet\nwhen: {inactive: 20s, in: course}\ndo: [{send: nudge}]\n",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	academy, problems := rules.Load(fsys, ".")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return academy
}
