package securitytest

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

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
