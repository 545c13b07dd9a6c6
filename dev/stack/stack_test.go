package stack

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"homeroom/dev/servers"
	"homeroom/internal/standin"
)

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestStack(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s, err := Start(within(t, time.Minute), Options{Data: t.TempDir(), Mail: standin.Options{Now: func() time.Time { return at }}})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(s.NATSURL)
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	for _, url := range []string{s.UIURL, s.InboxURL} {
		resp, err := http.Get(url)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, %v", url, resp, err)
			continue
		}
		_ = resp.Body.Close()
	}
	hasSearchAttributes(t, s)

	var order []string
	for _, name := range []string{"homeroom", "player"} {
		s.OnStop(name, func(context.Context) error {
			order = append(order, name)
			return nil
		})
	}
	for range 2 {
		if err := s.Stop(within(t, time.Minute)); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"player", "homeroom"}; !slices.Equal(order, want) {
		t.Errorf("stopped in the order %v, want %v, each once", order, want)
	}
	for _, address := range []string{strings.TrimPrefix(s.NATSURL, "nats://"), s.TemporalAddress, strings.TrimPrefix(s.UIURL, "http://"), strings.TrimPrefix(s.InboxURL, "http://")} {
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			t.Errorf("%s still answers", address)
		}
	}
}

func hasSearchAttributes(t *testing.T, s *Stack) {
	t.Helper()
	conn, err := grpc.NewClient(s.TemporalAddress, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = workflowservice.NewWorkflowServiceClient(conn).CountWorkflowExecutions(within(t, time.Minute), &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: s.Namespace,
		Query:     `HomeroomStage = "awake" AND HomeroomCourses = "c" AND HomeroomRules = "r"`,
	})
	if err != nil {
		t.Errorf("the search attributes are not there: %v", err)
	}
}

func TestTakenAndRepeatedPorts(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	taken := ln.Addr().(*net.TCPAddr).Port
	tests := []struct {
		name  string
		ports Ports
		want  []string
	}{
		{"all free", Ports{}, nil},
		{"one taken", Ports{Inbox: taken}, []string{ServerInbox}},
		{"two taken", Ports{NATS: taken, UI: taken}, []string{ServerNATS, ServerUI}},
		{"a port nobody has", Ports{Temporal: 70000}, []string{ServerTemporal}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.ports.Check()
			var got []string
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, err := range joined.Unwrap() {
					var port *PortError
					if errors.As(err, &port) {
						got = append(got, port.Server)
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v (%v), want %v", got, err, test.want)
			}
		})
	}
	if err := (Ports{Inbox: taken}).Check(); !errors.Is(err, servers.ErrPortTaken) {
		t.Errorf("got %v, want ErrPortTaken", err)
	}
}

func TestAFailedStartLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "temporal"), []byte("a file where a directory should be"), 0o600); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	_ = ln.Close()
	if s, err := Start(within(t, time.Minute), Options{Data: dir, Ports: Ports{Inbox: port}}); err == nil {
		_ = s.Stop(within(t, time.Minute))
		t.Fatal("it started")
	}
	if err := servers.CheckPort(port); err != nil {
		t.Errorf("the inbox is still there: %v", err)
	}
}

func TestOneThatHangsDoesNotKeepTheOthers(t *testing.T) {
	s := &Stack{}
	stopped := false
	s.OnStop("database", func(context.Context) error { stopped = true; return nil })
	hang := make(chan struct{})
	defer close(hang)
	s.OnStop("app", func(context.Context) error { <-hang; return nil })
	err := s.Stop(within(t, 200*time.Millisecond))
	if !stopped || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "app:") {
		t.Errorf("stopped %v, %v; want the database stopped and the app named", stopped, err)
	}
}
