package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"homeroom/store"
)

// beatInterval is how often an instance renews its record, and how long watchRules waits after an error. followTime is the longest time for one keepUp. Both are
// in real time.
const (
	beatInterval = 4 * time.Second
	followTime   = 10 * time.Second
)

// followRules keeps the rules as the store has them and records which they are, until ctx ends. seen is the sequence up to which keepUp has read.
func (a *App) followRules(ctx context.Context, seen uint64) {
	a.removeOldRecords(ctx)
	a.removeNotStarted(ctx)
	changed := make(chan struct{}, 1)
	a.background.Go(func() { a.watchRules(ctx, changed) })
	tick := time.NewTicker(beatInterval)
	defer tick.Stop()
	for {
		clockChanged := a.clock.Changed() // nil: it never does
		if err := a.keepUp(ctx, &seen); err != nil && ctx.Err() == nil {
			a.log.Error("following the published rules; trying again", "error", err)
		}
		if err := a.scheduleAdapting(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("the weights of splits do not adapt; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-clockChanged: // commands go by the clock in the record
		case <-tick.C:
		}
	}
}

// watchRules sends to changed when something was published. It only makes followRules faster, which also reads every beatInterval in case a watch
// ends or stalls.
func (a *App) watchRules(ctx context.Context, changed chan<- struct{}) {
	for ctx.Err() == nil {
		err := a.store.Rulesets.Watch(ctx, func() {
			select {
			case changed <- struct{}{}:
			default:
			}
		})
		if err == nil {
			return
		}
		a.log.Warn("watching for published rules; trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(beatInterval):
		}
	}
}

// keepUp refreshes the rules if anything was published since, and renews this instance's record. Where a right is missing it renews the record before, too, because an
// answer about the rules may never come; if it is the record that may not be written, the rules are followed all the same.
func (a *App) keepUp(ctx context.Context, seen *uint64) error {
	var unwritten error
	if len(a.rights.listMissing()) > 0 {
		unwritten = a.publishRecord(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, followTime)
	defer cancel()
	sequence, err := a.store.Rulesets.Sequence(ctx)
	if err != nil {
		return errors.Join(unwritten, err)
	}
	var failed error
	if sequence != *seen {
		if failed = a.revisions.refreshRules(ctx); failed == nil {
			*seen = sequence
		}
	}
	if unwritten != nil {
		return errors.Join(unwritten, failed)
	}
	if err := a.publishRecord(ctx); err != nil {
		return err
	}
	return failed
}

// publishRecord renews this instance's record.
func (a *App) publishRecord(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followTime)
	defer cancel()
	instance := a.instanceRecord()
	a.logRefusals(instance.Refusals)
	return a.store.Control.PublishInstance(ctx, instance)
}

// instanceRecord returns what this process records about itself.
func (a *App) instanceRecord() store.Instance {
	swap := a.revisions.lastSwap()
	i := store.Instance{
		Name:    a.name,
		Number:  swap.Number,
		Swap:    swap.Ruleset,
		Outcome: swap.Outcome,
		Problem: swap.Problem,
		At:      swap.At,
		Refused: a.revisions.refusedRevisions(),
		Started: a.started,

		Fingerprints:      a.fingerprints,
		TemporalNamespace: a.namespace,
		StandIn:           a.standIn,
		MissingRights:     a.rights.listMissing(),
	}
	if !a.clock.IsReal() {
		i.Clock = &a.clock
	}
	if a.refusals != nil {
		for _, r := range a.refusals() {
			i.Refusals = append(i.Refusals, store.ProviderRefusal{Channel: r.Channel, Since: r.Since, Last: r.Last, Detail: r.Detail})
		}
	}
	i.Roles = roleNames(a.roles)
	if f := a.revisions.inForce.Load(); f != nil {
		i.Running = f.academy.Ruleset.Hash
		i.Listens = f.listens
	}
	return i
}

// logRefusals logs that a provider began to refuse the account, and that it takes messages again.
func (a *App) logRefusals(now []store.ProviderRefusal) {
	if len(now) > 0 && len(a.refused) == 0 {
		a.log.Error("the provider refuses this installation's account: what is due waits, and one message tries from time to time",
			"channel", now[0].Channel, "since", now[0].Since, "provider", now[0].Detail)
	}
	if len(now) == 0 && len(a.refused) > 0 {
		a.log.Info("the provider takes messages again", "channel", a.refused[0].Channel, "refused_since", a.refused[0].Since)
	}
	a.refused = now
}

// removeRecord removes the instance's record, so that nobody waits for this instance.
func (a *App) removeRecord() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := a.store.Control.RemoveInstance(ctx, a.name); err != nil {
		a.log.Warn("this instance's record stays until it is seen to be gone", "error", err)
	}
}

// removeOldRecords removes the records of instances that have been gone for a day.
func (a *App) removeOldRecords(ctx context.Context) {
	for _, i := range a.store.Control.Instances() {
		if time.Since(i.Seen) < 24*time.Hour {
			continue
		}
		if err := a.store.Control.RemoveInstance(ctx, i.Name); err != nil && ctx.Err() == nil {
			a.log.Warn("removing the record of an instance that is gone", "instance", i.Name, "error", err)
		}
	}
}

// instanceName names this process: its host, its process id, and something that no other start has.
func instanceName() (string, error) {
	var salt [3]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", fmt.Errorf("naming this instance: %w", err)
	}
	return fmt.Sprintf("%s-%d-%s", hostName(), os.Getpid(), hex.EncodeToString(salt[:])), nil
}

// Swap returns the last change to other rules: which, how it ended and when.
func (a *App) Swap() Swap { return a.revisions.lastSwap() }
