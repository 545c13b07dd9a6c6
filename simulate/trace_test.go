package simulate_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/simulate"
)

// takeApart does with an entry what a tracer does.
func takeApart(entry *engine.TraceEntry) {
	if parted, ok := entry.Cond.(engine.PartedExpr); ok && entry.Vars != nil {
		parted.Parts(entry.Vars)
	}
}

// newTracer returns a tracer of a learner who has an address, with the example academy.
func newTracer(t *testing.T) (*simulate.Tracer, *rules.Academy) {
	t.Helper()
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	return simulate.NewTracer(simulate.HostOptions{Learner: "u_42", Ruleset: academy.Ruleset, AssumeReachable: true}), academy
}

// traceOf returns what was traced of one rule.
func traceOf(t *testing.T, traces []*simulate.RuleTrace, rule string) *simulate.RuleTrace {
	t.Helper()
	for _, trace := range traces {
		if trace.Rule.Name == rule {
			return trace
		}
	}
	t.Fatalf("nothing was traced of %s", rule)
	return nil
}

// TestATraceDoesNotGrow: what is kept of a learner with many events is what is kept of one with few.
func TestATraceDoesNotGrow(t *testing.T) {
	tracer, _ := newTracer(t)
	at := time.Date(2025, 3, 2, 10, 0, 0, 0, time.UTC)
	feed := func(events int) {
		for n := range events {
			at = at.Add(5 * time.Minute)
			d := catalog.Decoded{Event: engine.Event{
				ID:         fmt.Sprint(at.Unix()),
				Name:       []string{"course.progress_updated", "assessment.graded", "certificate.earned", "lesson.completed"}[n%4],
				Learner:    "u_42",
				Time:       at,
				Properties: map[string]any{"course_id": "crs_go", "assessment_id": fmt.Sprint("a", n), "certificate_id": fmt.Sprint("c", n), "passed": n%3 == 0, "progress_pct": float64(n % 100), "lesson_id": "l"},
			}}
			if err := tracer.Event(&d); err != nil {
				t.Fatal(err)
			}
		}
	}
	const many = 40_000
	feed(many / 10)
	before := usedMemory()
	feed(many - many/10)
	traces, err := tracer.Finish(at)
	if err != nil {
		t.Fatal(err)
	}
	if grown := usedMemory() - before; grown > 4<<20 {
		t.Errorf("the trace grew by %d bytes", grown)
	}
	retry := traceOf(t, traces, "quiz-retry")
	if retry.Seen != many/4 || retry.Fitting == 0 || retry.Fitting == retry.Seen || retry.Last == nil || retry.Last.Condition == nil {
		t.Errorf("quiz-retry: %+v", retry)
	}
	share := traceOf(t, traces, "certificate-share")
	if share.Started == 0 || len(share.Run.Steps) > 50 {
		t.Errorf("certificate-share: %+v", share)
	}
}

// usedMemory returns how many bytes are in use.
func usedMemory() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestTracesOfOneRun: the question that put a message off, where the run stands, and the silence that is to come.
func TestTracesOfOneRun(t *testing.T) {
	tracer, _ := newTracer(t)
	night := time.Date(2026, 3, 2, 22, 0, 0, 0, time.UTC)
	for name, properties := range map[string]map[string]any{
		"enrollment.created": {"course_id": "crs_go"},
		"certificate.earned": {"course_id": "crs_go", "certificate_id": "c1"},
	} {
		if err := tracer.Event(&catalog.Decoded{Event: engine.Event{ID: name, Name: name, Learner: "u_42", Time: night, Properties: properties}}); err != nil {
			t.Fatal(err)
		}
	}
	traces, err := tracer.Finish(night.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	share := traceOf(t, traces, "certificate-share")
	morning := time.Date(2026, 3, 3, 8, 0, 0, 0, time.UTC)
	if share.Run == nil || !share.Run.Live || len(share.Run.Steps) == 0 {
		t.Fatalf("certificate-share: %+v", share)
	}
	step := share.Run.Steps[0]
	if step.Kind != engine.KindDeferred || step.Question != "quiet hours" || step.Answer.Until.Before(morning) || step.Message != "certificate-ready" {
		t.Errorf("the message: %+v", step)
	}
	if share.Run.Stands == nil || share.Run.Stands.Send == nil || !share.Run.Due.Equal(step.Answer.Until) {
		t.Errorf("the run: %+v", share.Run)
	}
	quiet := traceOf(t, traces, "quiet-in-course")
	if len(quiet.Silences) != 1 || quiet.Silences[0].Course != "crs_go" || !quiet.Silences[0].Due.Equal(night.AddDate(0, 0, 3)) || quiet.Last != nil {
		t.Errorf("quiet-in-course: %+v", quiet)
	}
	if began := traceOf(t, traces, "review-request"); began.Seen != 0 || began.Last != nil || began.Run != nil {
		t.Errorf("review-request: %+v", began)
	}
}

func BenchmarkTracer(b *testing.B) {
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		b.Fatal(problems)
	}
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	tracer := simulate.NewTracer(simulate.HostOptions{Learner: "u_42", Ruleset: academy.Ruleset, AssumeReachable: true})
	d := catalog.Decoded{Event: engine.Event{Name: "course.progress_updated", Learner: "u_42", Properties: map[string]any{"course_id": "crs_go", "progress_pct": 30.0}}}
	for n := 0; b.Loop(); n++ {
		at = at.Add(5 * time.Minute)
		d.Event.ID = fmt.Sprint(n)
		d.Event.Time = at
		if err := tracer.Event(&d); err != nil {
			b.Fatal(err)
		}
	}
}
