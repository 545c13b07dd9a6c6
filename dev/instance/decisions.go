package instance

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/subjects"
)

// FollowDecisions calls onDecision with every decision in the stream, from its beginning, once per decision id and in the
// order in which they were published, until ctx ends; one about several runs as one for each. It returns when it has subscribed.
func FollowDecisions(ctx context.Context, js jetstream.JetStream, onDecision func(engine.Decision)) error {
	consumer, err := js.OrderedConsumer(ctx, subjects.DecisionStream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("listening to the decisions: %w", err)
	}
	known := map[string]bool{}
	consuming, err := consumer.Consume(func(m jetstream.Msg) {
		var d engine.Decision
		if json.Unmarshal(m.Data(), &d) != nil {
			return
		}
		for one := range d.PerRun() {
			if !known[one.ID] {
				known[one.ID] = true
				onDecision(*one)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("listening to the decisions: %w", err)
	}
	context.AfterFunc(ctx, consuming.Stop)
	return nil
}
