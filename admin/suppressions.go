package admin

import (
	"context"
	"errors"
	"strings"

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
