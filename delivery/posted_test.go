package delivery_test

import (
	"context"
	"testing"

	"homeroom/delivery"
	"homeroom/delivery/webhook"
	"homeroom/engine"
	"homeroom/profile"
)

// posts counts what is posted.
type posts struct{ n int }

func (p *posts) Post(context.Context, webhook.Post) (delivery.Receipt, error) {
	p.n++
	return delivery.Receipt{}, nil
}

// TestAPostLeavesThePlatform: the allow-list holds for it by the learner's mail address, and who left everything gets none; in the app both do not concern.
func TestAPostLeavesThePlatform(t *testing.T) {
	everything := profile.Profile{UnsubscribedAll: true}.Engine()
	for _, c := range []struct {
		name    string
		channel string
		allow   []string
		to      delivery.Recipient
		want    engine.OutcomeStatus
	}{
		{name: "nobody's address is known", channel: engine.ChannelWebhook, want: engine.OutcomeAccepted},
		{name: "nor on a staging system", channel: engine.ChannelWebhook, allow: []string{"staff.example"}, want: engine.OutcomeNotAllowed},
		{name: "a learner on a staging system", channel: engine.ChannelWebhook, allow: []string{"staff.example"}, to: delivery.Recipient{Address: "ada@example.org"}, want: engine.OutcomeNotAllowed},
		{name: "staff on a staging system", channel: engine.ChannelWebhook, allow: []string{"staff.example"}, to: delivery.Recipient{Address: "eva@staff.example"}, want: engine.OutcomeAccepted},
		{name: "in the app, on a staging system", channel: engine.ChannelInApp, allow: []string{"staff.example"}, want: engine.OutcomeAccepted},
		{name: "left everything", channel: engine.ChannelWebhook, to: delivery.Recipient{Profile: everything}, want: engine.OutcomeSuppressed},
		{name: "left everything, in the app", channel: engine.ChannelInApp, to: delivery.Recipient{Profile: everything}, want: engine.OutcomeAccepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.to = c.to
			w.allow = c.allow
			out := new(posts)
			d := w.with(func(o *delivery.Options) { o.Channels[engine.ChannelWebhook] = webhook.NewChannel(out) })
			s := inApp()
			s.Channel = c.channel
			got, err := d.Deliver(t.Context(), s)
			if err != nil || got.Status != c.want {
				t.Errorf("got %+v, %v; want %s", got, err, c.want)
			}
			if want := c.want == engine.OutcomeAccepted && c.channel == engine.ChannelWebhook; out.n > 0 != want {
				t.Errorf("%d posts", out.n)
			}
		})
	}
}
