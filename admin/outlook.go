package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/workflows"
)

// Outlook is what lies ahead of a learner: how many messages the caps let through, and when they are looked at again.
type Outlook struct {
	Caps []CapLeft `json:"caps"` // of the settings in force, in their order
	// WakeAt is when the learner is looked at again without an event; nil: not before one.
	WakeAt *time.Time `json:"wake_at,omitempty"`
	Next   string     `json:"next,omitempty"` // what happens then, in words
}

// CapLeft is how much of a cap is left.
type CapLeft struct {
	Max     int        `json:"max"`
	Per     string     `json:"per"`               // a duration, "7d"
	Topic   string     `json:"topic,omitempty"`   // empty: all
	Channel string     `json:"channel,omitempty"` // empty: all
	Left    int        `json:"left"`
	FreeAt  *time.Time `json:"free_at,omitempty"` // when the next message is let through; nil: now, or never
}

// Says returns the cap in words: "1 of 3 messages left in 7d, topic tips".
func (c CapLeft) Says() string {
	text := fmt.Sprintf("%d of %s left in %s", c.Left, narrate.Count(c.Max, "message"), c.Per)
	if c.Topic != "" {
		text += ", topic " + c.Topic
	}
	if c.Channel != "" {
		text += ", by " + c.Channel
	}
	return text
}

// newOutlook asks a learner's workflow for what lies ahead. It is nil if there is no workflow, or no rules are in force.
func (i *Installation) newOutlook(ctx context.Context, learner string, patience time.Duration) (*Outlook, error) {
	academy, err := i.CurrentAcademy(ctx)
	if errors.Is(err, ErrNoRules) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	var state engine.State
	var wake workflows.Wake
	err = queryWorkflow(ctx, temporal, learner, workflows.QueryState, &state)
	if err == nil {
		err = queryWorkflow(ctx, temporal, learner, workflows.QueryWake, &wake)
	}
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	outlook := &Outlook{Caps: []CapLeft{}, Next: strings.TrimPrefix(wake.Next, "next: "), WakeAt: timeOrNil(wake.At)}
	for _, c := range academy.Ruleset.CapsLeft(&state, i.opts.Now()) {
		outlook.Caps = append(outlook.Caps, CapLeft{
			Max:     c.Max,
			Per:     engine.FormatDuration(c.Per),
			Topic:   c.Topic,
			Channel: c.Channel,
			Left:    c.Left,
			FreeAt:  timeOrNil(c.FreeAt),
		})
	}
	return outlook, nil
}

// timeOrNil returns an instant in UTC, or nil for zero.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func queryWorkflow(ctx context.Context, temporal client.Client, learner, query string, into any) error {
	answer, err := temporal.QueryWorkflow(ctx, workflows.WorkflowID(learner), "", query)
	if err != nil {
		return err
	}
	return answer.Get(into)
}
