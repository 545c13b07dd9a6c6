package app

import (
	"context"

	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/store"
	"homeroom/worker"
)

// staffStarter has staff hear of events that come by the stream.
type staffStarter struct{ client.Client }

// StartStaff implements triggers.Staff.
func (s staffStarter) StartStaff(ctx context.Context, ev engine.Event) error {
	return worker.StartStaff(ctx, s.Client, ev)
}

// staff tells delivery who works here: settings.yaml names them.
type staff struct {
	revs  *revisions
	store *store.Store
}

// StaffOf implements delivery.Staff.
func (s staff) StaffOf(ctx context.Context, revision, group string) ([]string, error) {
	edition, err := s.revs.loadEdition(ctx, revision)
	if err != nil {
		return nil, err
	}
	return edition.Library.StaffOf(group), nil
}

// Suppressed implements delivery.Staff.
func (s staff) Suppressed(ctx context.Context, address string) (bool, error) {
	return s.store.Suppressions.Has(ctx, address)
}
