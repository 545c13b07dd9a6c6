package store

import (
	"context"
	"errors"
	"fmt"

	"homeroom/delivery"
)

// lookKey is the record of how far the provider's suppression lists were read.
const lookKey = "provider_lists"

// Look implements delivery.LookRecords. A damaged record counts as none: the lists are then read from their beginning.
func (c *Control) Look(ctx context.Context) (delivery.LookRecord, uint64, error) {
	var r delivery.LookRecord
	revision, err := readRecord(ctx, c.kv, lookKey, &r)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return delivery.LookRecord{}, 0, fmt.Errorf("how far the provider's suppression lists were read: %w", err)
	}
	return r, revision, nil
}

// PutLook implements delivery.LookRecords.
func (c *Control) PutLook(ctx context.Context, r delivery.LookRecord, revision uint64) (uint64, error) {
	next, err := swapRecord(ctx, c.kv, lookKey, &r, revision)
	if errors.Is(err, errConflict) {
		return 0, fmt.Errorf("%w: %w", delivery.ErrConflict, err)
	}
	return next, err
}
