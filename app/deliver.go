package app

import (
	"context"
	"time"

	"homeroom/clock"
	"homeroom/delivery"
	"homeroom/store"
)

func newDeliverer(st *store.Store, revs *revisions, o Options) (*delivery.Deliverer, error) {
	allow, err := delivery.NewAllowList(o.Allow)
	if err != nil {
		return nil, err
	}
	links, err := newUnsubscribeLinks(o.PublicURL, o.Secret)
	if err != nil {
		return nil, err
	}
	return delivery.New(delivery.Options{
		Switch: st.Control, Ledger: st.Sends, Recipients: people{st.Profiles}, Sender: o.Sender, Allow: allow,
		Composer:    delivery.ContentComposer{Edition: revs.edition},
		Unsubscribe: links.of,
		Now:         o.Clock.Now,
		Wait:        waitBy(o.Clock),
	})
}

// people tells delivery whom a message goes to.
type people struct{ profiles *store.Profiles }

// Recipient implements delivery.Recipients.
func (p people) Recipient(ctx context.Context, learner string) (delivery.Recipient, error) {
	profile, err := p.profiles.Profile(ctx, learner)
	if err != nil {
		return delivery.Recipient{}, err
	}
	stored, err := p.profiles.Get(ctx, learner)
	if err != nil {
		return delivery.Recipient{}, err
	}
	return delivery.Recipient{Address: stored.Email, Name: stored.FirstName, Profile: profile}, nil
}

// waitBy sleeps by Homeroom's clock.
func waitBy(c clock.Clock) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		timer := time.NewTimer(c.Wait(d))
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		}
	}
}
