package telemetry

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"homeroom/activities"
	"homeroom/delivery"
	"homeroom/delivery/email"
	"homeroom/delivery/inapp"
	"homeroom/delivery/push"
	"homeroom/delivery/webhook"
	"homeroom/engine"
	"homeroom/triggers"
)

// Starter measures and traces hand-overs.
func (t *Telemetry) Starter(s triggers.Starter) triggers.Starter {
	if t == nil {
		return s
	}
	return starter{t, s}
}

type starter struct {
	t    *Telemetry
	next triggers.Starter
}

// HandOver implements triggers.Starter.
func (s starter) HandOver(ctx context.Context, b triggers.Batch) error {
	ctx, end := s.t.startSpan(ctx, "hand over", attribute.String("homeroom.learner", b.Learner),
		attribute.Int("homeroom.partition", b.Partition), attribute.Int("homeroom.events", len(b.Events)))
	began := s.t.now()
	err := s.next.HandOver(ctx, b)
	result := "ok"
	switch {
	case errors.Is(err, triggers.ErrRefused):
		result = "refused"
	case err != nil:
		result = "again"
	default:
		s.t.metrics.handedOver.Add(float64(len(b.Events)))
	}
	s.t.metrics.handOver.WithLabelValues(result).Observe(s.t.secondsSince(began))
	end(err)
	return err
}

// Deliverer counts and traces deliveries.
func (t *Telemetry) Deliverer(d activities.Deliverer) activities.Deliverer {
	if t == nil {
		return d
	}
	return deliverer{t, d}
}

type deliverer struct {
	t    *Telemetry
	next activities.Deliverer
}

// Deliver implements activities.Deliverer.
func (d deliverer) Deliver(ctx context.Context, send engine.Send) (engine.Outcome, error) {
	channel := channelOf(send)
	ctx, end := d.t.startSpan(ctx, "deliver", attribute.String("homeroom.send", send.ID), attribute.String("homeroom.rule", send.Rule),
		attribute.String("homeroom.message", send.Message), attribute.String("homeroom.channel", channel))
	outcome, err := d.next.Deliver(ctx, send)
	status := string(outcome.Status)
	reason := string(outcome.Reason)
	switch {
	case errors.Is(err, delivery.ErrNotBegun):
		status = string(engine.OutcomeCancelled)
		reason = ""
	case err != nil:
		status = "error"
		reason = ""
	}
	d.t.metrics.deliveries.WithLabelValues(channel, status, reason).Inc()
	end(err, attribute.String("homeroom.outcome", status), attribute.String("homeroom.reason", reason))
	return outcome, err
}

// GiveUp implements activities.Deliverer. No delivery is counted: none is made.
func (d deliverer) GiveUp(ctx context.Context, send engine.Send) (engine.Outcome, error) {
	ctx, end := d.t.startSpan(ctx, "give up", attribute.String("homeroom.send", send.ID), attribute.String("homeroom.rule", send.Rule))
	outcome, err := d.next.GiveUp(ctx, send)
	end(err, attribute.String("homeroom.outcome", string(outcome.Status)))
	return outcome, err
}

// channelOf keeps labels few: a name that the engine does not know is "other".
func channelOf(send engine.Send) string {
	if channel, ok := engine.ChannelNamed(send.Channel); ok {
		return channel.Name
	}
	return "other"
}

// Sender measures and traces requests to the provider of mail.
func (t *Telemetry) Sender(s email.Sender) email.Sender {
	if t == nil {
		return s
	}
	return sender{t, s}
}

type sender struct {
	t    *Telemetry
	next email.Sender
}

// Send implements email.Sender.
func (s sender) Send(ctx context.Context, m email.Email) (delivery.Receipt, error) {
	return s.t.measureProvider(ctx, engine.ChannelEmail, func(ctx context.Context) (delivery.Receipt, error) { return s.next.Send(ctx, m) })
}

// Announcer measures and traces what is handed to the platform's own pages.
func (t *Telemetry) Announcer(a inapp.Announcer) inapp.Announcer {
	if t == nil || a == nil {
		return a
	}
	return announcer{t, a}
}

type announcer struct {
	t    *Telemetry
	next inapp.Announcer
}

// Announce implements inapp.Announcer.
func (a announcer) Announce(ctx context.Context, n inapp.Nudge) (delivery.Receipt, error) {
	return a.t.measureProvider(ctx, engine.ChannelInApp, func(ctx context.Context) (delivery.Receipt, error) { return a.next.Announce(ctx, n) })
}

// Poster measures and traces posts to targets.
func (t *Telemetry) Poster(p webhook.Poster) webhook.Poster {
	if t == nil {
		return p
	}
	return poster{t, p}
}

type poster struct {
	t    *Telemetry
	next webhook.Poster
}

// Post implements webhook.Poster.
func (p poster) Post(ctx context.Context, m webhook.Post) (delivery.Receipt, error) {
	return p.t.measureProvider(ctx, engine.ChannelWebhook, func(ctx context.Context) (delivery.Receipt, error) { return p.next.Post(ctx, m) })
}

// Pusher measures and traces messages to apps.
func (t *Telemetry) Pusher(p push.Pusher) push.Pusher {
	if t == nil {
		return p
	}
	return pusher{t, p}
}

type pusher struct {
	t    *Telemetry
	next push.Pusher
}

// Push implements push.Pusher.
func (p pusher) Push(ctx context.Context, m push.Push) (delivery.Receipt, error) {
	return p.t.measureProvider(ctx, engine.ChannelPush, func(ctx context.Context) (delivery.Receipt, error) { return p.next.Push(ctx, m) })
}

// measureProvider measures one request.
func (t *Telemetry) measureProvider(ctx context.Context, channel string, ask func(context.Context) (delivery.Receipt, error)) (delivery.Receipt, error) {
	ctx, end := t.startSpan(ctx, "provider", attribute.String("homeroom.channel", channel))
	began := t.now()
	receipt, err := ask(ctx)
	result := "accepted"
	status := 0
	if err != nil {
		class, _ := delivery.Classify(err)
		result = string(class)
		var e *delivery.Error
		if errors.As(err, &e) {
			status = e.Status
		}
		t.metrics.providerErrors.WithLabelValues(channel, result, strconv.Itoa(status)).Inc()
	}
	t.metrics.provider.WithLabelValues(channel, result).Observe(t.secondsSince(began))
	end(err, attribute.String("homeroom.result", result), attribute.Int("homeroom.status", status))
	return receipt, err
}

// Publisher counts decisions, each when it is confirmed.
func (t *Telemetry) Publisher(p activities.Publisher) activities.Publisher {
	if t == nil {
		return p
	}
	return publisher{t, p}
}

type publisher struct {
	t    *Telemetry
	next activities.Publisher
}

// Publish implements activities.Publisher.
func (p publisher) Publish(ctx context.Context, decisions []engine.Decision) error {
	if err := p.next.Publish(ctx, decisions); err != nil {
		p.t.metrics.publishFailures.Inc()
		return err
	}
	for i := range decisions {
		for d := range decisions[i].PerRun() {
			p.t.metrics.decisions.WithLabelValues(d.Rule, string(d.Kind), string(d.Reason)).Add(float64(d.Times()))
		}
	}
	return nil
}

// StepFunc decides, as engine.Step does.
type StepFunc = func(engine.Env, engine.State, []engine.Input, time.Time) engine.Result

// Step measures how late runs' steps are decided. What still waits for the stream is counted when it is decided.
func (t *Telemetry) Step(step StepFunc) StepFunc {
	if t == nil {
		return step
	}
	return func(env engine.Env, state engine.State, inputs []engine.Input, now time.Time) engine.Result {
		res := step(env, state, inputs, now)
		for i := range state.Runs {
			run := &state.Runs[i]
			if run.Ended || run.Due.IsZero() || run.Due.After(now) || isUnmoved(run, res.State.Runs) {
				continue
			}
			t.metrics.timerLag.Observe(t.clock.Wait(now.Sub(run.Due)).Seconds())
		}
		return res
	}
}

// isUnmoved reports whether a run is where it was.
func isUnmoved(run *engine.Run, runs []engine.Run) bool {
	for i := range runs {
		if runs[i].ID == run.ID {
			return runs[i].PC == run.PC && runs[i].Due.Equal(run.Due) && !runs[i].Ended
		}
	}
	return false
}
