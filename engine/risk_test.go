package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// slowRisk works a risk out from a list of activities, in the words of docs/judgement.md.
type slowRisk struct{ times []float64 } // days

func (s slowRisk) score(now, since float64) float64 {
	var at, last, a, e, gap float64
	day := math.Inf(-1)
	gaps := 0
	gap = 3
	for i, t := range s.times {
		if i == 0 {
			at = t
		}
		f := math.Pow(2, -math.Max(0, t-at)/14)
		a *= f
		e *= f
		late := math.Pow(2, -math.Max(0, at-t)/14)
		at = math.Max(at, t)
		e += late
		if d := math.Floor(t); d > day {
			if !math.IsInf(day, -1) {
				w := math.Max(1.0/5, 1/(float64(gaps)+2))
				gap += w * (d - day - gap)
				gaps++
			}
			a += late
			day = d
		}
		last = math.Max(last, t)
	}
	if len(s.times) == 0 {
		last = since
		at = since
	}
	f := math.Pow(2, -(now-at)/14)
	x := 2.6 + 0.40*math.Log(1+now-last) - 1.35*math.Log(1+a*f) - 0.40*math.Log(1+e*f)
	return 1 / (1 + math.Exp(-x))
}

// TestRiskIsTheFormula compares 100,000 random histories, some of them out of order and with repeats, with a slow reference.
func TestRiskIsTheFormula(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	begin := time.Date(2025, 9, 1, 8, 0, 0, 0, time.UTC)
	for n := range 100_000 {
		var r *Risk
		var slow slowRisk
		clock := begin
		newest := begin
		for i := range random.IntN(25) {
			clock = clock.Add(time.Duration(random.ExpFloat64() * float64(40*time.Hour)))
			at := clock
			if random.IntN(8) == 0 {
				at = clock.Add(-time.Duration(random.IntN(9*24)) * time.Hour) // heard late
			}
			if r == nil {
				r = &Risk{}
			}
			id := fmt.Sprint(n, "/", i)
			if !r.observe(id, at) {
				t.Fatalf("history %d: event %d counted as a repeat", n, i)
			}
			if r.observe(id, at) {
				t.Fatalf("history %d: the repeat of event %d counted", n, i)
			}
			slow.times = append(slow.times, daysOf(at))
			newest = later(newest, at)
		}
		now := newest.Add(time.Duration(random.IntN(60*24)) * time.Hour)
		got := r.ScoreAt(now, begin, RiskIntercept)
		if want := slow.score(daysOf(now), daysOf(begin)); math.Abs(got.Value-want) > 1e-9 {
			t.Fatalf("history %d: risk %.12f, want %.12f", n, got.Value, want)
		}
	}
}

// TestRiskGrowsInSilenceAndCrossesOnce: it never falls while nothing is done, and crosses finds the first second at which it is as great.
func TestRiskGrowsInSilenceAndCrossesOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	begin := time.Date(2025, 9, 1, 8, 0, 0, 0, time.UTC)
	crossed := 0
	for range 2_000 {
		r := &Risk{}
		last := begin
		for i := range 1 + random.IntN(40) {
			last = last.Add(time.Duration(random.IntN(48*60)) * time.Minute)
			r.observe(fmt.Sprint(i), last)
		}
		before := r.ScoreAt(last, begin, RiskIntercept).Value
		for days := range 60 {
			now := r.ScoreAt(last.AddDate(0, 0, days), begin, RiskIntercept).Value
			if now < before {
				t.Fatalf("the risk fell from %v to %v in silence", before, now)
			}
			before = now
		}
		threshold := 0.2 + 0.7*random.Float64()
		from := last.Add(3 * 24 * time.Hour)
		at := r.firstCrossing(threshold, from, from.Add(riskMaxSilence), time.Second, begin, RiskIntercept)
		if at.IsZero() {
			continue
		}
		crossed++
		if at.Before(from) || r.ScoreAt(at, begin, RiskIntercept).Value < threshold {
			t.Fatalf("it crosses %v at %v, with %v", threshold, at, r.ScoreAt(at, begin, RiskIntercept).Value)
		}
		if earlier := at.Add(-time.Second); !earlier.Before(from) && r.ScoreAt(earlier, begin, RiskIntercept).Value >= threshold {
			t.Fatalf("it crossed %v a second earlier", threshold)
		}
	}
	if crossed < 1_000 {
		t.Errorf("%d of 2,000 crossed", crossed)
	}
}

func TestRiskIsSmallAndReadBack(t *testing.T) {
	r := &Risk{}
	for i := range 100 {
		r.observe(fmt.Sprint(i), time.Date(2026, 1, 1+i, 9, 0, 0, 0, time.UTC))
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Risk
	if err := json.Unmarshal(raw, &back); err != nil || back != *r {
		t.Errorf("read back %+v (%v), want %+v", back, err, *r)
	}
	if len(raw) > 2+88 { // 64 bytes in base64, in quotes
		t.Errorf("it takes %d bytes: %s", len(raw), raw)
	}
	for _, damaged := range []string{`""`, `"AAAA"`, `12`, `"` + string(slices.Repeat([]byte("/"), 84)) + `8="`, `null`} {
		_ = json.Unmarshal([]byte(damaged), &back) // no panic
	}
	if err := json.Unmarshal([]byte(`"AAAA"`), &back); err == nil {
		t.Error("a cut risk is read without an error")
	}
}

func TestReasonsOfRisk(t *testing.T) {
	begin := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	steady := &Risk{}
	for i := range 40 {
		for visit := range 4 {
			steady.observe(fmt.Sprint(i, visit), begin.AddDate(0, 0, i).Add(time.Duration(visit)*time.Hour))
		}
	}
	good := steady.ScoreAt(begin.AddDate(0, 0, 40), begin, RiskIntercept)
	if len(good.Reasons) != 0 || good.FirstReason() != "" {
		t.Errorf("a steady learner is at risk because %v", good.Reasons)
	}
	away := steady.ScoreAt(begin.AddDate(0, 0, 60), begin, RiskIntercept)
	if !slices.Contains(away.Reasons, RiskSilent) || math.Abs(away.UsualGap-1) > 0.001 {
		t.Errorf("after 20 silent days: %+v", away)
	}
	var none *Risk
	never := none.ScoreAt(begin.AddDate(0, 0, 5), begin, RiskIntercept)
	if want := []RiskReason{RiskFewDays, RiskLittleDone, RiskSilent}; !slices.Equal(never.Reasons, want) {
		t.Errorf("who has done nothing: %v, want %v", never.Reasons, want)
	}
	if never.SilentDays != 5 || never.UsualGap != 0 {
		t.Errorf("who has done nothing: %+v", never)
	}
}

// TestRiskThatWasNotKept: a rule that looks at risk for the first time does not take a learner who studied every day for one who has done nothing.
func TestRiskThatWasNotKept(t *testing.T) {
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	rules := &Ruleset{
		Settings: Settings{Resolution: 10 * time.Minute, Activity: map[string]bool{"lesson.started": true}},
		Keys:     map[string][]string{"lesson.started": {"course_id"}},
	}
	standing := &Standing{Courses: map[string]*Course{"go": {}}}
	standing.Courses["go"].addMoment(Moment{At: begin, Kind: MomentEnrolled})
	study := func(day int) {
		at := begin.AddDate(0, 0, day)
		ev := &Event{ID: fmt.Sprint(day), Name: "lesson.started", Time: at, Properties: map[string]any{"course_id": "go"}}
		standing.Apply(ev, rules, at)
	}
	for day := range 8 {
		study(day)
	}
	if standing.Courses["go"].Risk != nil {
		t.Fatal("risk is kept though nothing looks at it")
	}
	rules.Settings.Risk = &RiskSettings{Intercept: RiskIntercept}
	score, known := rules.RiskOf(standing, "go", begin.AddDate(0, 0, 8))
	if !known || score.Value > 0.5 || score.StudyDays < 6 || score.SilentDays != 1 {
		t.Errorf("after eight days in a row: %+v", score)
	}
	study(8)
	if got := standing.Courses["go"].Risk; got == nil || got.Days < 6.5 || got.Events < 6.5 || got.Gaps != 7 {
		t.Errorf("from the ninth day on: %+v", got)
	}
}

// TestActivityThatIsHandedOverAgain: a stream hands a learner's events over again when the answer to a write is lost. They are in the risk once; those of a
// restored stream, which counts from the beginning again, are new.
func TestActivityThatIsHandedOverAgain(t *testing.T) {
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	rules := &Ruleset{
		Settings: Settings{
			Resolution: 10 * time.Minute,
			Activity:   map[string]bool{"lesson.started": true},
			Risk:       &RiskSettings{Intercept: RiskIntercept},
		},
		Keys: map[string][]string{"lesson.started": {"course_id"}},
	}
	standing := &Standing{}
	handOver := func(stored time.Time) {
		for n := range 8 {
			at := stored.Add(time.Duration(n) * time.Minute)
			ev := &Event{
				ID:         fmt.Sprint(stored.Unix(), n),
				Seq:        uint64(n + 1),
				Name:       "lesson.started",
				Time:       at,
				Properties: map[string]any{"course_id": "go"},
			}
			standing.Apply(ev, rules, at)
		}
	}
	handOver(begin)
	once := *standing.Courses["go"].Risk
	handOver(begin)
	if again := *standing.Courses["go"].Risk; again != once {
		t.Errorf("handed over again: %+v, was %+v", again, once)
	}
	handOver(begin.AddDate(0, 0, 1))
	if restored := standing.Courses["go"].Risk; restored.Events < 15 {
		t.Errorf("after eight more: %+v", restored)
	}
}
