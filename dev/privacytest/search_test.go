package privacytest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// traces finds every place that mentions a marker, without regard to case, and counts: in the subjects, headers and data of
// every message of every stream, and in everything that Temporal says of every workflow.
func traces(t *testing.T, ctx context.Context, js jetstream.JetStream, c client.Client, namespace, marker string) map[string]int {
	t.Helper()
	found := map[string]int{}
	note := func(where string, texts ...[]byte) {
		for _, text := range texts {
			if mentions(text, marker) {
				found[where]++
				return
			}
		}
	}
	streams := js.ListStreams(ctx)
	for stream := range streams.Info() {
		name := stream.Config.Name
		for m := range messages(t, ctx, js, stream) {
			headers := fmt.Sprint(m.Headers())
			note(name, []byte(m.Subject()), []byte(headers), m.Data())
		}
	}
	if err := streams.Err(); err != nil {
		t.Fatal(err)
	}
	for _, run := range runs(t, ctx, c) {
		note("Temporal visibility", text(t, run))
		if described, err := c.DescribeWorkflowExecution(ctx, run.Execution.WorkflowId, run.Execution.RunId); err == nil {
			note("Temporal executions", text(t, described))
		}
		for _, event := range history(t, ctx, c, run.Execution) {
			note("Temporal histories", event)
		}
	}
	return found
}

// runs are all runs of all workflows of the namespace.
func runs(t *testing.T, ctx context.Context, c client.Client) []*workflowInfo {
	t.Helper()
	var all []*workflowInfo
	request := &workflowservice.ListWorkflowExecutionsRequest{}
	for {
		page, err := c.ListWorkflow(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Executions...)
		if request.NextPageToken = page.NextPageToken; len(request.NextPageToken) == 0 {
			return all
		}
	}
}

// history are the events of a run, each as stored: what payloads hold stands there as it is, and as text.
func history(t *testing.T, ctx context.Context, c client.Client, run *common.WorkflowExecution) [][]byte {
	t.Helper()
	var events [][]byte
	it := c.GetWorkflowHistory(ctx, run.WorkflowId, run.RunId, false, 0)
	for it.HasNext() {
		event, err := it.Next()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := proto.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, slices.Concat(raw, text(t, event)))
	}
	return events
}

func text(t *testing.T, m proto.Message) []byte {
	t.Helper()
	written, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// messages yields what a stream holds.
func messages(t *testing.T, ctx context.Context, js jetstream.JetStream, stream *jetstream.StreamInfo) func(func(jetstream.Msg) bool) {
	return func(yield func(jetstream.Msg) bool) {
		consumer, err := js.OrderedConsumer(ctx, stream.Config.Name, jetstream.OrderedConsumerConfig{})
		if err != nil {
			t.Fatal(err)
		}
		left := consumer.CachedInfo().NumPending
		if left == 0 {
			return
		}
		all, err := consumer.Messages()
		if err != nil {
			t.Fatal(err)
		}
		defer all.Stop()
		for left > 0 {
			m, err := all.Next()
			if err != nil {
				t.Fatal(err)
			}
			meta, err := m.Metadata()
			if err != nil {
				t.Fatal(err)
			}
			left = meta.NumPending
			if !yield(m) {
				return
			}
		}
	}
}

// mentions looks for a marker as it is and, wherever it may begin, in base64.
func mentions(text []byte, marker string) bool {
	if bytes.Contains(bytes.ToLower(text), []byte(strings.ToLower(marker))) {
		return true
	}
	for shift := range 3 {
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + marker))
		// What depends on the marker alone: each character holds six bits.
		if bytes.Contains(text, []byte(coded[(8*shift+5)/6:8*(shift+len(marker))/6])) {
			return true
		}
	}
	return false
}
