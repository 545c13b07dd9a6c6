package pace_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/dev/pace"
	"homeroom/internal/clock"
)

// machine is a campus where a day takes 24 seconds, an hour one, on a machine that can be behind.
type machine struct {
	t        *testing.T
	changing *clock.Changing
	keeper   *pace.Keeper
	stuck    time.Time // everything has been handed over up to here; zero: up to now
	told     []time.Duration
}

func keep(t *testing.T, story func(*machine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{t: t, changing: clock.NewChanging(clock.New(time.Now(), friday, 3600))}
		m.keeper = pace.NewKeeper(m.changing, pace.KeeperOptions{
			Limit:  8 * time.Hour,
			OnHold: func(behind time.Duration) { m.told = append(m.told, behind) },
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			m.keeper.Run(ctx, m.handedOver)
			close(done)
		}()
		m.keeper.NoteDelay(100 * time.Hour) // from an earlier run
		m.passes(100*time.Millisecond, 0)
		story(m)
		cancel()
		<-done
		if m.changing.Clock().IsStanding() {
			t.Error("it leaves a clock that stands")
		}
	})
}

func (m *machine) handedOver() time.Time {
	if m.stuck.IsZero() {
		return m.changing.Clock().Now().Add(-m.changing.Clock().Scale(50 * time.Millisecond))
	}
	return m.stuck
}

// passes lets real time pass and expects for how much of it the clock was held.
func (m *machine) passes(real, held time.Duration) {
	m.t.Helper()
	before := m.changing.Clock().Now()
	heldBefore := m.keeper.Held()
	time.Sleep(real) // by the clock of synctest, at once
	synctest.Wait()
	const look = 51 * time.Millisecond // it looks every 50 ms
	if got := real - m.changing.Clock().Wait(m.changing.Clock().Now().Sub(before)); got < held-look || got > held+look {
		m.t.Errorf("in %v the clock stood for %v, want %v", real, got, held)
	}
	if got := m.keeper.Held() - heldBefore; got < held-look || got > held+look {
		m.t.Errorf("in %v it says that it held the clock for %v, want %v", real, got, held)
	}
}

func TestAMachineThatKeepsUpHoldsNothing(t *testing.T) {
	keep(t, func(m *machine) {
		for range 100 {
			m.keeper.NoteDelay(8 * time.Hour)
			m.passes(time.Second, 0)
		}
		if len(m.told) > 0 {
			t.Errorf("it said that the machine is %v behind", m.told)
		}
	})
}

// TestTheClockWaitsForDecisionsThatAreLate: it goes on when everything that is decided is fresh, or nothing is.
func TestTheClockWaitsForDecisionsThatAreLate(t *testing.T) {
	keep(t, func(m *machine) {
		m.keeper.NoteDelay(9 * time.Hour)
		for range 10 {
			m.keeper.NoteDelay(3 * time.Hour)
			m.passes(200*time.Millisecond, 200*time.Millisecond)
		}
		m.keeper.NoteDelay(2 * time.Hour)
		m.passes(time.Second, 100*time.Millisecond)
		m.passes(time.Minute, 0)
		m.keeper.NoteDelay(10 * time.Hour)
		m.passes(time.Second, 300*time.Millisecond)
		if len(m.told) != 1 || m.told[0] != 9*time.Hour {
			t.Errorf("it said %v, want once 9h", m.told)
		}
	})
}

// TestTheClockWaitsForEventsThatAreNotHandedOver, but not for ever: what holds one up may stay.
func TestTheClockWaitsForEventsThatAreNotHandedOver(t *testing.T) {
	keep(t, func(m *machine) {
		m.stuck = m.changing.Clock().Now()
		m.passes(8*time.Second, 0)
		m.passes(10*time.Second, 10*time.Second)
		m.stuck = time.Time{}
		m.passes(10*time.Second, 300*time.Millisecond)

		m.stuck = m.changing.Clock().Now()
		m.passes(8*time.Second, 0)
		m.passes(30*time.Second, 30*time.Second)
		m.passes(4500*time.Millisecond, 100*time.Millisecond)
		m.keeper.NoteDelay(9 * time.Hour)
		m.passes(400*time.Millisecond, 0)
		m.passes(10*time.Second, 9800*time.Millisecond)
	})
}

// TestWhoeverPausesKeepsThePause although the machine catches up meanwhile.
func TestWhoeverPausesKeepsThePause(t *testing.T) {
	keep(t, func(m *machine) {
		m.keeper.NoteDelay(9 * time.Hour)
		m.changing.Stop()
		time.Sleep(time.Second) // by the clock of synctest, at once
		if !m.changing.Clock().IsStanding() || m.keeper.Held() > 400*time.Millisecond {
			t.Errorf("the pause has ended, or it still holds after %v", m.keeper.Held())
		}
		m.changing.GoOn()
		m.passes(time.Second, 0)
	})
}

func TestLimitOf(t *testing.T) {
	for age, want := range map[time.Duration]time.Duration{0: 8 * time.Hour, 24 * time.Hour: 8 * time.Hour, 3 * time.Minute: time.Minute, 1: 1} {
		if got := pace.LimitOf(age); got != want {
			t.Errorf("where events are stale after %v, one may be %v old, want %v", age, got, want)
		}
	}
}
