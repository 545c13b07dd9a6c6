package securitytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// patience is how long a test waits for what it expects, on a machine that is busy with other things.
const patience = 90 * time.Second

// configDir is where the files are that docker-compose.yml mounts.
const configDir = "../nats"

// deadlineOf returns a context that ends with the test, or after patience.
func deadlineOf(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// awaitCondition polls a condition that a server decides.
func awaitCondition(t *testing.T, what string, holds func() bool) {
	t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("still waiting for %s", what)
		}
	}
}

// publishBody publishes an event's body as JSON.
func publishBody(t *testing.T, js jetstream.JetStream, learner, event string, body map[string]any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err == nil {
		_, err = js.Publish(deadlineOf(t), subjects.Publish(learner, event), data)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// requestRefused makes a request that the server refuses, so that nobody answers it.
func requestRefused(t *testing.T, nc *nats.Conn, subject, body string) {
	t.Helper()
	inbox := nc.NewRespInbox()
	answers, err := nc.SubscribeSync(inbox)
	if err == nil {
		err = nc.PublishRequest(subject, inbox, []byte(body))
	}
	if err == nil {
		err = nc.FlushWithContext(deadlineOf(t)) // the server says that it refuses before it answers this
	}
	if err != nil {
		t.Fatal(err)
	}
	last := nc.LastError()
	said := strings.Replace(fmt.Sprint(last), "$JS.homeroom.API.", "$JS.API.", 1) // permissions are checked after the mapping
	if !errors.Is(last, nats.ErrPermissionViolation) || !strings.Contains(said, subject) {
		t.Errorf("on %s the server says %v, want a permissions violation", subject, last)
	}
	if n, _, _ := answers.Pending(); n > 0 {
		t.Errorf("on %s it got an answer", subject)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
