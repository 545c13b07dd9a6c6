package campus

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// Options describe a term.
type Options struct {
	Learners int       // default 40
	Days     int       // default 45
	Seed     uint64    // the same seed makes the same term
	Start    time.Time // first day; default Monday, 7 September 2026, midnight UTC
}

// habit describes how a learner studies.
type habit struct {
	name    string
	weight  int     // number of learners with it, relative to the other habits
	daily   float64 // chance of a study session on a day
	fails   float64 // chance that an assessment is failed
	drifts  float64 // chance, after a session, of falling silent for one to three weeks
	leaves  float64 // chance, after a session, of cancelling
	courses int     // at most
	shares  float64 // chance of sharing a certificate
}

var habits = []habit{
	{"steady", 10, 0.75, 0.10, 0.02, 0, 2, 0.7},
	{"eager", 6, 0.95, 0.08, 0.01, 0, 3, 0.9},
	{"struggling", 9, 0.60, 0.55, 0.06, 0.01, 1, 0.5},
	{"drifting", 9, 0.45, 0.20, 0.25, 0.01, 1, 0.3},
	{"dabbling", 4, 0.30, 0.25, 0.10, 0.12, 2, 0.2},
	{"never starting", 3, 0, 0, 0, 0, 1, 0},
}

type course struct {
	id      string
	lessons int
}

var courses = []course{
	{"crs_python101", 12}, {"crs_sql", 8}, {"crs_go", 16}, {"crs_stats", 10}, {"crs_design", 6},
}

var names = []string{
	"Ada", "Grace", "Linus", "Mei", "Tunde", "Priya", "Lars", "Zoë", "Mateo", "Aiko", "Fatima", "Noah", "Olga", "Kofi", "Ines",
	"Bjørn", "Chloé", "Raj", "Sofia", "Yusuf", "Hana", "Diego", "Amara", "Emil", "Leila", "Tom", "Nia", "Pavel", "Rosa", "Jin",
}

var zones = []struct{ name, locale string }{
	{"Europe/London", "en-GB"}, {"Europe/Berlin", "de-DE"}, {"America/New_York", "en-US"}, {"America/Los_Angeles", "en-US"},
	{"Asia/Kolkata", "en-IN"}, {"Asia/Tokyo", "en"}, {"Australia/Sydney", "en-AU"}, {"America/Sao_Paulo", "pt-BR"},
}

// Term returns the events of a term, in the order of time.
func Term(o Options) []catalog.Decoded {
	if o.Learners == 0 {
		o.Learners = 40
	}
	if o.Days == 0 {
		o.Days = 45
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)
	}
	var all []catalog.Decoded
	for n := range o.Learners {
		s := newStudent(o, n)
		s.liveThroughTerm()
		all = append(all, s.events...)
	}
	slices.SortStableFunc(all, func(a, b catalog.Decoded) int {
		return cmp.Or(a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.Learner, b.Event.Learner))
	})
	return all
}

// student is one learner during the term.
type student struct {
	rand    *rand.Rand
	id      string
	habit   habit
	zone    *time.Location
	start   time.Time
	end     time.Time
	courses []*enrollment
	events  []catalog.Decoded
	seq     int
}

// enrollment is a course that a student takes.
type enrollment struct {
	course
	done, quizzes int
	started, over bool
}

func newStudent(o Options, n int) *student {
	s := &student{
		rand:  rand.New(rand.NewPCG(o.Seed, uint64(n))),
		id:    fmt.Sprintf("u_%03d", n+1),
		start: o.Start,
		end:   o.Start.AddDate(0, 0, o.Days),
	}
	total := 0
	for _, h := range habits {
		total += h.weight
	}
	pick := n * 7 % total // spread evenly, so that a small campus has every habit
	for _, h := range habits {
		if pick -= h.weight; pick < 0 {
			s.habit = h
			break
		}
	}
	place := zones[s.rand.IntN(len(zones))]
	s.zone, _ = time.LoadLocation(place.name)
	first := names[n%len(names)]
	s.addEvent(s.signUpTime(), engine.EventSignedUp, map[string]any{
		"channel": chooseOne(s.rand, "organic", "referral", "campaign"), "device_type": chooseOne(s.rand, "desktop", "mobile"),
	}, map[string]any{
		"email": fmt.Sprintf("%s@campus.example", s.id), "first_name": first, "timezone": place.name, "locale": place.locale,
	})
	return s
}

// signUpTime returns when the student signs up: in the first ten days, between 9 and 21 o'clock local time.
func (s *student) signUpTime() time.Time {
	return s.randomTime(s.start.AddDate(0, 0, s.rand.IntN(10)), 9, 21)
}

// randomTime returns a random time of a day between two local hours.
func (s *student) randomTime(day time.Time, from, to int) time.Time {
	y, m, d := day.Date()
	minutes := from*60 + s.rand.IntN((to-from)*60)
	return time.Date(y, m, d, 0, minutes, s.rand.IntN(60), 0, s.zone).UTC()
}

func chooseOne(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func (s *student) addEvent(at time.Time, name string, properties map[string]any, traits ...map[string]any) {
	if at.After(s.end) {
		return
	}
	s.seq++
	d := catalog.Decoded{
		Event: engine.Event{
			ID:         fmt.Sprintf("%s-%d", s.id, s.seq),
			Name:       name,
			Learner:    s.id,
			Time:       at,
			Properties: properties,
		},
	}
	if len(traits) > 0 {
		d.Traits = traits[0]
	}
	s.events = append(s.events, d)
}
