package simulate_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/rules"
	"homeroom/simulate"
)

// BenchmarkRun measures decoding and deciding together, as `homeroom simulate --summary` does it, with the rules of the
// academy. With -cpu 1 the figures are those of a core.
func BenchmarkRun(b *testing.B) {
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		b.Fatal(problems)
	}
	recording, events := term(500)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		report, err := simulate.Run(context.Background(), strings.NewReader(recording), simulate.Options{
			Ruleset:         academy.Ruleset,
			Decoder:         academy.Catalog,
			AssumeReachable: true,
			SummaryOnly:     true,
		})
		if err != nil || report.Summary.DeadLetters > 0 || report.Summary.Sent["welcome"] == 0 {
			b.Fatal(err, report.DeadLetters, report.Summary)
		}
	}
	runtime.ReadMemStats(&after)
	n := float64(b.N * events)
	b.ReportMetric(n/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/event")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/event")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/event")
}

// term is what so many learners do in six weeks, as NDJSON in the order of time: they sign up, enrol in a course or two, and
// study as often as they feel like. Most of their events are needed by no rule.
func term(learners int) (recording string, events int) {
	type said struct {
		at   time.Time
		line string
	}
	var all []said
	zones := []string{"Europe/London", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney"}
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for n := range learners {
		learner := fmt.Sprintf("u_%04d", n)
		seq := 0
		at := start.Add(time.Duration(n*7919%14400) * time.Minute)
		say := func(event, properties, rest string) {
			seq++
			all = append(all, said{at, fmt.Sprintf(`{"id":"%s-%d","learner_id":%q,"event":%q,"time":%q,"properties":{%s}%s}`+"\n",
				learner, seq, learner, event, at.Format(time.RFC3339), properties, rest)})
		}
		say("user.signed_up", `"channel":"organic","device_type":"mobile"`,
			fmt.Sprintf(`,"traits":{"email":"%s@campus.example","first_name":"Ada","timezone":%q,"locale":"en-GB"}`, learner, zones[n%len(zones)]))
		courses := 1 + n%2
		for c := range courses {
			at = at.Add(40 * time.Minute)
			say("enrollment.created", fmt.Sprintf(`"course_id":"crs_%d","enrollment_type":"free","price_cents":0`, c), "")
		}
		for day := range 42 {
			if (day*31+n*17)%10 > n%8 { // some learn nearly every day, others hardly ever
				continue
			}
			at = start.AddDate(0, 0, 11+day).Add(time.Duration((n*37+day*11)%720) * time.Minute)
			course := fmt.Sprintf(`"course_id":"crs_%d"`, day%courses)
			lesson := fmt.Sprintf(`"lesson_id":"les_%d"`, day)
			say("lesson.started", lesson+","+course+`,"lesson_number":3`, "")
			video := fmt.Sprintf(`"video_id":"vid_%d",`, day) + lesson
			for range 2 {
				at = at.Add(3 * time.Minute)
				say("video.played", video+`,"playback_rate":1`, "")
				at = at.Add(2 * time.Minute)
				say("video.paused", video, "")
			}
			at = at.Add(3 * time.Minute)
			say("lesson.completed", lesson+","+course+`,"duration_seconds":900,"completion_type":"watched_full"`, "")
			say("course.progress_updated", course+fmt.Sprintf(`,"progress_pct":%d,"lessons_done":%d,"total_lessons":40`, 2*day, day), "")
			if day%4 == 0 {
				at = at.Add(5 * time.Minute)
				say("assessment.graded", fmt.Sprintf(`"assessment_id":"asm_%d","score_pct":40,"passed":%t,"grader_type":"auto"`, day, (n+day)%3 > 0), "")
			}
		}
	}
	slices.SortStableFunc(all, func(a, b said) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.line, b.line)) })
	var out bytes.Buffer
	for _, s := range all {
		out.WriteString(s.line)
	}
	return out.String(), len(all)
}
