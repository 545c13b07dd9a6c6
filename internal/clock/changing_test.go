package clock_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"homeroom/internal/clock"
)

// dayIn is the pace at which a day takes so long.
func dayIn(real time.Duration) float64 { return float64(24*time.Hour) / float64(real) }

// TestAChangedPaceHoldsFromNowOn: the bubble's time stands while nothing sleeps, so every instant is exact.
func TestAChangedPaceHoldsFromNowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		changing := clock.NewChanging(clock.New(began, virtual0, dayIn(4*time.Second)))
		c := changing.Clock()
		shows := func(want time.Duration) {
			t.Helper()
			if got := c.Now().Sub(virtual0); got != want {
				t.Errorf("after %v it shows %v, want %v", time.Since(began), got, want)
			}
		}
		const day = 24 * time.Hour
		time.Sleep(4 * time.Second)
		shows(day)
		changing.SetPace(dayIn(8 * time.Second))
		shows(day)
		time.Sleep(4 * time.Second)
		shows(day + day/2)
		changing.Stop()
		time.Sleep(time.Hour)
		shows(day + day/2)
		changing.SetPace(dayIn(2 * time.Second)) // for later
		time.Sleep(time.Second)
		shows(day + day/2)
		changing.GoOn()
		time.Sleep(time.Second)
		shows(2 * day)
		changing.Hold()
		changing.Stop()
		changing.Release()
		time.Sleep(time.Second)
		shows(2 * day)
		changing.GoOn()
		time.Sleep(2 * time.Second)
		shows(3 * day)

		for _, past := range []struct{ real, virtual time.Duration }{
			{-4 * time.Second, -day}, {2 * time.Second, day / 2}, {6 * time.Second, day + day/4}, {time.Hour, day + day/2},
			{time.Hour + 9500*time.Millisecond, 2*day - day/4},
		} {
			if got := c.At(began.Add(past.real)).Sub(virtual0); got != past.virtual {
				t.Errorf("it says that it showed %v after %v, want %v", got, past.real, past.virtual)
			}
		}
		for _, at := range []struct{ virtual, real time.Duration }{
			{day / 2, 2 * time.Second}, {day + day/4, 6 * time.Second}, {day + day/2, 8 * time.Second}, {day + day/2 + day/4, time.Hour + 9500*time.Millisecond},
			{4 * day, time.Hour + 15*time.Second},
		} {
			if got := c.When(virtual0.Add(at.virtual)).Sub(began); got != at.real {
				t.Errorf("it shows %v after %v, want %v", at.virtual, got, at.real)
			}
		}
	})
}

func TestAStandingClockShowsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changing := clock.NewChanging(clock.New(time.Now(), virtual0, 60))
		c := changing.Clock()
		if c.IsReal() || c.IsStanding() {
			t.Error("it is real, or stands from the beginning")
		}
		changing.Stop()
		if got := c.When(virtual0.Add(1)); time.Until(got) < 100*365*24*time.Hour {
			t.Errorf("what it does not show yet comes at %v", got)
		}
		if !c.IsStanding() || !changing.IsStopped() {
			t.Error("it does not stand")
		}
		if got := c.Wait(time.Hour); got != time.Minute {
			t.Errorf("an hour takes %v once it goes on, want 1m", got)
		}
	})
}

// TestTimersAreBoundedWhereThePaceCanChange: whoever sleeps looks again before long.
func TestTimersAreBoundedWhereThePaceCanChange(t *testing.T) {
	changing := clock.NewChanging(clock.New(real0, virtual0, 60))
	for _, tc := range []struct {
		name          string
		clock         clock.Clock
		set           func()
		virtual, want time.Duration
	}{
		{"real", clock.Real(), nil, 720 * time.Hour, 720 * time.Hour},
		{"even", clock.New(real0, virtual0, 60), nil, 720 * time.Hour, 12 * time.Hour},
		{"short", changing.Clock(), nil, 30 * time.Minute, 30 * time.Second},
		{"long", changing.Clock(), nil, 720 * time.Hour, clock.MaxTimer},
		{"held", changing.Clock(), changing.Hold, 30 * time.Minute, 30 * time.Second},
		{"stopped", changing.Clock(), changing.Stop, 30 * time.Minute, clock.MaxTimer},
	} {
		if tc.set != nil {
			tc.set()
		}
		if got := tc.clock.Timer(tc.virtual); got != tc.want {
			t.Errorf("%s: a timer for %v is set for %v, want %v", tc.name, tc.virtual, got, tc.want)
		}
	}
}

func TestSleepUntilFollowsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		changing := clock.NewChanging(clock.New(began, virtual0, dayIn(time.Hour)))
		woke := make(chan time.Time, 1)
		go func() {
			if err := changing.Clock().SleepUntil(t.Context(), virtual0.Add(24*time.Hour)); err != nil {
				t.Error(err)
			}
			woke <- time.Now()
		}()
		time.Sleep(30 * time.Minute)
		changing.Stop()
		time.Sleep(24 * time.Hour)
		changing.SetPace(dayIn(2 * time.Second))
		changing.GoOn()
		time.Sleep(time.Second - 1)
		synctest.Wait()
		if len(woke) > 0 {
			t.Fatalf("it woke %v early", began.Add(24*time.Hour+30*time.Minute+time.Second).Sub(<-woke))
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if len(woke) == 0 {
			t.Error("it did not wake when the clock showed its time")
		}
		ctx, cancel := context.WithCancel(t.Context())
		changing.Stop()
		time.AfterFunc(time.Minute, cancel)
		if err := changing.Clock().SleepUntil(ctx, changing.Clock().Now().Add(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that ends: %v", err)
		}
		if err := changing.Clock().SleepUntil(ctx, virtual0); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: %v", err)
		}
	})
}

// TestAChangingClockIsMonotone: whatever is done to it, it shows no earlier time than before, what it shows it also says of that instant
// afterwards, and When is the first instant at which it shows a time.
func TestAChangingClockIsMonotone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(*testing.T) {
			changing := clock.NewChanging(clock.New(time.Now().Add(time.Duration(rapid.Int64Range(-1e10, 1e10).Draw(rt, "lead"))), virtual0, rapid.Float64Range(0.01, 1e6).Draw(rt, "factor")))
			c := changing.Clock()
			type reading struct{ real, virtual time.Time }
			read := []reading{{time.Now(), c.Now()}}
			for range rapid.IntRange(1, 20).Draw(rt, "changes") {
				switch rapid.IntRange(0, 5).Draw(rt, "change") {
				case 0:
					changing.SetPace(rapid.Float64Range(0.01, 1e6).Draw(rt, "pace"))
				case 1:
					changing.Stop()
				case 2:
					changing.GoOn()
				case 3:
					changing.Hold()
				case 4:
					changing.Release()
				case 5:
					time.Sleep(time.Duration(rapid.Int64Range(0, 1e10).Draw(rt, "passes")))
				}
				read = append(read, reading{time.Now(), c.Now()})
			}
			for i, r := range read {
				if i > 0 && r.virtual.Before(read[i-1].virtual) {
					rt.Fatalf("it went back from %v to %v", read[i-1].virtual, r.virtual)
				}
				if got := c.At(r.real); !got.Equal(r.virtual) {
					rt.Fatalf("it showed %v at %v, and says that it was %v", r.virtual, r.real, got)
				}
				if when := c.When(r.virtual); when.After(r.real.Add(time.Microsecond)) {
					rt.Fatalf("it showed %v at %v, and says that it did at %v first", r.virtual, r.real, when)
				} else if got := c.At(when); got.Before(r.virtual.Add(-time.Microsecond)) {
					rt.Fatalf("When said %v for %v, and it showed %v then", when, r.virtual, got)
				}
			}
		})
	})
}

// TestReadersNeverSeeAChangingClockGoBack reads while the pace is changed all the time.
func TestReadersNeverSeeAChangingClockGoBack(t *testing.T) {
	changing := clock.NewChanging(clock.New(time.Now(), virtual0, 1e6))
	var latest struct {
		sync.Mutex
		shown time.Time
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				latest.Lock() // whoever comes later must not be shown an earlier time, in whichever goroutine
				if now := changing.Clock().Now(); now.Before(latest.shown) {
					t.Errorf("it went back by %v", latest.shown.Sub(now))
				} else {
					latest.shown = now
				}
				latest.Unlock()
			}
		})
	}
	for n := range 5000 {
		changing.SetPace(float64(1 + n%3*500_000))
		if n%7 == 0 {
			changing.Stop()
			changing.GoOn()
		}
	}
	close(done)
	readers.Wait()
}

// TestAChangingClockSurvivesARestart: what it showed is known afterwards, and one that stood goes on.
func TestAChangingClockSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		changing := clock.NewChanging(clock.New(began, virtual0, dayIn(4*time.Second)))
		time.Sleep(4 * time.Second)
		changing.SetPace(dayIn(time.Second))
		time.Sleep(time.Second)
		changing.Stop()
		data, err := json.Marshal(struct {
			Clock clock.Clock `json:"clock,omitzero"`
		}{changing.Clock()})
		if err != nil {
			t.Fatal(err)
		}
		var kept struct{ Clock clock.Clock }
		if err := json.Unmarshal(data, &kept); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if !kept.Clock.IsStanding() || !kept.Clock.Now().Equal(virtual0.Add(48*time.Hour)) {
			t.Errorf("it was kept as %s, which shows %v", data, kept.Clock.Now())
		}
		again := clock.NewChanging(kept.Clock).Clock()
		time.Sleep(time.Second)
		if got := again.Now().Sub(virtual0); got != 72*time.Hour {
			t.Errorf("a second after the restart it shows %v, want 72h", got)
		}
		if got := again.At(began.Add(2 * time.Second)).Sub(virtual0); got != 12*time.Hour {
			t.Errorf("after the restart it says that it showed %v two seconds after the beginning, want 12h", got)
		}
		if got := again.At(began.Add(time.Minute)).Sub(virtual0); got != 48*time.Hour {
			t.Errorf("after the restart it says that it showed %v while it stood, want 48h", got)
		}
	})
}

// TestAnOldClockIsForgottenInOrder: of what is older than the stretches that are kept, order is kept.
func TestAnOldClockIsForgottenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		changing := clock.NewChanging(clock.New(began, virtual0, 1000))
		for n := range 1000 {
			time.Sleep(time.Second)
			changing.SetPace(float64(1 + n%9*300))
		}
		c := changing.Clock()
		for before, s := c.At(began.Add(-time.Hour)), time.Duration(0); s < 1100; s++ {
			at := c.At(began.Add(s * time.Second))
			if at.Before(before) {
				t.Fatalf("order turned round after %d seconds", s)
			}
			before = at
		}
		data, err := json.Marshal(c)
		if err != nil || len(data) > 64<<10 {
			t.Errorf("as JSON it has %d bytes: %v", len(data), err)
		}
	})
}

func TestAChangeIsHeardOf(t *testing.T) {
	changing := clock.NewChanging(clock.New(real0, virtual0, 60))
	if clock.Real().Changed() != nil || clock.New(real0, virtual0, 60).Changed() != nil {
		t.Error("an even clock says that it may change")
	}
	heard := func(change func()) bool {
		changed := changing.Clock().Changed()
		change()
		select {
		case <-changed:
			return true
		default:
			return false
		}
	}
	for name, change := range map[string]func(){"pace": func() { changing.SetPace(61) }, "stop": changing.Stop} {
		if !heard(change) {
			t.Errorf("%s: nobody hears of it", name)
		}
		if heard(change) {
			t.Errorf("%s: the same once more is a change", name)
		}
	}
}
