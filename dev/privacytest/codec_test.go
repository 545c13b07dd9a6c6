package privacytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/app"
	"homeroom/delivery/sendgrid"
	"homeroom/dev/harness"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/codec"
	"homeroom/privacy"
	"homeroom/store"
	"homeroom/workflows"
)

// TestEncryptedHistoriesTellNothing: with the codec on, what learners did cannot be read in Temporal, and everything works:
// runs begun without encryption go on with it, and keys can be replaced.
func TestEncryptedHistoriesTellNothing(t *testing.T) {
	ctx := harness.Deadline(t)
	s := servers(t, ctx)
	nc, err := nats.Connect(s.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	platform := &platform{t: t, ctx: ctx, js: js}
	failed := func(learner, assessment string) {
		platform.publish(person{id: learner, marker: learner, address: learner + "@learners.example"}, "assessment.graded",
			map[string]any{"assessment_id": assessment, "score_pct": 40.0, "passed": false, "grader_type": "auto"})
	}

	// Without encryption the search finds what it looks for.
	h := serve(t, ctx, s, js, nil)
	failed("cem", "asm_plain4711word")
	h.remembers(t, ctx, "cem", "asm_plain4711word")
	if found := traces(t, ctx, js, h.temporal, s.Namespace, "asm_plain4711word"); found["Temporal histories"] == 0 {
		t.Fatalf("the search does not find what is there: %v", found)
	}
	h.close()

	// Switched on while cem's run is under way.
	h = serve(t, ctx, s, js, []byte{1})
	failed("cem", "asm_hidden4711word")
	failed("ada", "asm_hidden4711word")
	h.remembers(t, ctx, "cem", "asm_plain4711word", "asm_hidden4711word")
	h.remembers(t, ctx, "ada", "asm_hidden4711word")
	h.rests(t, ctx, "ada")
	h.hides(t, ctx, js, "asm_hidden4711word")
	h.close()

	// The key is replaced; what the old one encrypted is still read.
	h = serve(t, ctx, s, js, []byte{2, 1})
	failed("ada", "asm_later4711word")
	h.remembers(t, ctx, "ada", "asm_hidden4711word", "asm_later4711word")
	h.hides(t, ctx, js, "asm_later4711word")
	h.exportsAndErases(t, ctx, js, "ada")
	h.close()

	// A worker that lacks the key drops nothing: the learner waits until one has it.
	h = serve(t, ctx, s, js, []byte{3})
	failed("cem", "asm_waiting4711word")
	h.holds(t, ctx, "cem")
	h.close()
	h = serve(t, ctx, s, js, []byte{3, 2, 1})
	h.remembers(t, ctx, "cem", "asm_plain4711word", "asm_hidden4711word", "asm_waiting4711word")
}

// served is Homeroom with a codec.
type served struct {
	app       *app.App
	temporal  client.Client
	namespace string
}

// serve starts Homeroom with keys, each named by its byte; none: without encryption.
func serve(t *testing.T, ctx context.Context, s *stack.Stack, js jetstream.JetStream, secrets []byte) *served {
	t.Helper()
	options := client.Options{HostPort: s.TemporalAddress, Namespace: s.Namespace, Logger: silent{}}
	var keys []codec.Key
	for _, b := range secrets {
		key, err := codec.NewKey(bytes.Repeat([]byte{b}, codec.KeySize))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if len(keys) > 0 {
		c, err := codec.New(keys...)
		if err != nil {
			t.Fatal(err)
		}
		c.Apply(&options)
	}
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := sendgrid.New(sendgrid.Options{APIKey: "SG.stand-in", Host: s.InboxURL, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h := &served{temporal: temporal, namespace: s.Namespace}
	h.app, err = app.New(ctx, app.Options{
		JetStream:  js,
		Temporal:   temporal,
		Namespace:  s.Namespace,
		Academy:    folder(t),
		Sender:     sender,
		PublicURL:  s.InboxURL,
		RestAfter:  2 * time.Second,
		MarkEvery:  100 * time.Millisecond,
		MarkMargin: 50 * time.Millisecond,
	})
	if err == nil {
		err = h.app.Start(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h
}

// close may be called again.
func (h *served) close() {
	h.app.Stop()
	h.temporal.Close()
}

// remembers waits until a learner's runs are about the assessments.
func (h *served) remembers(t *testing.T, ctx context.Context, learner string, assessments ...string) {
	t.Helper()
	harness.Eventually(t, ctx, learner+" is under way", func() error {
		answer, err := h.temporal.QueryWorkflow(ctx, workflows.WorkflowID(learner), "", workflows.QueryState)
		if err != nil {
			return err
		}
		var state engine.State
		if err := answer.Get(&state); err != nil {
			return err
		}
		if len(state.Runs) != len(assessments) {
			return fmt.Errorf("%d runs, want %d", len(state.Runs), len(assessments))
		}
		for i, assessment := range assessments {
			if got := state.Runs[i].Trigger.Properties["assessment_id"]; got != assessment {
				return fmt.Errorf("run %d is about %v, want %s", i, got, assessment)
			}
		}
		return nil
	})
}

// rests waits until the learner's workflow has continued as new.
func (h *served) rests(t *testing.T, ctx context.Context, learner string) {
	t.Helper()
	harness.Eventually(t, ctx, learner+" rests", func() error {
		for _, r := range runs(t, ctx, h.temporal) {
			if r.Execution.WorkflowId == workflows.WorkflowID(learner) && r.CloseTime != nil {
				return nil
			}
		}
		return errors.New("there is one run only")
	})
}

// holds waits until a worker that cannot read the learner's events has failed over them, and checks that the run lives.
func (h *served) holds(t *testing.T, ctx context.Context, learner string) {
	t.Helper()
	harness.Eventually(t, ctx, learner+" is held", func() error {
		d, err := h.temporal.DescribeWorkflowExecution(ctx, workflows.WorkflowID(learner), "")
		if err != nil {
			return err
		}
		if d.WorkflowExecutionInfo.CloseTime != nil {
			t.Fatalf("the run ended: %v", d.WorkflowExecutionInfo.Status)
		}
		if d.GetPendingWorkflowTask().GetAttempt() < 2 {
			return fmt.Errorf("no task has failed yet: %v", d.GetPendingWorkflowTask())
		}
		return nil
	})
}

// hides checks that Temporal holds nothing that can be read.
func (h *served) hides(t *testing.T, ctx context.Context, js jetstream.JetStream, marker string) {
	t.Helper()
	found := traces(t, ctx, js, h.temporal, h.namespace, marker)
	for _, place := range []string{"Temporal visibility", "Temporal executions", "Temporal histories"} {
		if found[place] > 0 {
			t.Errorf("%s: %d traces of %s", place, found[place], marker)
		}
	}
}

func (h *served) exportsAndErases(t *testing.T, ctx context.Context, js jetstream.JetStream, learner string) {
	t.Helper()
	p, err := privacy.New(privacy.Options{JS: js, Store: h.app.Store(), Temporal: h.temporal, Namespace: h.namespace, Now: time.Now, SearchPause: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := p.Export(ctx, learner)
	if err != nil {
		t.Fatal(err)
	}
	if w := items(doc, "workflow"); len(w) != 1 || w[0].(privacy.Workflow).State == nil {
		t.Errorf("the export tells of the workflow %+v, want its state", w)
	}
	receipt, err := p.Erase(ctx, learner, "", time.Now())
	if err != nil || !receipt.Complete {
		t.Errorf("erasing: %+v, %v", receipt, err)
	}
	if _, erased, err := h.app.Store().Suppressions.Tombstone(ctx, learner); !erased || err != nil {
		t.Errorf("the tombstone is there: %v, %v", erased, err)
	}
	if s, has, err := h.app.Store().Suppressions.Get(ctx, learner+"@learners.example"); err != nil || !has || s.Reason != store.ReasonErased {
		t.Errorf("the address is suppressed: %v, %v, %v", s, has, err)
	}
}

// silent is a log that nobody reads: one of these workers is meant to fail.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
