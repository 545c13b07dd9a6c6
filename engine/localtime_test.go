package engine

import (
	"testing"
	"time"
)

var weekdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}

// TestNextClock reads like a calendar: it is this time there, the rule says until this clock on these days; when is it?
func TestNextClock(t *testing.T) {
	cases := []struct {
		story  string
		zone   string
		now    string // UTC
		clock  string
		days   []time.Weekday
		want   string // UTC
		within string // local, for the reader
	}{
		{"Thursday evening in New York is still Thursday", "America/New_York", "2026-01-16T00:30:00Z", "20:00", weekdays, "2026-01-16T01:00:00Z", "Thu 20:00"},
		{"Friday evening, after eight: Monday", "America/New_York", "2026-01-17T01:00:01Z", "20:00", weekdays, "2026-01-20T01:00:00Z", "Mon 20:00"},
		{"Sunday evening UTC is Monday morning in Tokyo", "Asia/Tokyo", "2026-01-18T22:00:00Z", "08:00", weekdays, "2026-01-18T23:00:00Z", "Mon 08:00"},
		{"exactly now counts", "Asia/Tokyo", "2026-01-18T23:00:00Z", "08:00", weekdays, "2026-01-18T23:00:00Z", "Mon 08:00"},
		{"Berlin, the morning before the clocks go forward", "Europe/Berlin", "2026-03-28T07:59:00Z", "09:00", nil, "2026-03-28T08:00:00Z", "Sat 09:00"},
		{"Berlin, the morning after", "Europe/Berlin", "2026-03-28T08:01:00Z", "09:00", nil, "2026-03-29T07:00:00Z", "Sun 09:00"},
		{"Berlin, the morning before the clocks go back", "Europe/Berlin", "2026-10-24T06:30:00Z", "09:00", nil, "2026-10-24T07:00:00Z", "Sat 09:00"},
		{"Berlin, the morning after that", "Europe/Berlin", "2026-10-24T07:30:00Z", "09:00", nil, "2026-10-25T08:00:00Z", "Sun 09:00"},
		{"02:30 does not exist in Berlin: the next valid minute", "Europe/Berlin", "2026-03-28T12:00:00Z", "02:30", nil, "2026-03-29T01:00:00Z", "Sun 03:00"},
		{"02:30 happens twice in Berlin: the first", "Europe/Berlin", "2026-10-24T12:00:00Z", "02:30", nil, "2026-10-25T00:30:00Z", "Sun 02:30 summer"},
		{"past the first 02:30: tomorrow, not the second", "Europe/Berlin", "2026-10-25T00:31:00Z", "02:30", nil, "2026-10-26T01:30:00Z", "Mon 02:30"},
		{"half an hour off: Kolkata", "Asia/Kolkata", "2026-05-04T03:00:00Z", "09:00", nil, "2026-05-04T03:30:00Z", "Mon 09:00"},
		{"a quarter off: Kathmandu", "Asia/Kathmandu", "2026-05-04T03:00:00Z", "09:00", nil, "2026-05-04T03:15:00Z", "Mon 09:00"},
		{"the south changes the other way: Sydney, October", "Australia/Sydney", "2026-10-03T15:00:00Z", "02:30", nil, "2026-10-03T16:00:00Z", "Sun 03:00"},
		{"Sydney, April, twice: the first", "Australia/Sydney", "2026-04-04T12:00:00Z", "02:30", nil, "2026-04-04T15:30:00Z", "Sun 02:30 summer"},
		{"Lord Howe changes by half an hour: 02:15 does not exist", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "02:15", nil, "2026-10-03T15:30:00Z", "Sun 02:30"},
		{"São Paulo no longer changes", "America/Sao_Paulo", "2026-11-01T10:00:00Z", "09:00", nil, "2026-11-01T12:00:00Z", "Sun 09:00"},
		{"Auckland is a day ahead", "Pacific/Auckland", "2026-06-07T20:00:00Z", "09:00", []time.Weekday{time.Monday}, "2026-06-07T21:00:00Z", "Mon 09:00"},
		{"midnight in Cairo, the day it does not exist", "Africa/Cairo", "2026-04-23T12:00:00Z", "00:00", []time.Weekday{time.Friday}, "2026-04-23T22:00:00Z", "Fri 01:00"},
		{"a Sunday only", "Europe/London", "2026-03-23T10:00:00Z", "01:30", []time.Weekday{time.Sunday}, "2026-03-29T01:00:00Z", "Sun 02:00"},
	}
	for _, c := range cases {
		t.Run(c.story, func(t *testing.T) {
			loc, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			got := nextClock(instant(t, c.now), minutes(t, c.clock), c.days, loc)
			if want := instant(t, c.want); !got.Equal(want) {
				t.Errorf("got %s (%s there), want %s (%s)", got.UTC().Format(time.RFC3339), got.In(loc).Format("Mon 15:04"), c.want, c.within)
			}
		})
	}
}

func TestQuietHours(t *testing.T) {
	night := QuietHours{From: 21 * 60, To: 8 * 60}
	noon := QuietHours{From: 12 * 60, To: 14 * 60}
	small := QuietHours{From: 1 * 60, To: 2*60 + 30}
	cases := []struct {
		story string
		quiet QuietHours
		zone  string
		now   string
		until string // empty: not quiet
	}{
		{"21:00 is inside", night, "Europe/Berlin", "2026-01-05T20:00:00Z", "2026-01-06T07:00:00Z"},
		{"a second before is not", night, "Europe/Berlin", "2026-01-05T19:59:59Z", ""},
		{"08:00 is outside", night, "Europe/Berlin", "2026-01-06T07:00:00Z", ""},
		{"a second before is inside", night, "Europe/Berlin", "2026-01-06T06:59:59Z", "2026-01-06T07:00:00Z"},
		{"the short night in New York", night, "America/New_York", "2026-03-08T03:00:00Z", "2026-03-08T12:00:00Z"},
		{"the long night in New York", night, "America/New_York", "2026-11-01T03:00:00Z", "2026-11-01T13:00:00Z"},
		{"the same day, over lunch", noon, "Asia/Kolkata", "2026-05-04T06:30:00Z", "2026-05-04T08:30:00Z"},
		{"after lunch", noon, "Asia/Kolkata", "2026-05-04T08:30:00Z", ""},
		{"ends at a time that does not exist: when it would have", small, "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"},
		{"ends at a time that happens twice: the first", small, "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"},
		{"the second 02:15 is past it", small, "Europe/Berlin", "2026-10-25T01:15:00Z", ""},
		{"Sydney's night in October", night, "Australia/Sydney", "2026-10-03T12:00:00Z", "2026-10-03T21:00:00Z"},
		{"Chatham, three quarters off", night, "Pacific/Chatham", "2026-06-07T12:00:00Z", "2026-06-07T19:15:00Z"},
		{"St. John's, half an hour off", night, "America/St_Johns", "2026-01-06T01:00:00Z", "2026-01-06T11:30:00Z"},
	}
	for _, c := range cases {
		t.Run(c.story, func(t *testing.T) {
			loc, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			end, quiet := c.quiet.until(instant(t, c.now), loc)
			if quiet != (c.until != "") {
				t.Fatalf("quiet = %v at %s there", quiet, instant(t, c.now).In(loc).Format("Mon 15:04"))
			}
			if quiet && !end.Equal(instant(t, c.until)) {
				t.Errorf("quiet until %s, want %s", end.UTC().Format(time.RFC3339), c.until)
			}
		})
	}
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func minutes(t *testing.T, s string) int {
	t.Helper()
	at, err := time.Parse("15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Hour()*60 + at.Minute()
}
