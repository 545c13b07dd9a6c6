package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
	"homeroom/engine"
)

// Sends is the send ledger in NATS KV.
type Sends struct{ kv jetstream.KeyValue }

var _ delivery.Ledger = (*Sends)(nil)

// Get implements [delivery.Ledger]. Of a damaged entry nobody knows whether the send went out: it is uncertain, so that it is not
// sent again.
func (s *Sends) Get(ctx context.Context, sendID string) (delivery.Entry, error) {
	var e delivery.Entry
	revision, err := readRecord(ctx, s.kv, hashedKey(sendID), &e)
	if errors.Is(err, ErrDamaged) {
		e.Phase = delivery.PhaseUncertain
		e.Outcome = engine.Outcome{
			SendID: sendID,
			Status: engine.OutcomeUncertain,
			Reason: engine.ReasonProvider,
			Detail: "its record in the send ledger is damaged, so nobody knows whether it went out",
		}
		err = nil
	}
	if err != nil {
		return delivery.Entry{}, err
	}
	e.Revision = revision
	return e, nil
}

// Put implements [delivery.Ledger].
func (s *Sends) Put(ctx context.Context, sendID string, e delivery.Entry) (delivery.Entry, error) {
	revision, err := swapRecord(ctx, s.kv, hashedKey(sendID), e, e.Revision)
	if errors.Is(err, errConflict) {
		return delivery.Entry{}, fmt.Errorf("send %s: %w", sendID, delivery.ErrConflict)
	}
	if err != nil {
		return delivery.Entry{}, err
	}
	e.Revision = revision
	return e, nil
}
