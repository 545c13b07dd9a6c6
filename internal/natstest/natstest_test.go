package natstest_test

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
)

// TestCountUnfinishedSeesWhatIsStored: a message whose storage was confirmed is counted at once, though the server tells the consumer of it later.
func TestCountUnfinishedSeesWhatIsStored(t *testing.T) {
	_, js := natstest.NewServer(t).Connect()
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "TRIED", Subjects: []string{"tried.*"}}); err != nil {
		t.Fatal(err)
	}
	consumer, err := js.CreateConsumer(t.Context(), "TRIED", jetstream.ConsumerConfig{Durable: "reader", FilterSubject: "tried.*", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	wantUnfinished := func(want int) {
		t.Helper()
		if got, err := natstest.CountUnfinished(t.Context(), js, "TRIED"); err != nil || got != want {
			t.Fatalf("%d messages are unfinished (%v), want %d", got, err, want)
		}
	}
	wantUnfinished(0)
	for range 500 {
		if _, err := js.Publish(t.Context(), "tried.a", nil); err != nil {
			t.Fatal(err)
		}
		wantUnfinished(1)
		msg, err := consumer.Next()
		if err != nil {
			t.Fatal(err)
		}
		wantUnfinished(1)
		if err := msg.DoubleAck(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantUnfinished(0)
	}
}

// TestCountUnfinishedOfAConsumerWithoutAFilter: it reads the whole stream.
func TestCountUnfinishedOfAConsumerWithoutAFilter(t *testing.T) {
	_, js := natstest.NewServer(t).Connect()
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "TRIED", Subjects: []string{"tried.*"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateConsumer(t.Context(), "TRIED", jetstream.ConsumerConfig{Durable: "reader", AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
		t.Fatal(err)
	}
	for want := range 2 {
		if got, err := natstest.CountUnfinished(t.Context(), js, "TRIED"); err != nil || got != want {
			t.Errorf("%d messages are unfinished (%v), want %d", got, err, want)
		}
		if _, err := js.Publish(t.Context(), "tried.a", nil); err != nil {
			t.Fatal(err)
		}
	}
}
