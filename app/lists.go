package app

import (
	"context"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
)

// lookTick is how often a worker asks whether the provider's suppression lists are to be read, by Homeroom's clock. leastTick is the shortest time between two such questions, in
// real time, because in time-lapse lookTick is very short.
const (
	lookTick  = 10 * time.Minute
	leastTick = 2 * time.Second
)

// newListLook returns what reads the provider's suppression lists.
func (a *App) newListLook(o Options) *delivery.ListLook {
	var lists []string
	for _, list := range sendgrid.Lists() {
		lists = append(lists, string(list))
	}
	return delivery.NewListLook(delivery.ListLookOptions{
		Provider: o.SuppressionLists,
		Lists:    lists,
		PageSize: sendgrid.PageSize,
		Book:     a.store.Suppressions,
		Records:  a.store.Control,
		By:       a.name,
		Now:      o.Clock.Now,
	})
}

// lookAtLists reads the provider's suppression lists whenever that is due, until ctx ends.
func (a *App) lookAtLists(ctx context.Context) {
	tick := time.NewTicker(max(a.clock.Wait(lookTick), leastTick))
	defer tick.Stop()
	for {
		a.lookOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lookOnce looks if it is due, and logs what came of it.
func (a *App) lookOnce(ctx context.Context) {
	result, err := a.listLook.Run(ctx)
	if len(result.Forbidden) > 0 {
		a.log.Warn("the API key may not read these suppression lists of the provider: what it suppresses is known from its webhook only",
			"lists", result.Forbidden, "do", "give the key the permission Suppressions (read), or import the lists with `homeroom suppressions import`")
	}
	switch {
	case err != nil && ctx.Err() == nil:
		a.log.Warn("the provider's suppression lists could not be read to their end; trying again", "error", err)
	case err == nil && result.Looked:
		a.log.Info("read the provider's suppression lists", "suppressed", result.Entries[delivery.ListedNew], "known", result.Entries[delivery.ListedKnown],
			"counted", result.Entries[delivery.ListedCounted], "lifted_before", result.Entries[delivery.ListedLifted], "invalid", result.Entries[delivery.ListedInvalid])
	}
}
