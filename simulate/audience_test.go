package simulate_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
)

// TestAnEventThatConcernsMany: in a simulation an event without a learner reaches those who were heard of before and whom it concerns, whoever simulates them.
func TestAnEventThatConcernsMany(t *testing.T) {
	cat, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	rs := ruleset()
	rs.Rules = []*engine.Rule{{
		Name:    "new-lesson",
		When:    engine.Trigger{Match: engine.Match{Event: "content.published"}, Audience: &engine.Audience{}},
		Again:   engine.Again{Always: true},
		Program: []engine.Instr{{Op: engine.OpStop, ID: "1", Reason: "done"}},
	}}
	lines := []string{
		`{"id":"1","event":"enrollment.created","learner_id":"a","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go"}}`,
		`{"id":"2","event":"enrollment.created","learner_id":"b","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go"}}`,
		`{"id":"3","event":"enrollment.created","learner_id":"c","time":"2026-03-02T10:00:00Z","properties":{"course_id":"sql"}}`,
		`{"id":"4","event":"content.published","time":"2026-03-02T11:00:00Z","properties":{"content_id":"l1","course_id":"go"}}`,
		`{"id":"5","event":"enrollment.created","learner_id":"d","time":"2026-03-02T12:00:00Z","properties":{"course_id":"go"}}`,
	}
	for _, tc := range []struct {
		learner string
		workers int
		want    int
	}{{"", 1, 2}, {"", 4, 2}, {"b", 2, 1}, {"c", 2, 0}} {
		res, err := simulate.Run(t.Context(), strings.NewReader(strings.Join(lines, "\n")), simulate.Options{
			Ruleset: rs,
			Decoder: cat,
			Learner: tc.learner,
			Workers: tc.workers,
			After:   time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		started := 0
		for _, d := range res.Decisions {
			if d.Kind == engine.KindStarted {
				started++
			}
		}
		if started != tc.want {
			t.Errorf("%+v: %d runs", tc, started)
		}
	}
}
