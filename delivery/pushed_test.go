package delivery_test

import (
	"context"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/push"
	"homeroom/engine"
	"homeroom/profile"
)

// pushes counts what is handed to apps.
type pushes struct{ n int }

func (p *pushes) Push(context.Context, push.Push) (delivery.Receipt, error) {
	p.n++
	return delivery.Receipt{}, nil
}

// DropToken is not called here: every app answers.
func (p *pushes) DropToken(context.Context, string, string) error { return nil }

// TestAPushLeavesThePlatform: a learner with an app gets it; on a staging system only whose mail address is allowed; who left everything, or has no app left, gets none.
func TestAPushLeavesThePlatform(t *testing.T) {
	const token = "phone:0123456789abcdef"
	known := func(change func(*profile.Profile)) engine.Profile {
		p := profile.Profile{Traits: map[string]any{profile.TraitPushTokens: []any{token}}}
		change(&p)
		return p.Engine()
	}
	app := known(func(*profile.Profile) {})
	for _, c := range []struct {
		name  string
		allow []string
		to    delivery.Recipient
		want  engine.OutcomeStatus
	}{
		{name: "an app", to: delivery.Recipient{Profile: app}, want: engine.OutcomeAccepted},
		{name: "no app", want: engine.OutcomeNoAddress},
		{name: "the last app is gone", to: delivery.Recipient{Profile: known(func(p *profile.Profile) { p.DropToken(token, time.Unix(0, 0)) })}, want: engine.OutcomeNoAddress},
		{name: "left everything", to: delivery.Recipient{Profile: known(func(p *profile.Profile) { p.UnsubscribedAll = true })}, want: engine.OutcomeSuppressed},
		{name: "a learner on a staging system", allow: []string{"staff.example"}, to: delivery.Recipient{Address: "ada@example.org", Profile: app}, want: engine.OutcomeNotAllowed},
		{name: "a learner without an address on a staging system", allow: []string{"staff.example"}, to: delivery.Recipient{Profile: app}, want: engine.OutcomeNotAllowed},
		{name: "staff on a staging system", allow: []string{"staff.example"}, to: delivery.Recipient{Address: "eva@staff.example", Profile: app}, want: engine.OutcomeAccepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.to = c.to
			w.allow = c.allow
			out := new(pushes)
			d := w.with(func(o *delivery.Options) { o.Channels[engine.ChannelPush] = push.NewChannel(out, out, o.Now) })
			s := inApp()
			s.Channel = engine.ChannelPush
			got, err := d.Deliver(t.Context(), s)
			if err != nil || got.Status != c.want {
				t.Errorf("got %+v, %v; want %s", got, err, c.want)
			}
			if want := c.want == engine.OutcomeAccepted; out.n > 0 != want {
				t.Errorf("%d messages at apps", out.n)
			}
		})
	}
}
