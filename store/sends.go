package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
)

// Sends is the send ledger in NATS KV.
type Sends struct{ kv jetstream.KeyValue }

var _ delivery.Ledger = (*Sends)(nil)

// Get implements [delivery.Ledger].
func (s *Sends) Get(ctx context.Context, sendID string) (delivery.Entry, error) {
	var e delivery.Entry
	revision, err := readRecord(ctx, s.kv, hashedKey(sendID), &e)
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
