package servers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

var searchAttributes = map[string]enums.IndexedValueType{
	"HomeroomStage":   enums.INDEXED_VALUE_TYPE_KEYWORD,
	"HomeroomCourses": enums.INDEXED_VALUE_TYPE_KEYWORD_LIST,
	"HomeroomRules":   enums.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}

const taskQueue = "test"

// waiting is a workflow that shows a stage, counts what it hears, and ends with the signal "stop".
func waiting(ctx workflow.Context) (int, error) {
	heard := 0
	if err := workflow.SetQueryHandler(ctx, "heard", func() (int, error) { return heard, nil }); err != nil {
		return 0, err
	}
	stage := temporal.NewSearchAttributeKeyKeyword("HomeroomStage").ValueSet("awake")
	courses := temporal.NewSearchAttributeKeyKeywordList("HomeroomCourses").ValueSet([]string{"crs_go", "crs_sql"})
	if err := workflow.UpsertTypedSearchAttributes(ctx, stage, courses); err != nil {
		return 0, err
	}
	for {
		var word string
		workflow.GetSignalChannel(ctx, "word").Receive(ctx, &word)
		heard++
		if word == "stop" {
			return heard, nil
		}
	}
}

// within is a context for one step of a test.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func dial(t *testing.T, server *Temporal) client.Client {
	t.Helper()
	c, err := client.DialContext(within(t, time.Minute), client.Options{
		HostPort:  server.Address(),
		Namespace: server.Namespace(),
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func startWorker(t *testing.T, c client.Client) worker.Worker {
	t.Helper()
	w := worker.New(c, taskQueue, worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterWorkflow(waiting)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestEverythingStartsWorksAndStops(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	ctx := within(t, time.Minute)
	n, err := StartNATS(ctx, NATSOptions{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s, err := StartTemporal(ctx, TemporalOptions{SearchAttributes: searchAttributes, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	u, err := StartUI(ctx, UIOptions{TemporalAddress: s.Address(), Log: log})
	if err != nil {
		t.Fatal(err)
	}

	useNATS(ctx, t, n)
	useTemporal(ctx, t, s)
	useUI(t, u)
	if said.Len() > 0 {
		t.Errorf("the servers were not quiet:\n%s", said.String())
	}

	for range 2 { // the second stop finds nothing to do
		for name, stop := range map[string]func(context.Context) error{"UI": u.Stop, "Temporal": s.Stop, "NATS": n.Stop} {
			if err := stop(within(t, time.Minute)); err != nil {
				t.Errorf("stop %s: %v", name, err)
			}
		}
	}
	for _, address := range []string{strings.TrimPrefix(n.URL(), "nats://"), s.Address(), strings.TrimPrefix(u.URL(), "http://")} {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("the port is still taken: %v", err)
			continue
		}
		_ = ln.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	goroutinesGone(t)
}

// keptByTemporal are the creators of goroutines that a stopped Temporal leaves asleep: it closes neither its clients'
// connections nor the SQLite plugin's one.
var keptByTemporal = []string{
	"created by google.golang.org/grpc/internal/grpcsync.NewCallbackSerializer",
	"created by google.golang.org/grpc.(*acBalancerWrapper).Connect",
	"created by database/sql.OpenDB",
}

// goroutinesGone waits until the goroutines that servers started have ended.
func goroutinesGone(t *testing.T) {
	t.Helper()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	ctx := within(t, time.Minute)
	for {
		left := foreignGoroutines()
		if len(left) == 0 {
			return
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Fatalf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
		}
	}
}

func foreignGoroutines() []string {
	stacks := make([]byte, 8<<20)
	var foreign []string
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		own := strings.Contains(stack, "testing.") || strings.Contains(stack, "runtime.Stack")
		kept := slices.ContainsFunc(keptByTemporal, func(creator string) bool { return strings.Contains(stack, creator) })
		if !own && !kept {
			foreign = append(foreign, stack)
		}
	}
	return foreign
}

func useNATS(ctx context.Context, t *testing.T, n *NATS) {
	t.Helper()
	nc, err := nats.Connect(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "LEARNING", Subjects: []string{"learning.>"}}); err != nil {
		t.Fatal(err)
	}
	ack, err := js.Publish(ctx, "learning.u_42.lesson.completed", []byte("{}"))
	if err != nil || ack.Sequence != 1 {
		t.Errorf("publish: got %+v, %v", ack, err)
	}
}

func useTemporal(ctx context.Context, t *testing.T, s *Temporal) {
	t.Helper()
	c := dial(t, s)
	defer c.Close()
	w := startWorker(t, c)
	defer w.Stop()
	run, err := c.SignalWithStartWorkflow(ctx, "learner/u_42", "word", "hello", client.StartWorkflowOptions{TaskQueue: taskQueue}, waiting)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.QueryWorkflow(ctx, run.GetID(), "", "heard")
	if err != nil {
		t.Fatal(err)
	}
	var heard int
	if err := answer.Get(&heard); err != nil || heard != 1 {
		t.Errorf("query: got %d, %v; want 1", heard, err)
	}
	found(ctx, t, c, `HomeroomStage = "awake" AND HomeroomCourses = "crs_sql"`)
	if err := c.SignalWorkflow(ctx, run.GetID(), "", "word", "stop"); err != nil {
		t.Fatal(err)
	}
	if err := run.Get(ctx, &heard); err != nil || heard != 2 {
		t.Errorf("result: got %d, %v; want 2", heard, err)
	}
}

// found waits until the query finds one workflow: visibility follows a moment later.
func found(ctx context.Context, t *testing.T, c client.Client, query string) {
	t.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		answer, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if answer.GetCount() == 1 {
			return
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Fatalf("%s: found %d workflows, want 1", query, answer.GetCount())
		}
	}
}

func useUI(t *testing.T, u *UI) {
	t.Helper()
	for path, want := range map[string]string{
		"/":                             "<html",
		"/healthz":                      "OK",
		"/api/v1/settings":              `"DefaultNamespace":"default"`,
		"/api/v1/namespaces/default":    "NAMESPACE_STATE_REGISTERED",
		"/namespaces/default/workflows": "<html",
	} {
		resp, err := http.Get(u.URL() + path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: got %s without %q:\n%.400s", path, resp.Status, want, body)
		}
	}
}

func TestRestartKeepsWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	ctx := within(t, time.Minute)
	start := func() (*NATS, *Temporal) {
		n, err := StartNATS(ctx, NATSOptions{Dir: filepath.Join(dir, "nats")})
		if err != nil {
			t.Fatal(err)
		}
		s, err := StartTemporal(ctx, TemporalOptions{File: filepath.Join(dir, "temporal", "temporal.db"), SearchAttributes: searchAttributes})
		if err != nil {
			t.Fatal(err)
		}
		return n, s
	}
	stop := func(n *NATS, s *Temporal) {
		if err := errors.Join(s.Stop(within(t, time.Minute)), n.Stop(within(t, time.Minute))); err != nil {
			t.Error(err)
		}
	}

	n, s := start()
	useNATS(ctx, t, n)
	c := dial(t, s)
	w := startWorker(t, c)
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "learner/u_42", TaskQueue: taskQueue}, waiting)
	if err != nil {
		t.Fatal(err)
	}
	found(ctx, t, c, `HomeroomStage = "awake"`)
	w.Stop()
	c.Close()
	stop(n, s)

	n, s = start()
	defer stop(n, s)
	c = dial(t, s)
	defer c.Close()
	w = startWorker(t, c)
	defer w.Stop()
	found(ctx, t, c, `HomeroomStage = "awake"`)
	if err := c.SignalWorkflow(ctx, run.GetID(), run.GetRunID(), "word", "stop"); err != nil {
		t.Fatalf("the running workflow is gone: %v", err)
	}
	var heard int
	if err := c.GetWorkflow(ctx, run.GetID(), run.GetRunID()).Get(ctx, &heard); err != nil || heard != 1 {
		t.Errorf("got %d, %v; want 1", heard, err)
	}
	nc, err := nats.Connect(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(ctx, "LEARNING")
	if err != nil || stream.CachedInfo().State.Msgs != 1 {
		t.Errorf("the stream is not as it was: %v", err)
	}
}

func TestTakenPorts(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	port := ln.Addr().(*net.TCPAddr).Port
	ctx := within(t, time.Minute)
	starts := map[string]func() error{
		"NATS":     func() error { _, err := StartNATS(ctx, NATSOptions{Port: port}); return err },
		"Temporal": func() error { _, err := StartTemporal(ctx, TemporalOptions{Port: port}); return err },
		"UI": func() error {
			_, err := StartUI(ctx, UIOptions{Port: port, TemporalAddress: "127.0.0.1:1"})
			return err
		},
	}
	for name, start := range starts {
		if err := start(); !errors.Is(err, ErrPortTaken) {
			t.Errorf("%s: got %v, want the port named as taken", name, err)
		}
	}
}

func TestStopIsBounded(t *testing.T) {
	var s stopOnce
	release := make(chan struct{})
	defer close(release)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	first := s.stopWithin(ended, "a slow server", func() error { <-release; return nil })
	if !errors.Is(first, context.Canceled) || !strings.Contains(first.Error(), "a slow server") {
		t.Errorf("got %v", first)
	}
	if again := s.stopWithin(context.Background(), "a slow server", func() error { return nil }); !errors.Is(again, first) {
		t.Errorf("the second stop said %v, want the first result", again)
	}
}
