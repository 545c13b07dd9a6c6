package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

// TestReadingLeavesNoConsumer: whether a reading ends by itself, by an error of the one who reads, or by its context.
func TestReadingLeavesNoConsumer(t *testing.T) {
	_, js, _ := natstest.Open(t)
	for n := range 20 {
		if _, err := js.Publish(t.Context(), subjects.Publish("u_1", "lesson.completed"), fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := js.Stream(t.Context(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, test := range map[string]struct {
		reader  store.StreamReader
		filters []string
		each    func(store.Message) error
		left    int
	}{
		"all of it":       {store.StreamReader{}, nil, func(store.Message) error { return nil }, 0},
		"nothing":         {store.StreamReader{}, []string{subjects.Stored("u_9")}, func(store.Message) error { return nil }, 0},
		"until an error":  {store.StreamReader{}, nil, func(store.Message) error { return enough }, 0},
		"until the end":   {store.StreamReader{}, nil, func(store.Message) error { cancel(); return ctx.Err() }, 0},
		"without a right": {store.StreamReader{LeavesConsumer: true}, nil, func(store.Message) error { return nil }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			test.reader.JS = js
			reading := t.Context()
			if name == "until the end" {
				reading = ctx
			}
			if err := test.reader.Read(reading, subjects.Stream, test.filters, test.each); err != nil && !errors.Is(err, enough) && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			left := 0
			for consumer := range stream.ListConsumers(t.Context()).Info() {
				left++
				if err := stream.DeleteConsumer(t.Context(), consumer.Name); err != nil {
					t.Error(err)
				}
			}
			if left != test.left {
				t.Errorf("%d consumers are left, want %d", left, test.left)
			}
		})
	}
}

// TestPublishingEndsWithItsContext: what was not begun is not stored, and every message has an outcome.
func TestPublishingEndsWithItsContext(t *testing.T) {
	_, js, _ := natstest.Open(t)
	batches, err := store.NewBatches(js)
	if err != nil {
		t.Fatal(err)
	}
	messages := []store.BatchMessage{
		{Subject: subjects.Publish("u_1", "lesson.completed"), ID: "u_1:e1", Body: []byte("{}")},
		{Subject: subjects.Publish("u_1", "lesson.completed"), ID: "u_1:e2", Body: []byte("{}")},
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i, outcome := range batches.PublishAll(ctx, messages) {
		if !errors.Is(outcome.Err, context.Canceled) {
			t.Errorf("message %d: %v", i, outcome.Err)
		}
	}
	for i, outcome := range batches.PublishAll(t.Context(), messages) {
		if outcome.Err != nil || outcome.Repeated {
			t.Errorf("message %d: repeated %v, %v", i, outcome.Repeated, outcome.Err)
		}
	}
}
