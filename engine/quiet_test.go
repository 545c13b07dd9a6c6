package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestQuietHoursAreTheSameWithoutTheShortcut holds surelyAwake to what the instants say, around every change of the clocks.
func TestQuietHoursAreTheSameWithoutTheShortcut(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	shortcuts := 0
	for _, name := range []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2031; at = at.Add(time.Duration(random.IntN(40*60)) * time.Minute) {
			q := QuietHours{From: random.IntN(24 * 60), To: random.IntN(24 * 60)}
			for _, instant := range []time.Time{at, nearChange(at, loc, random)} {
				got, gotQuiet := q.until(instant, loc)
				want, wantQuiet := q.untilByInstants(instant, instant.In(loc), loc)
				if gotQuiet != wantQuiet || !got.Equal(want) {
					t.Fatalf("quiet from %d to %d in %s at %s: %s %v, want %s %v", q.From, q.To, name, instant.In(loc), got, gotQuiet, want, wantQuiet)
				}
				if q.surelyAwake(instant.In(loc)) {
					shortcuts++
				}
			}
		}
	}
	if shortcuts == 0 {
		t.Error("the shortcut was never taken")
	}
}

// nearChange returns an instant within a day of the next change of the clocks.
func nearChange(at time.Time, loc *time.Location, random *rand.Rand) time.Time {
	_, change := at.In(loc).ZoneBounds()
	if change.IsZero() {
		return at
	}
	return change.Add(time.Duration(random.IntN(48*60)-24*60) * time.Minute)
}
