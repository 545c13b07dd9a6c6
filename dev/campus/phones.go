package campus

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/profile"
)

// EventClassBooked is the academy's own event by which a learner books a live class.
const EventClassBooked = "class.booked"

// every third learner has the app on a phone, and every ninth had it on another one before.
const (
	phonesEvery    = 3
	oldPhonesEvery = 9
)

// WithLiveClasses returns a term in which every third learner has the app on a phone and books a live class a week. The others of its events stay as they are.
func WithLiveClasses(term []catalog.Decoded) []catalog.Decoded {
	all := slices.Clone(term)
	last := term[len(term)-1].Event.Time
	number := 0
	for _, d := range term {
		if d.Event.Name != engine.EventSignedUp {
			continue
		}
		if number++; number%phonesEvery != 0 {
			continue
		}
		learner := d.Event.Learner
		all = append(all, catalog.Decoded{
			Event: engine.Event{
				ID:      learner + "-phone",
				Name:    engine.EventProfileUpdated,
				Learner: learner,
				Time:    d.Event.Time.Add(time.Hour),
			},
			Traits: map[string]any{profile.TraitPushTokens: tokensOf(learner, number)},
		})
		for week := 1; ; week++ {
			begins := d.Event.Time.AddDate(0, 0, 7*week).Truncate(time.Hour)
			if begins.After(last) {
				break
			}
			all = append(all, bookedClass(learner, week, begins))
		}
	}
	slices.SortStableFunc(all, func(a, b catalog.Decoded) int {
		return cmp.Or(a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.Learner, b.Event.Learner))
	})
	return all
}

// bookedClass is the event of a class that is booked two days before it begins.
func bookedClass(learner string, week int, begins time.Time) catalog.Decoded {
	return catalog.Decoded{Event: engine.Event{
		ID:      fmt.Sprintf("%s-class-%d", learner, week),
		Name:    EventClassBooked,
		Learner: learner,
		Time:    begins.AddDate(0, 0, -2),
		Properties: map[string]any{
			"class_id":    fmt.Sprintf("live-%d", week),
			"class_title": fmt.Sprintf("Office hour %d", week),
			"starts_at":   begins.Format(time.RFC3339),
			"join_url":    fmt.Sprintf("https://live.academy.example/live-%d", week),
		},
	}}
}

// tokensOf are the tokens of a learner's apps, the one on an old phone first.
func tokensOf(learner string, number int) []any {
	tokens := []any{"phone:campus-app-of-" + learner}
	if number%oldPhonesEvery == 0 {
		tokens = append([]any{"old-phone:campus-app-of-" + learner}, tokens...)
	}
	return tokens
}

// OldTokens are those of the tokens in a term that no app answers to any more.
func OldTokens(term []catalog.Decoded) []string {
	var old []string
	for _, d := range term {
		if tokens := profile.PushTokens(d.Traits); len(tokens) > 1 {
			old = append(old, tokens[0])
		}
	}
	return old
}
