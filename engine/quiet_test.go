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
				want, wantQuiet := untilByInstants(q, instant, loc)
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

// untilByInstants works out when quiet begins and ends on the day and the day before, whatever the time is.
func untilByInstants(q QuietHours, t time.Time, loc *time.Location) (time.Time, bool) {
	local := t.In(loc)
	for d := -1; d <= 0; d++ {
		date := time.Date(local.Year(), local.Month(), local.Day()+d, 0, 0, 0, 0, time.UTC)
		next := date
		if q.To <= q.From {
			next = date.AddDate(0, 0, 1)
		}
		start := onDay(date.Year(), date.Month(), date.Day(), q.From, loc)
		end := onDay(next.Year(), next.Month(), next.Day(), q.To, loc)
		if !t.Before(start) && t.Before(end) {
			return end.UTC(), true
		}
	}
	return t, false
}
