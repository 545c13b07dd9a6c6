package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/internal/links"
	"homeroom/profile"
	"homeroom/store"
)

func suppressionHolds(ctx context.Context, k kept, _ bool) error {
	suppressed := func() (bool, error) {
		p, err := k.st.Profiles.Profile(ctx, "u_1")
		return p.Reach[engine.ChannelEmail].Suppressed, err
	}
	if is, err := suppressed(); !is || err != nil {
		return fmt.Errorf("the engine sees suppressed %v, %w: a mail goes out, or the learner is held up", is, err)
	}
	if other, err := k.st.Profiles.Profile(ctx, "u_2"); other.Reach[engine.ChannelEmail].Suppressed || err != nil {
		return fmt.Errorf("another learner: suppressed %v, %w", other.Reach[engine.ChannelEmail].Suppressed, err)
	}
	at := time.Now()
	if err := k.st.Suppressions.Add(ctx, damagedMail, store.ReasonUnsubscribed, at); err != nil {
		return fmt.Errorf("a report is not taken: %w", err)
	}
	if err := k.st.People.Join(ctx, "u_1", "", at.Add(time.Second)); err != nil {
		return fmt.Errorf("the preferences page fails: %w", err)
	}
	if is, err := suppressed(); !is || err != nil {
		return fmt.Errorf("afterwards the engine sees suppressed %v, %w", is, err)
	}
	list, err := k.st.People.ListSuppressions(ctx)
	if err != nil || len(list) != 1 || list[0].Reason == "" {
		return fmt.Errorf("the list of suppressions is %+v, %w", list, err)
	}
	if err := k.st.Suppressions.Lift(ctx, damagedMail, time.Time{}); err != nil {
		return fmt.Errorf("an operator cannot lift it: %w", err)
	}
	if is, err := suppressed(); is || err != nil {
		return fmt.Errorf("after lift the engine sees suppressed %v, %w", is, err)
	}
	return nil
}

func tombstoneHolds(ctx context.Context, k kept, _ bool) error {
	// Published before the record was stored: it is still on its way.
	if _, err := k.st.Profiles.Merge(ctx, "u_9", map[string]any{"email": damagedMail}, time.Now().Add(-time.Minute)); err != nil {
		return fmt.Errorf("the learner is held up: %w", err)
	}
	if p, err := k.st.Profiles.Get(ctx, "u_9"); err != nil || p.Email != "" {
		return fmt.Errorf("the erased learner has a profile again: %+v, %w", p, err)
	}
	return nil
}

func profileHolds(ctx context.Context, k kept, newer bool) error {
	if _, err := k.st.Profiles.Profile(ctx, "u_1"); !isUnreadable(err, newer) || !strings.Contains(err.Error(), "u_1") {
		return fmt.Errorf("the profile says: %w", err)
	}
	_, err := k.st.Profiles.Merge(ctx, "u_1", map[string]any{"email": healthyMail}, time.Now())
	if !isUnreadable(err, newer) {
		return fmt.Errorf("a write replaced what the learner does not want: %w", err)
	}
	if err := k.st.Profiles.ApplyFeedback(ctx, "u_1", profile.Feedback{Leave: true}, time.Now()); !isUnreadable(err, newer) {
		return fmt.Errorf("an unsubscription was confirmed and not kept: %w", err)
	}
	n := 0
	err = k.st.Profiles.Each(ctx, func(string, store.Profile) error { n++; return nil })
	if err != nil || n != 1 {
		return fmt.Errorf("the list of profiles has %d, %w", n, err)
	}
	return nil
}

func standingHolds(ctx context.Context, k kept, newer bool) error {
	fresh, err := store.Open(ctx, k.js, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		return err
	}
	defer fresh.Control.Close()
	if _, err := fresh.Standings.Get(ctx, "u_1"); !isUnreadable(err, newer) {
		return fmt.Errorf("the standing says: %w", err)
	}
	change := func(*engine.Standing, []uint64) (bool, []uint64) { return true, nil }
	if err := fresh.Standings.Update(ctx, "u_1", change); !isUnreadable(err, newer) {
		return fmt.Errorf("a write replaced it: %w", err)
	}
	return fresh.Standings.Update(ctx, "u_2", change)
}

func retiredHolds(ctx context.Context, k kept, newer bool) error {
	if _, _, err := k.st.Retired.Get(ctx, "u_1"); !isUnreadable(err, newer) {
		return fmt.Errorf("the learner counts as new, and caps forget: %w", err)
	}
	_, err := k.st.Retired.Put(ctx, "u_1", engine.State{Version: engine.StateVersion, Learner: "u_1"}, time.Now())
	if newer {
		if !errors.Is(err, store.ErrNewer) {
			return fmt.Errorf("the state of a newer version was replaced: %w", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	_, found, err := k.st.Retired.Get(ctx, "u_1")
	if err != nil || !found {
		return fmt.Errorf("after the next retirement: %v, %w", found, err)
	}
	return nil
}

func pathsHold(ctx context.Context, k kept, newer bool) error {
	f, err := k.st.Paths.Followers(ctx, "c", "a")
	if err != nil || len(f.Visits) > 0 {
		return fmt.Errorf("what comes next: %v, %w", f, err)
	}
	err = k.st.Paths.Count(ctx, 3, 0, []engine.Move{{Course: "c", From: "a", To: "b", Seq: 2}})
	if newer {
		if !errors.Is(err, store.ErrNewer) {
			return fmt.Errorf("the counts of a newer version were replaced: %w", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	opened, err := store.Open(ctx, k.js, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		return err
	}
	defer opened.Control.Close()
	if f, err = opened.Paths.Followers(ctx, "c", "a"); err != nil || f.After["b"] != 1 {
		return fmt.Errorf("after the next move: %v, %w", f, err)
	}
	return nil
}

func ledgerHolds(ctx context.Context, k kept, newer bool) error {
	entry, err := k.st.Sends.Get(ctx, "s_1")
	if newer {
		if !errors.Is(err, store.ErrNewer) {
			return fmt.Errorf("the entry of a newer version: %+v, %w", entry, err)
		}
		return nil
	}
	if err != nil || entry.Phase != delivery.PhaseUncertain || entry.Outcome.Status != engine.OutcomeUncertain || entry.Outcome.SendID != "s_1" {
		return fmt.Errorf("the entry is %+v, %w; want uncertain", entry, err)
	}
	if _, err := k.st.Sends.Put(ctx, "s_1", entry); err != nil {
		return fmt.Errorf("it cannot be written anew: %w", err)
	}
	return nil
}

func shareHolds(ctx context.Context, k kept, newer bool) error {
	if _, err := k.st.Links.Shared(ctx, links.Key("s_1")); !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("who follows the link is told to try again: %w", err)
	}
	return writtenAnew(k.st.Links.KeepShared(ctx, links.Shared{Learner: "u_1", Send: "s_1"}), newer)
}

func referralHolds(ctx context.Context, k kept, newer bool) error {
	if _, err := k.st.Links.Referral(ctx, "abcdefgh"); !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("who follows the link is told to try again: %w", err)
	}
	return writtenAnew(k.st.Links.KeepReferral(ctx, "abcdefgh", links.Referred{Learner: "u_1"}), newer)
}
