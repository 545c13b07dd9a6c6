package engine_test

import (
	"fmt"
	"testing"
	"time"

	"homeroom/engine"
)

// TestTheUsualHour: a rule that an enrollment starts waits for the usual hour of a learner who studied before.
func TestTheUsualHour(t *testing.T) {
	night := &engine.QuietHours{From: 21 * 60, To: 8 * 60}
	cases := []struct {
		about   string
		zone    string
		quiet   *engine.QuietHours
		session []string // activity, in UTC
		begins  string   // the wait, in UTC
		want    string   // in UTC
	}{
		{"no activity", "UTC", night, nil, "2026-03-02T10:00:00Z", "2026-03-02T18:00:00Z"},
		{"no activity, and the hour is over", "UTC", night, nil, "2026-03-02T18:30:00Z", "2026-03-03T18:00:00Z"},
		{"no activity, and 18:00 is quiet", "UTC", &engine.QuietHours{From: 17 * 60, To: 8 * 60}, nil, "2026-03-02T10:00:00Z", "2026-03-02T16:30:00Z"},
		{"an hour of the day", "UTC", night, []string{"2026-03-01T14:40:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T14:30:00Z"},
		{"exactly then", "UTC", night, []string{"2026-03-01T14:40:00Z"}, "2026-03-02T14:30:00Z", "2026-03-02T14:30:00Z"},
		{"a second later", "UTC", night, []string{"2026-03-01T14:40:00Z"}, "2026-03-02T14:30:01Z", "2026-03-03T14:30:00Z"},
		{"where a session began", "UTC", night, []string{"2026-03-01T09:00:00Z", "2026-03-01T18:10:00Z", "2026-03-01T19:00:00Z", "2026-03-01T19:50:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T18:00:00Z"},
		{"the last minute before the night", "UTC", night, []string{"2026-03-01T20:59:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T20:30:00Z"},
		{"the first minute of the night", "UTC", night, []string{"2026-03-01T21:00:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T20:30:00Z"},
		{"after midnight", "UTC", night, []string{"2026-03-01T00:10:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T20:30:00Z"},
		{"the last minute of the night", "UTC", night, []string{"2026-03-01T07:59:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T20:30:00Z"},
		{"the end of the night", "UTC", night, []string{"2026-03-01T08:00:00Z"}, "2026-03-02T10:00:00Z", "2026-03-03T08:00:00Z"},
		{"a night that begins within a half hour", "UTC", &engine.QuietHours{From: 20*60 + 45, To: 7 * 60}, []string{"2026-03-01T23:00:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T20:30:00Z"},
		{"a night that begins at midnight", "UTC", &engine.QuietHours{From: 0, To: 7 * 60}, []string{"2026-03-01T03:00:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T23:30:00Z"},
		{"fifteen minutes of the day are allowed", "UTC", &engine.QuietHours{From: 8 * 60, To: 7*60 + 45}, []string{"2026-03-01T23:00:00Z"}, "2026-03-02T10:00:00Z", "2026-03-03T07:45:00Z"},
		{"where the learner lives", "America/New_York", night, []string{"2026-03-01T23:10:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T23:00:00Z"},
		{"a zone of a half hour", "Asia/Kolkata", night, []string{"2026-03-01T12:40:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T12:30:00Z"},
		{"a zone of a quarter", "Asia/Kathmandu", night, []string{"2026-03-01T12:20:00Z"}, "2026-03-02T10:00:00Z", "2026-03-02T12:15:00Z"},
		{"clocks go forward in between", "Europe/Berlin", night, []string{"2026-03-28T18:10:00Z"}, "2026-03-28T20:00:00Z", "2026-03-29T17:00:00Z"},
		{"clocks go back in between", "Europe/Berlin", night, []string{"2026-10-24T17:10:00Z"}, "2026-10-24T20:00:00Z", "2026-10-25T18:00:00Z"},
		{"an hour that is skipped", "Europe/Berlin", nil, []string{"2026-03-28T01:40:00Z"}, "2026-03-28T20:00:00Z", "2026-03-29T01:00:00Z"},
		{"an hour that comes twice", "Europe/Berlin", nil, []string{"2026-10-24T00:40:00Z"}, "2026-10-24T20:00:00Z", "2026-10-25T00:30:00Z"},
	}
	for _, c := range cases {
		t.Run(c.about, func(t *testing.T) {
			rs := ruleset(t, "at-usual")
			rs.Settings.Quiet = c.quiet
			rs.Settings.Usual = 18 * 60
			st := &engine.Standing{}
			for i, text := range c.session {
				st.Apply(&engine.Event{ID: fmt.Sprint("a", i), Name: "lesson.completed", Time: instant(t, text)}, rs, instant(t, text))
			}
			begins := instant(t, c.begins)
			ev := &engine.Event{ID: "e", Name: "enrollment.created", Learner: "u1", Time: begins, Properties: map[string]any{"course_id": "go"}}
			st.Apply(ev, rs, begins)
			env := engine.Env{Current: rs, Standing: st, Profile: engine.Profile{Timezone: c.zone}, Grace: time.Minute}
			env.Revision = func(string) *engine.Ruleset { return rs }
			r := engine.Step(env, engine.State{}, []engine.Input{{Event: ev}}, begins)
			due := r.WakeAt
			if len(r.Decisions) > 1 { // it went on at once
				due = r.Decisions[1].At
			}
			if want := instant(t, c.want); !due.Equal(want) {
				t.Errorf("the wait ends at %s, want %s", due.UTC(), want)
			}
			// What the learner does in the meantime moves nothing; another zone does.
			later := begins.Add(time.Minute)
			st.Apply(&engine.Event{ID: "b", Name: "lesson.completed", Time: later}, rs, later)
			if r.WakeAt.After(later) {
				if next := engine.Step(env, r.State, nil, later); !next.WakeAt.Equal(r.WakeAt) {
					t.Errorf("activity moved the end of the wait from %s to %s", r.WakeAt, next.WakeAt)
				}
			}
		})
	}
}

// TestTheUsualHourOfAnotherZone: when the zone becomes known during the wait, the same session is looked at in it.
func TestTheUsualHourOfAnotherZone(t *testing.T) {
	rs := ruleset(t, "at-usual")
	st := &engine.Standing{}
	st.Apply(&engine.Event{ID: "a", Name: "lesson.completed", Time: instant(t, "2026-03-01T14:40:00Z")}, rs, instant(t, "2026-03-01T14:40:00Z"))
	begins := instant(t, "2026-03-02T16:00:00Z")
	ev := &engine.Event{ID: "e", Name: "enrollment.created", Learner: "u1", Time: begins, Properties: map[string]any{"course_id": "go"}}
	env := engine.Env{Current: rs, Standing: st, Grace: time.Minute}
	env.Revision = func(string) *engine.Ruleset { return rs }
	r := engine.Step(env, engine.State{}, []engine.Input{{Event: ev}}, begins)
	rs.Settings.Quiet = &engine.QuietHours{From: 15 * 60, To: 8 * 60}
	env.Profile.Timezone = "Europe/Berlin" // there the session began at 15:40, which is quiet
	later := begins.Add(time.Minute)
	if next, want := engine.Step(env, r.State, nil, later), instant(t, "2026-03-03T13:30:00Z"); !next.WakeAt.Equal(want) {
		t.Errorf("in another zone the wait ends at %s, want %s", next.WakeAt, want)
	}
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
