package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"homeroom/delivery/sendgrid"
	"homeroom/store"
)

// What is known of suppressed addresses, as package store keeps it.
type (
	SuppressionRecord = store.SuppressionRecord
	Suppression       = store.Suppression
	AddressStatus     = store.AddressStatus
	AddressOwner      = store.AddressOwner
)

// SuppressionList lists suppressed addresses by their keyed hashes.
type SuppressionList struct {
	Suppressions []SuppressionRecord `json:"suppressions"` // never nil
}

// ListSuppressions lists suppressed addresses and the learners whose profile has one now. It reads every profile. The
// installation must have been connected with its secret.
func (i *Installation) ListSuppressions(ctx context.Context) (SuppressionList, error) {
	if err := i.recordLook(ctx, AuditRecord{Action: store.ActionLookAtSuppressed}); err != nil {
		return SuppressionList{}, err
	}
	records, err := i.store.People.ListSuppressions(ctx)
	return SuppressionList{Suppressions: append([]SuppressionRecord{}, records...)}, err
}

// AddressStatus returns whether an address is suppressed, and whose it is. It reads every profile. The installation must have
// been connected with its secret.
func (i *Installation) AddressStatus(ctx context.Context, address string) (AddressStatus, error) {
	if err := CheckAddress(address); err != nil {
		return AddressStatus{}, err
	}
	var status AddressStatus
	err := i.recordAddress(ctx, store.ActionLookAtAddress, address, func() (err error) {
		status, err = i.store.People.AddressStatus(ctx, address)
		return err
	})
	return status, err
}

// CheckAddress returns an [*InputError] for what cannot be a mail address.
func CheckAddress(address string) error {
	if !strings.Contains(address, "@") {
		return inputError(errors.New("the address has no @: give a mail address, not a learner's id"))
	}
	return nil
}

// LiftSuppression lets an address be written to again. What its owner said about mail stays. The installation must have been
// connected with its secret.
func (i *Installation) LiftSuppression(ctx context.Context, address string) error {
	return i.recordAddress(ctx, store.ActionLift, address, func() error {
		return i.store.People.Suppressions.Lift(ctx, address, i.opts.Now())
	})
}

// ProviderLists takes addresses off SendGrid's suppression lists. RemoveListed reports whether the address was on the list; see [sendgrid.Sender.RemoveListed].
type ProviderLists interface {
	RemoveListed(ctx context.Context, list sendgrid.List, address string) (removed bool, err error)
}

// ProviderRemoval is what became of an address on one of the provider's suppression lists.
type ProviderRemoval struct {
	List    string
	Removed bool  // false without an error: it was not there
	Err     error // why the list could not be changed
}

// RemoveAtProvider takes an address off each of SendGrid's suppression lists that concern Homeroom's mail, in the order of [sendgrid.Lists]. A list that
// cannot be changed does not keep it from the others; then the error says so, and the result what was done. It may be repeated. Lift the suppression first:
// the daily look at the lists lets what was lifted after an address was listed stay lifted.
func (i *Installation) RemoveAtProvider(ctx context.Context, lists ProviderLists, address string) ([]ProviderRemoval, error) {
	if err := CheckAddress(address); err != nil {
		return nil, err
	}
	var removals []ProviderRemoval
	err := i.recordAddress(ctx, store.ActionLiftAtProvider, address, func() error {
		var failed []error
		for _, list := range sendgrid.Lists() {
			removed, err := lists.RemoveListed(ctx, list, address)
			removals = append(removals, ProviderRemoval{List: string(list), Removed: removed, Err: err})
			failed = append(failed, err)
		}
		if err := errors.Join(failed...); err != nil {
			return fmt.Errorf("not every list of SendGrid's could be changed: %w", err)
		}
		return nil
	})
	return removals, err
}
