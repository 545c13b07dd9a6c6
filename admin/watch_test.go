package admin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/internal/natstest"
	"homeroom/subjects"
)

// TestWatchingLeavesNoConsumer: neither when it is interrupted nor when nobody wants any more lines.
func TestWatchingLeavesNoConsumer(t *testing.T) {
	server, js, _ := natstest.Open(t)
	i, err := admin.Connect(t.Context(), admin.ConnectOptions{Name: "test", NATS: admin.NATSOptions{URL: server.URL()}, Actor: admin.Actor{Name: "maya", Way: admin.WayCLI}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if _, err := js.Publish(t.Context(), subjects.Publish("u_1", "lesson.completed"), []byte(`{"id":"e1","properties":{"lesson_id":"l1"}}`)); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	for name, ends := range map[string]func(stop func()) error{
		"interrupted":   func(stop func()) error { stop(); return nil },
		"no more lines": func(func()) error { return enough },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		seen := 0
		err := i.Watch(ctx, admin.WatchOptions{Since: time.Now().Add(-time.Hour)}, func(admin.Watched) error {
			seen++
			return ends(cancel)
		})
		if err != nil && !errors.Is(err, enough) || seen == 0 {
			t.Errorf("%s: %d lines, %v", name, seen, err)
		}
		for _, of := range []string{subjects.Stream, subjects.DecisionStream} {
			stream, err := js.Stream(t.Context(), of)
			if err != nil {
				t.Fatal(err)
			}
			for consumer := range stream.ListConsumers(t.Context()).Info() {
				t.Errorf("%s: %s of %s is left", name, consumer.Name, of)
			}
		}
	}
}
