// Package harness holds what the tests of this module share: time limits, waiting, academies written in a test, and stacks of
// embedded servers with Homeroom on them. Only tests import it.
package harness

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/workflows"
)

// MaxWait is how long a test waits for what it expects. It is long because test machines are busy.
const MaxWait = 2 * time.Minute

// stopTime is how long servers may take to stop.
const stopTime = time.Minute

// Deadline returns a context that ends with the test, or after MaxWait.
func Deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), MaxWait)
	t.Cleanup(cancel)
	return ctx
}

// Eventually calls check until it returns no error. If ctx ends before, the test fails with the last error. It is for what
// cannot be waited for in another way.
func Eventually(t testing.TB, ctx context.Context, what string, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// StopAtEnd calls stop at the end of the test, with a context of a minute. An error fails the test.
func StopAtEnd(t testing.TB, stop func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

// StartStack starts embedded servers, stopped at the end of the test.
func StartStack(t testing.TB, ctx context.Context, o stack.Options) *stack.Stack {
	t.Helper()
	s, err := stack.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	StopAtEnd(t, s.Stop)
	return s
}

// OpenInstance starts Homeroom on a stack, closed at the end of the test.
func OpenInstance(t testing.TB, ctx context.Context, s *stack.Stack, o instance.Options) *instance.Instance {
	t.Helper()
	h, err := instance.Open(ctx, s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// Files returns the files of an academy by their path: settings.yaml with a sender, messages/nudge.md, and the given files,
// which replace those of the same path.
func Files(files map[string]string) map[string]string {
	all := map[string]string{
		"settings.yaml":     "sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n",
		"messages/nudge.md": "---\nsubject: One more try\n---\nHi {{ learner.first_name | default: \"there\" }}, have another go.\n",
	}
	for name, text := range files {
		all[name] = text
	}
	return all
}

// LoadAcademy compiles files, and nothing but these.
func LoadAcademy(files map[string]string) (*rules.Academy, error) {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	academy, problems := rules.Load(fsys, ".")
	return academy, problems.Err()
}

// Academy compiles Files(files).
func Academy(t testing.TB, files map[string]string) *rules.Academy {
	t.Helper()
	academy, err := LoadAcademy(Files(files))
	if err != nil {
		t.Fatal(err)
	}
	return academy
}

// QueryState asks the newest run of a learner's workflow for its state.
func QueryState(ctx context.Context, c client.Client, learner string) (engine.State, error) {
	var state engine.State
	answer, err := c.QueryWorkflow(ctx, workflows.WorkflowID(learner), "", workflows.QueryState)
	if err != nil {
		return state, err
	}
	return state, answer.Get(&state)
}
