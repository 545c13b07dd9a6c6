package publish

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"homeroom/store"
)

const (
	// MaxAhead is how far ahead a publication may be scheduled.
	MaxAhead = 366 * 24 * time.Hour
	// MaxLate is how much later than it was scheduled something is still put in force: whoever chose the hour did not choose another.
	MaxLate = time.Hour
	// ClaimTime is how long a process has to put in force what it claimed, before another one may.
	ClaimTime = 5 * time.Minute
)

// ScheduleStage is how far a scheduled publication is.
type ScheduleStage string

// The stages.
const (
	StageWaiting   ScheduleStage = "waiting"   // its time has not come
	StageDue       ScheduleStage = "due"       // it is to be put in force now
	StageClaimed   ScheduleStage = "claimed"   // a process is at it
	StageInForce   ScheduleStage = "in_force"  // it was put in force; learners who sleep may not have been signaled, and the draft is still there
	StageCancelled ScheduleStage = "cancelled" // it must not happen any more
)

// ScheduleLook says what is to become of a scheduled publication.
type ScheduleLook struct {
	Stage ScheduleStage
	Why   string // it must not happen, as a sentence without a full stop
	Mark  string // the same as audit records say it
}

// LookAtSchedule says what is to become of a draft whose files have the hash, whose publication is scheduled and waits, while current is in force.
func LookAtSchedule(d *store.Draft, hash string, current store.Pointer, now time.Time) ScheduleLook {
	s := d.Schedule
	cancel := func(mark, format string, args ...any) ScheduleLook {
		return ScheduleLook{Stage: StageCancelled, Why: fmt.Sprintf(format, args...), Mark: mark}
	}
	switch {
	case isClaimed(s, now):
		return ScheduleLook{Stage: StageClaimed}
	case !s.Claimed.IsZero() && current.Hash == s.Hash && d.Base != current.Hash:
		return ScheduleLook{Stage: StageInForce}
	case hash != s.Hash:
		return cancel(store.DraftEdited, "%s changed the draft", d.SavedBy)
	case d.Base != current.Hash, s.Number != 0 && s.Number != current.Number:
		return cancel(store.BaseMoved, "%s published no. %d meanwhile", current.Author, current.Number)
	case now.Sub(s.At) > MaxLate:
		why := "no console was there to do it"
		if s.Problem != "" {
			why = s.Problem
		}
		return cancel(store.TooLate, "it could not be put in force within %s of its time: %s", MaxLate, why)
	case now.Before(s.At):
		return ScheduleLook{Stage: StageWaiting}
	}
	return ScheduleLook{Stage: StageDue}
}

// isClaimed reports whether a process began to put it in force and still has the time for it, or failed and has the time to wait.
func isClaimed(s *store.DraftSchedule, now time.Time) bool {
	return !s.Claimed.IsZero() && now.Sub(s.Claimed) < ClaimTime
}

// CheckNotUnderWay returns an error while a process puts the draft in force: what somebody changes then would be confirmed and come too late. s may be nil.
func CheckNotUnderWay(s *store.DraftSchedule, now time.Time) error {
	if !s.Waits() || s.Problem != "" || !isClaimed(s, now) {
		return nil
	}
	return fmt.Errorf("the draft is being put in force just now: look again in a moment, at the latest at %s UTC", s.Claimed.Add(ClaimTime).UTC().Format(time.TimeOnly))
}

// CheckScheduledTime returns an error unless something can be scheduled for the instant.
func CheckScheduledTime(at, now time.Time) error {
	switch {
	case !at.After(now):
		return errors.New("that time is over: choose one to come, or publish now")
	case at.Sub(now) > MaxAhead:
		return errors.New("that is more than a year ahead: choose an earlier time")
	}
	return nil
}

// localForms are the forms in which people and browsers write a time of a day.
var localForms = []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05"}

// TimeInZone reads a local time such as 2026-12-01T09:00 or 2026-12-01 09:00 in an IANA time zone. A time that the clocks there pass over is an error. Of
// a time that comes twice it is the first.
func TimeInZone(text, zone string) (time.Time, error) {
	zone = strings.TrimSpace(zone)
	if zone == "" || zone == "Local" {
		return time.Time{}, errors.New("say in which time zone, for instance Europe/Berlin or UTC")
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("there is no time zone %q; write it like Europe/Berlin or UTC", zone)
	}
	text = strings.TrimSpace(text)
	for _, form := range localForms {
		at, err := time.ParseInLocation(form, text, place)
		if err != nil {
			continue
		}
		if at.Format(form) != text {
			return time.Time{}, fmt.Errorf("the clocks in %s pass over %s: choose another time", zone, text)
		}
		for _, shift := range []time.Duration{time.Hour, 30 * time.Minute} {
			if earlier := at.Add(-shift); earlier.Format(form) == text {
				return earlier, nil
			}
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time of a day: write it like 2026-12-01 09:00", text)
}
