package judgement

import (
	"cmp"
	"math"
	"slices"
	"time"

	"homeroom/engine"
)

// GoneAfter is for how long a learner must do nothing in a course to count as gone from it. Activity of which no course is known counts for all of theirs.
const GoneAfter = 10 * 24 * time.Hour

const day = 24 * time.Hour

// Observation is what was known of a learner in a course at an instant, and what came of it.
type Observation struct {
	Learner string
	Course  string
	At      time.Time
	Risk    float64       // with the intercept in force
	Silence time.Duration // at that instant
	Gone    bool          // the learner did nothing in the course for GoneAfter
	Back    time.Duration // until the next activity in it, or of which no course is known; 0: none came
}

// Watch records the risk of every learner in every course at fixed intervals, and later whether the learner came back. It is for one goroutine.
type Watch struct {
	learners *Learners
	next     time.Time // when to look
	pending  map[key][]Observation
	resolved []Observation
	interval time.Duration
}

type key struct{ learner, course string }

// minInterval is the shortest interval of a watch.
const minInterval = time.Hour

// NewWatch returns a watch that records the risks once per interval. A shorter one than an hour counts as an hour.
func NewWatch(rules *engine.Ruleset, interval time.Duration) *Watch {
	return &Watch{
		learners: NewLearners(rules),
		pending:  map[key][]Observation{},
		interval: max(interval, minInterval),
	}
}

// Add takes in an event that a stream stored at an instant, after looking at everybody as often as was due before.
func (w *Watch) Add(ev *engine.Event, stored time.Time) {
	if w.next.IsZero() {
		w.next = stored.UTC().Truncate(day).Add(day)
	}
	for !w.next.After(stored) {
		w.noteRisks(w.next)
		w.next = w.next.Add(w.interval)
	}
	w.learners.Add(ev, stored)
	course := w.learners.CourseOf(ev)
	switch {
	case w.learners.rules.Settings.Activity[ev.Name] && course == "": // it ends the silence in every course, see engine.Ruleset.RiskOf
		for id := range w.learners.standings[ev.Learner].Courses {
			w.resolvePending(key{ev.Learner, id}, stored, true)
		}
	case w.learners.rules.Settings.Activity[ev.Name]:
		w.resolvePending(key{ev.Learner, course}, stored, true)
	case ev.Name == engine.EventCourseCompleted:
		delete(w.pending, key{ev.Learner, course}) // they left because they were done
	}
}

// noteRisks notes the risk of every learner in every course at an instant.
func (w *Watch) noteRisks(at time.Time) {
	for _, r := range w.learners.Risks(at, "") {
		k := key{r.Learner, r.Course}
		w.pending[k] = append(w.pending[k], Observation{
			Learner: r.Learner,
			Course:  r.Course,
			At:      at,
			Risk:    r.Value,
			Silence: time.Duration(r.SilentDays * float64(day)),
		})
	}
}

// resolvePending records what came of the risks that were noted: whether the learner came back in time.
func (w *Watch) resolvePending(k key, at time.Time, active bool) {
	for _, o := range w.pending[k] {
		if active {
			o.Back = at.Sub(o.At)
		}
		o.Gone = !active || o.Back > GoneAfter
		w.resolved = append(w.resolved, o)
	}
	delete(w.pending, k)
}

// Finish ends the watch and returns what came of everything that was noted, by instant, learner and course: who was not active since is gone. What was noted less
// than GoneAfter before the last event is left out. Nothing may be added afterwards.
func (w *Watch) Finish() []Observation {
	for k := range w.pending {
		w.resolvePending(k, w.learners.latest, false)
	}
	all := slices.DeleteFunc(w.resolved, func(o Observation) bool { return w.learners.latest.Sub(o.At) < GoneAfter })
	slices.SortFunc(all, func(a, b Observation) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Learner, b.Learner), cmp.Compare(a.Course, b.Course))
	})
	w.pending = nil
	w.resolved = nil
	return all
}

// Calibration says how far an academy's risk can be relied on.
type Calibration struct {
	Observations     int       `json:"observations"` // risks that were noted, one per learner, course and look
	BaseRate         float64   `json:"base_rate"`    // of them: gone for 10 days
	Intercept        float64   `json:"intercept"`    // with which the risk is as great, on average, as the share that is gone
	InterceptInForce float64   `json:"was"`          // the intercept in force
	AUC              float64   `json:"auc"`          // the probability that a learner who leaves is ranked above one who stays: 0.5 is chance, 1 is always
	AUCSilence       float64   `json:"auc_silence"`  // the same of silence alone
	Bins             []Bin     `json:"bins"`         // by calibrated risk
	Thresholds       []Meaning `json:"thresholds"`
}

// Bin is a tenth of the observations.
type Bin struct {
	Predicted float64 `json:"said"` // the mean risk, calibrated
	Observed  float64 `json:"was"`  // the share that was gone
}

// Meaning says what a rule with at_risk at a threshold would do, if it wrote each time a learner's risk rises to the threshold.
type Meaning struct {
	AtRisk     float64 `json:"at_risk"`     // with the calibrated intercept
	Messages   float64 `json:"messages"`    // per learner and 30 days in a course
	Reach      float64 `json:"reach"`       // of those who are gone at last, the share that crossed it
	BackAnyway float64 `json:"back_anyway"` // of the crossings, the share that was active within 3 days
}

// backSoon is how soon somebody comes back who would have come back anyway.
const backSoon = 3 * day

// thresholds are those of which a calibration says what they mean.
var thresholds = [...]float64{0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}

// Calibrate works out the intercept that fits the observations. Another intercept does not change which learner's risk is greater. was is the intercept with which their risks were
// worked out.
func Calibrate(all []Observation, was float64) Calibration {
	c := Calibration{Observations: len(all), Intercept: was, InterceptInForce: was, Bins: []Bin{}, Thresholds: []Meaning{}}
	if len(all) == 0 {
		return c
	}
	gone := 0
	for i := range all {
		if all[i].Gone {
			gone++
		}
	}
	c.BaseRate = float64(gone) / float64(len(all))
	if gone > 0 && gone < len(all) {
		c.Intercept = was + fitShift(all, c.BaseRate)
	}
	c.AUC = areaUnder(all, func(o *Observation) float64 { return o.Risk })
	c.AUCSilence = areaUnder(all, func(o *Observation) float64 { return float64(o.Silence) })
	c.Bins = binsOf(all, c.Intercept-was)
	for _, threshold := range thresholds {
		c.Thresholds = append(c.Thresholds, meaningOf(all, threshold, c.Intercept-was))
	}
	return c
}

// shiftRisk returns a risk with another intercept.
func shiftRisk(risk, by float64) float64 {
	return 1 / (1 + math.Exp(-(math.Log(risk/(1-risk)) + by)))
}

// fitShift finds by bisection by how much the intercept must change so that the mean risk is the share that is gone: the maximum of the likelihood in that one
// parameter.
func fitShift(all []Observation, rate float64) float64 {
	low := -20.0
	high := 20.0
	for range 60 {
		middle := (low + high) / 2
		sum := 0.0
		for i := range all {
			sum += shiftRisk(all[i].Risk, middle)
		}
		if sum/float64(len(all)) < rate {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// areaUnder is the area under the ROC curve of a score for Gone, by ranks; ties count half.
func areaUnder(all []Observation, score func(*Observation) float64) float64 {
	type ranked struct {
		score float64
		gone  bool
	}
	list := make([]ranked, len(all))
	for i := range all {
		list[i] = ranked{score(&all[i]), all[i].Gone}
	}
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Compare(a.score, b.score) })
	var sum, positive float64
	for i := 0; i < len(list); {
		j := i
		gone := 0.0
		for ; j < len(list) && list[j].score == list[i].score; j++ {
			if list[j].gone {
				gone++
			}
		}
		sum += gone * (float64(i) + float64(j-i+1)/2)
		positive += gone
		i = j
	}
	negative := float64(len(list)) - positive
	if positive == 0 || negative == 0 {
		return 0.5
	}
	return (sum - positive*(positive+1)/2) / (positive * negative)
}

// binsOf splits the observations into ten by risk.
func binsOf(all []Observation, shift float64) []Bin {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Observation) int { return cmp.Compare(a.Risk, b.Risk) })
	bins := []Bin{}
	for i := range 10 {
		part := sorted[len(sorted)*i/10 : len(sorted)*(i+1)/10]
		if len(part) == 0 {
			continue
		}
		var b Bin
		for j := range part {
			b.Predicted += shiftRisk(part[j].Risk, shift)
			if part[j].Gone {
				b.Observed++
			}
		}
		b.Predicted /= float64(len(part))
		b.Observed /= float64(len(part))
		bins = append(bins, b)
	}
	return bins
}

// meaningOf follows each learner in each course through the observations.
func meaningOf(all []Observation, threshold, shift float64) Meaning {
	m := Meaning{AtRisk: threshold}
	type followed struct {
		above   bool
		crossed bool
		last    Observation
		first   time.Time
	}
	people := map[key]*followed{}
	crossings := 0
	back := 0
	for i := range all {
		o := &all[i]
		p := people[key{o.Learner, o.Course}]
		if p == nil {
			p = &followed{first: o.At}
			people[key{o.Learner, o.Course}] = p
		}
		above := shiftRisk(o.Risk, shift) >= threshold
		if above && !p.above {
			crossings++
			p.crossed = true
			if o.Back > 0 && o.Back <= backSoon {
				back++
			}
		}
		if o.Silence < day {
			p.crossed = above // they were back, and may go once more
		}
		p.above = above
		p.last = *o
	}
	months := 0.0
	gone := 0
	reached := 0
	for _, p := range people {
		months += p.last.At.Sub(p.first).Hours()/24/30 + 1.0/30
		if p.last.Gone && p.last.Back == 0 {
			gone++
			if p.crossed {
				reached++
			}
		}
	}
	m.Messages = float64(crossings) / months
	m.Reach = shareOf(reached, gone)
	m.BackAnyway = shareOf(back, crossings)
	return m
}

func shareOf(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
