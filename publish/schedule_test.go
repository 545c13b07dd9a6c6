package publish_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/publish"
	"homeroom/store"
)

// TestWhatBecomesOfASchedule: it waits, is due, is cancelled for what happened meanwhile, and is finished if the process that began is gone.
func TestWhatBecomesOfASchedule(t *testing.T) {
	base := store.Pointer{Number: 4, Hash: "base", Author: "lee"}
	own := store.Pointer{Number: 5, Hash: "mine", Author: "tom"}
	other := store.Pointer{Number: 5, Hash: "other", Author: "noor"}
	for name, test := range map[string]struct {
		hash    string
		current store.Pointer
		after   time.Duration // of the time that was set
		claimed time.Duration // how long ago; 0: not
		problem string
		want    publish.ScheduleStage
		why     string
	}{
		"before its time":                     {hash: "mine", current: base, after: -time.Second, want: publish.StageWaiting},
		"at its time":                         {hash: "mine", current: base, want: publish.StageDue},
		"a moment late":                       {hash: "mine", current: base, after: 10 * time.Minute, want: publish.StageDue},
		"too late":                            {hash: "mine", current: base, after: 2 * time.Hour, want: publish.StageCancelled, why: "no console"},
		"too late after attempts":             {hash: "mine", current: base, after: 2 * time.Hour, claimed: time.Hour, problem: "Temporal is away", want: publish.StageCancelled, why: "Temporal is away"},
		"edited":                              {hash: "edited", current: base, after: -time.Hour, want: publish.StageCancelled, why: "maya changed the draft"},
		"something else was published":        {hash: "mine", current: other, after: -time.Hour, want: publish.StageCancelled, why: "noor published no. 5"},
		"the same was published by hand":      {hash: "mine", current: own, after: -time.Hour, want: publish.StageCancelled, why: "tom published no. 5"},
		"another process is at it":            {hash: "mine", current: base, claimed: time.Minute, want: publish.StageClaimed},
		"another process has just published":  {hash: "mine", current: own, claimed: time.Minute, want: publish.StageClaimed},
		"the process is gone before it did":   {hash: "mine", current: base, after: 6 * time.Minute, claimed: 6 * time.Minute, want: publish.StageDue},
		"the process is gone after it did":    {hash: "mine", current: own, after: 6 * time.Minute, claimed: 6 * time.Minute, want: publish.StageInForce},
		"gone, and later than may be is fine": {hash: "mine", current: own, after: 9 * time.Hour, claimed: 9 * time.Hour, want: publish.StageInForce},
		"published and rolled back meanwhile": {hash: "mine", current: store.Pointer{Number: 6, Hash: "base", Author: "noor"}, want: publish.StageCancelled, why: "noor published no. 6"},
		"put in force, and then rolled back":  {hash: "mine", current: store.Pointer{Number: 6, Hash: "base", Author: "noor"}, after: 6 * time.Minute, claimed: 6 * time.Minute, want: publish.StageCancelled, why: "noor published no. 6"},
		"gone, and somebody published since":  {hash: "mine", current: other, after: 6 * time.Minute, claimed: 6 * time.Minute, want: publish.StageCancelled, why: "noor"},
	} {
		now := noon.Add(test.after)
		d := store.Draft{Base: "base", SavedBy: "maya", Schedule: &store.DraftSchedule{At: noon, By: "tom", Hash: "mine", Number: 4, Problem: test.problem}}
		if test.claimed > 0 {
			d.Schedule.Claimed = now.Add(-test.claimed)
		}
		got := publish.LookAtSchedule(&d, test.hash, test.current, now)
		if got.Stage != test.want || !strings.Contains(got.Why, test.why) || (got.Stage == publish.StageCancelled) != (got.Mark != "") {
			t.Errorf("%s: got %+v, want %s because of %q", name, got, test.want, test.why)
		}
	}
}

// TestTimesInZones: a time is that of the zone's clocks; one that they pass over is refused, and of one that comes twice it is the first.
func TestTimesInZones(t *testing.T) {
	for _, test := range []struct{ text, zone, want string }{
		{"2026-12-01T09:00", "Europe/Berlin", "2026-12-01T08:00:00Z"},
		{" 2026-12-01 09:00 ", " Asia/Kolkata ", "2026-12-01T03:30:00Z"},
		{"2026-12-01T09:00:30", "UTC", "2026-12-01T09:00:30Z"},
		{"2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"},
		{"2026-11-01 01:30", "America/New_York", "2026-11-01T05:30:00Z"},
		{"2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"},
		{"2026-03-29 02:30", "Europe/Berlin", ""},
		{"2026-12-01", "UTC", ""},
		{"tomorrow", "UTC", ""},
		{"", "UTC", ""},
		{"2026-02-30 09:00", "UTC", ""},
		{"2026-12-01 09:00", "", ""},
		{"2026-12-01 09:00", "Local", ""},
		{"2026-12-01 09:00", "Europe/Atlantis", ""},
		{"2026-12-01 09:00", "../../etc/passwd", ""},
	} {
		at, err := publish.TimeInZone(test.text, test.zone)
		got := ""
		if err == nil {
			got = at.UTC().Format(time.RFC3339)
		}
		if got != test.want {
			t.Errorf("%q in %q: got %q, %v, want %q", test.text, test.zone, got, err, test.want)
		}
	}
	if err := publish.CheckScheduledTime(noon, noon); err == nil {
		t.Error("now is taken for a time to come")
	}
	if err := publish.CheckScheduledTime(noon.Add(2*publish.MaxAhead), noon); err == nil {
		t.Error("two years ahead are taken")
	}
}
