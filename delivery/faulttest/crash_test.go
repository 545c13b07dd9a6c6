package faulttest

import (
	"context"
	"errors"
	"homeroom/delivery/email"
	"sync"

	"homeroom/delivery"
)

// step is where the process dies.
type step string

const (
	never       step = "does not die"
	beforeClaim step = "dies before it claims"
	claimed     step = "dies having claimed"
	calling     step = "dies about to call"
	answered    step = "dies with the answer"
	settled     step = "dies having settled"
)

var steps = []step{never, beforeClaim, claimed, calling, answered, settled}

var errDead = errors.New("the process is dead")

// mortal is the ledger of a process that dies at a step, once. From then on nothing that it does reaches anybody.
type mortal struct {
	delivery.Ledger
	at step

	mu   sync.Mutex
	dead bool
}

func (m *mortal) Get(ctx context.Context, id string) (delivery.Entry, error) {
	if m.isDead() {
		return delivery.Entry{}, errDead
	}
	return m.Ledger.Get(ctx, id)
}

func (m *mortal) Put(ctx context.Context, id string, e delivery.Entry) (delivery.Entry, error) {
	ends := e.Phase == delivery.PhaseSettled || e.Phase == delivery.PhaseUncertain || e.Phase == delivery.PhaseReleased
	if m.isDead() || m.dies(m.at == beforeClaim && e.Phase == delivery.PhaseClaimed || m.at == answered && ends) {
		return e, errDead
	}
	next, err := m.Ledger.Put(ctx, id, e)
	if m.dies(m.at == claimed && e.Phase == delivery.PhaseClaimed || m.at == calling && e.Phase == delivery.PhaseCalling || m.at == settled && ends) {
		return e, errDead
	}
	return next, err
}

func (m *mortal) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

func (m *mortal) dies(now bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = m.dead || now
	return now
}

// mortalSender makes no request once the process is dead.
type mortalSender struct {
	email.Sender
	life *mortal
}

func (m mortalSender) Send(ctx context.Context, e email.Email) (delivery.Receipt, error) {
	if m.life.isDead() {
		return delivery.Receipt{}, errDead
	}
	return m.Sender.Send(ctx, e)
}
