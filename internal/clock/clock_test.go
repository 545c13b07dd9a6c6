package clock_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"homeroom/internal/clock"
)

var (
	real0    = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	virtual0 = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
)

func TestTheZeroClockIsRealTime(t *testing.T) {
	for name, c := range map[string]clock.Clock{"zero": {}, "Real": clock.Real()} {
		if got := c.At(real0); !got.Equal(real0) {
			t.Errorf("%s: At = %v, want %v", name, got, real0)
		}
		if got := c.When(real0); !got.Equal(real0) {
			t.Errorf("%s: When = %v, want %v", name, got, real0)
		}
		if got := c.Wait(time.Hour); got != time.Hour {
			t.Errorf("%s: Wait = %v, want 1h", name, got)
		}
		before := time.Now()
		if now := c.Now(); now.Before(before) || now.After(time.Now()) {
			t.Errorf("%s: Now is not the machine's time", name)
		}
	}
}

func TestADayInFourSeconds(t *testing.T) {
	c := clock.New(real0, virtual0, 86400/4)
	for _, tc := range []struct {
		after time.Duration
		want  time.Duration
	}{{0, 0}, {4 * time.Second, 24 * time.Hour}, {time.Second, 6 * time.Hour}, {-2 * time.Second, -12 * time.Hour}} {
		if got := c.At(real0.Add(tc.after)).Sub(virtual0); got != tc.want {
			t.Errorf("after %v: %v of virtual time, want %v", tc.after, got, tc.want)
		}
	}
	if got := c.Wait(24 * time.Hour); got != 4*time.Second {
		t.Errorf("Wait(24h) = %v, want 4s", got)
	}
}

func TestAClockSurvivesARestart(t *testing.T) {
	c := clock.New(time.Now(), virtual0, 21600)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again clock.Clock
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	if got, want := again.At(later), c.At(later); !got.Equal(want) {
		t.Errorf("after a restart the clock shows %v, want %v", got, want)
	}
}

func TestAFactorThatIsNoneMeansOne(t *testing.T) {
	for _, factor := range []float64{0, -3} {
		if got := clock.New(real0, virtual0, factor).Wait(time.Hour); got != time.Hour {
			t.Errorf("factor %v: Wait(1h) = %v", factor, got)
		}
	}
}

func TestNobodyWakesEarlyAndOrderIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := clock.New(real0, virtual0, rapid.Float64Range(0.01, 1e6).Draw(t, "factor"))
		wait := time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "wait"))
		if got := c.At(c.When(virtual0.Add(wait))).Sub(virtual0); got < wait-time.Microsecond {
			t.Fatalf("woke %v early", wait-got)
		}
		a := real0.Add(time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(t, "a")))
		b := a.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "later")))
		if c.At(b).Before(c.At(a)) {
			t.Fatalf("order turned round: %v then %v", c.At(a), c.At(b))
		}
	})
}
