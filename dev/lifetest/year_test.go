package lifetest

import (
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/rules"
)

var busy = flag.Int("events", 100_000, "how many events the busy learner of BenchmarkYear makes in a year")

// BenchmarkYear is a year of one busy learner, event by event: 100,000 of them, in sessions on working days, with three
// holidays. It is run as the triggers would with the rules of the example academy, where most events wake nobody, and with
// every event handed over, which is the worst that a ruleset can do.
func BenchmarkYear(b *testing.B) {
	for _, tc := range []struct {
		name   string
		retire time.Duration
		all    bool
	}{
		{"needed events, never retiring", -1, false},
		{"needed events, retiring", 0, false},
		{"all events, never retiring", -1, true},
		{"all events, retiring", 0, true},
	} {
		b.Run(tc.name, func(b *testing.B) {
			for range b.N {
				year(b, tc.retire, tc.all)
			}
		})
	}
}

// TestAMonthStaysBounded is a short piece of the same, so that the tests know when it breaks: whatever is handed over, no
// history outgrows the point at which Temporal suggests to continue as new.
func TestAMonthStaysBounded(t *testing.T) {
	const suggested = 80
	h := open(t, options{
		temporal: soon(map[string]any{"limit.historyCount.suggestContinueAsNew": suggested}),
		clock:    newCalendar(january, 24*time.Hour/(200*time.Millisecond)),
	})
	bill := h.live(study(400, 14), true)
	if bill.largest > suggested+40 || bill.runs < 10 {
		t.Errorf("%+v, want many runs of about %d history events", bill, suggested)
	}
}

func year(b *testing.B, retire time.Duration, all bool) {
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		b.Fatal(problems)
	}
	h := open(b, options{
		temporal:    soon(nil),
		retire:      retire,
		withWaiting: 2 * time.Hour,
		clock:       newCalendar(january, 24*time.Hour/time.Second),
	})
	h.rules.Store(academy)
	began := time.Now()
	bill := h.live(study(*busy, 365), all)
	b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms")
	b.ReportMetric(float64(bill.handedOver), "handed-over")
	b.ReportMetric(float64(bill.largest), "largest-history")
	b.ReportMetric(float64(bill.runs), "runs")
	b.ReportMetric(float64(bill.actions), "actions")
	b.ReportMetric(float64(len(h.sent())), "messages")
	b.ReportMetric(0, "ns/op")
	b.Logf("%+v", bill)
}

// live hands one learner's events over, one at a time, each when it happens and the one before has been decided upon.
func (h *home) live(events []engine.Event, all bool) bill {
	h.t.Helper()
	c := h.o.clock.(*calendar)
	learner := events[0].Learner
	handed := 0
	for i := range events {
		ev := &events[i]
		c.reach(h, ev.Time)
		ev.StoredAt = ev.Time
		rs := h.rules.Load().Ruleset
		wanted := all
		h.must(h.store.Standings.Update(h.ctx, learner, func(st *engine.Standing, _ []uint64) (bool, []uint64) {
			change := st.Apply(ev, rs, ev.StoredAt)
			wanted = rs.WantsOf(st, ev, &change) || all
			return change.Changed, nil
		}))
		if !wanted {
			continue
		}
		before := h.steps.Load()
		h.handOver(learner, *ev)
		handed++
		for h.steps.Load() == before && h.ctx.Err() == nil {
			_ = clock.Sleep(h.ctx, 200*time.Microsecond)
		}
	}
	c.reach(h, events[len(events)-1].Time.AddDate(0, 0, 3))
	h.eventually("everything is heard", func() error {
		if st, err := harness.QueryState(h.ctx, h.temporal, learner); err != nil || len(st.PendingDeliveries) > 0 {
			return fmt.Errorf("%d deliveries are out (%v)", len(st.PendingDeliveries), err)
		}
		return nil
	})
	bill := account(h.runs(learner))
	bill.handedOver = handed
	return bill
}

var january = time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC) // a Monday

// study makes about so many events in so many days: sessions at nine and at eight in the evening on working days, lessons
// with their videos, a quiz after every sixth and a course every other week. Weeks 14 to 17, 30 to 33 and 50 to 52 are holidays.
func study(events, days int) []engine.Event {
	var all []engine.Event
	at := january
	add := func(name string, after time.Duration, properties map[string]any) {
		at = at.Add(after)
		seq := len(all) + 1
		all = append(all, engine.Event{ID: fmt.Sprint("e", seq), Name: name, Learner: "ada", Time: at, Seq: uint64(seq), Stream: 1, Properties: properties})
	}
	working := 0
	for d := range days {
		if !free(d) {
			working++
		}
	}
	daily := events / working
	course := 0
	lesson := 0
	quiz := 0
	for d := range days {
		if free(d) {
			continue
		}
		for session := range 2 {
			at = january.AddDate(0, 0, d).Add(time.Duration(9+11*session) * time.Hour)
			for n := len(all); len(all)-n < daily/2; {
				id := fmt.Sprint("crs_", course)
				if lesson == 0 {
					add(engine.EventEnrolled, time.Second, map[string]any{"course_id": id, "enrollment_type": "paid"})
					add(engine.EventCourseStarted, time.Minute, map[string]any{"course_id": id})
				}
				lesson++
				of := map[string]any{"course_id": id, "lesson_id": fmt.Sprint(id, "_", lesson)}
				add(engine.EventLessonStarted, 5*time.Second, of)
				for _, name := range []string{"video.played", "video.paused", "video.played", "video.seeked", "video.played", "video.completed", "note.created"} {
					add(name, 13*time.Second, of)
				}
				add("lesson.completed", 13*time.Second, of)
				total := max(12, daily*9/12)
				add(engine.EventProgress, time.Second, map[string]any{
					"course_id": id, "progress_pct": float64(100*lesson) / float64(total), "lessons_done": float64(lesson), "total_lessons": float64(total),
				})
				if lesson%6 == 0 {
					quiz++
					graded := map[string]any{"course_id": id, "assessment_id": fmt.Sprint("q", quiz), "score_pct": 50.0, "passed": quiz%5 != 0}
					add("assessment.started", 10*time.Second, graded)
					add("assessment.submitted", 2*time.Minute, graded)
					add("assessment.graded", time.Second, graded)
				}
				if lesson == total {
					add(engine.EventCourseCompleted, time.Minute, map[string]any{"course_id": id})
					add("certificate.earned", time.Second, map[string]any{"course_id": id, "certificate_id": fmt.Sprint("cert_", id)})
					course = course + 1
					lesson = 0
				}
			}
		}
	}
	return all
}

func free(day int) bool {
	week := day/7 + 1
	return day%7 > 4 || week >= 14 && week <= 17 || week >= 30 && week <= 33 || week >= 50
}

// calendar is a clock that passes quickly while nothing happens and stands still while an event is heard, so that a year can
// be lived through one event at a time.
type calendar struct {
	mu     sync.Mutex
	at     time.Time
	since  time.Time // for real; zero: it stands still
	factor float64
}

func newCalendar(start time.Time, factor time.Duration) *calendar {
	return &calendar{at: start, factor: float64(factor)}
}

// Now implements activities.Clock.
func (c *calendar) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *calendar) now() time.Time {
	if c.since.IsZero() {
		return c.at
	}
	return c.at.Add(time.Duration(float64(time.Since(c.since)) * c.factor))
}

// Wait implements activities.Clock.
func (c *calendar) Wait(virtual time.Duration) time.Duration {
	return time.Duration(float64(virtual) / c.factor)
}

// Timer implements activities.Clock.
func (c *calendar) Timer(virtual time.Duration) time.Duration { return c.Wait(virtual) }

// reach lets time pass until it is t, and then stand still.
func (c *calendar) reach(h *home, t time.Time) {
	c.mu.Lock()
	wait := c.Wait(t.Sub(c.at))
	if wait > time.Millisecond {
		c.since = time.Now()
	}
	c.mu.Unlock()
	if wait > time.Millisecond {
		_ = clock.Sleep(h.ctx, wait)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = time.Time{}
	if t.After(c.at) {
		c.at = t
	}
}

var _ timepiece = clock.Real()
