package app

import (
	"context"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/email"
	"homeroom/delivery/inapp"
	"homeroom/delivery/push"
	"homeroom/delivery/webhook"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/internal/links"
	"homeroom/store"
)

func newDeliverer(st *store.Store, revs *revisions, outward *links.Links, o Options) (*delivery.Deliverer, error) {
	allow, err := delivery.NewAllowList(o.Allow)
	if err != nil {
		return nil, err
	}
	targets, err := newTargets(o.Targets)
	if err != nil {
		return nil, err
	}
	apps, err := NewPusher(o.Push)
	if err != nil {
		return nil, err
	}
	channels, err := delivery.NewChannels(
		email.New(o.Telemetry.Sender(o.Sender)),
		inapp.New(o.Telemetry.Announcer(inapp.NewNATS(o.JetStream))),
		webhook.NewChannel(o.Telemetry.Poster(targets)),
		push.NewChannel(o.Telemetry.Pusher(apps), pushTokens{profiles: st.Profiles, now: o.Clock.Now}, o.Clock.Now),
	)
	if err != nil {
		return nil, err
	}
	return delivery.New(delivery.Options{
		Switch:     st.Control,
		Ledger:     st.Sends,
		Recipients: recipients{st.Profiles},
		Channels:   channels,
		Allow:      allow,
		Composer:   delivery.ContentComposer{Edition: revs.loadEdition},
		Links:      sendLinks{outward},
		LinkStore:  st.Links,
		Staff:      staff{revs, st},

		SettleAfter: o.SettleAfter,

		Now:     o.Clock.Now,
		RealNow: time.Now,
		Wait:    waitBy(o.Clock),
	})
}

// sendLinks makes the links of a send. They are valid from when the send was decided.
type sendLinks struct{ links *links.Links }

// Unsubscribe implements delivery.Links.
func (a sendLinks) Unsubscribe(s engine.Send) string { return a.links.Unsubscribe(refOf(s), s.At) }

// Preferences implements delivery.Links.
func (a sendLinks) Preferences(s engine.Send) string { return a.links.Preferences(refOf(s), s.At) }

// Share implements delivery.Links.
func (a sendLinks) Share(s engine.Send, place string) string { return a.links.Share(s.ID, place, s.At) }

// Referral implements delivery.Links.
func (a sendLinks) Referral(learner string) (code, link string) { return a.links.Referral(learner) }

func refOf(s engine.Send) links.Ref {
	return links.Ref{Learner: s.Learner, Topic: s.Topic, Send: s.ID}
}

// recipients tells delivery whom a message goes to.
type recipients struct{ profiles *store.Profiles }

// Recipient implements delivery.Recipients.
func (r recipients) Recipient(ctx context.Context, learner string) (delivery.Recipient, error) {
	stored, known, err := r.profiles.Person(ctx, learner)
	if err != nil {
		return delivery.Recipient{}, err
	}
	return delivery.Recipient{Address: stored.Email, Name: stored.FirstName, Profile: known}, nil
}

// waitBy returns a function that sleeps for a duration on a clock.
func waitBy(c clock.Clock) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error { return clock.Sleep(ctx, c.Wait(d)) }
}
