package nullsim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"homeroom/engine"
	"homeroom/experiment"
	"homeroom/report"
	"homeroom/rules"
	"homeroom/simulate"
)

// Options say what to try.
type Options struct {
	Academy     *rules.Academy
	Repetitions int
	Learners    int     // of one repetition
	Days        int     // of a term, with a look at the end of each
	Holdout     float64 // percent, of every rule
	Seed        uint64
	// Undeliverable is the percentage of learners of whom every message fails at the provider.
	Undeliverable float64
	// Progress hears how many repetitions are done. May be nil.
	Progress func(done, total int)
}

// Row counts what reports found about one rule, whose messages have no effect.
type Row struct {
	Rule        string  `json:"rule"`
	Holdout     float64 `json:"holdout"` // percent
	Repetitions int     `json:"repetitions"`
	People      float64 `json:"people"`  // in a repetition, on average: exposed in either group
	HeldOut     float64 `json:"heldout"` // of these
	Reached     float64 `json:"reached"` // the share of all people who reached the goal, 0 to 1
	// Excludes is the number of repetitions in which the always-valid interval excluded 0 at one of the daily looks at least; FixedExcludes, of
	// those in which the fixed interval did at the last look; FixedEver, at one of the daily looks, which is what it does not promise.
	Excludes      int `json:"excludes_0"`
	FixedExcludes int `json:"fixed_excludes_0_at_the_end"`
	FixedEver     int `json:"fixed_excludes_0_ever"`
	Verdicts      int `json:"verdicts"` // repetitions in which the report said "helps" or "hurts" at one of the looks
	Mismatches    int `json:"mismatches"`
	// Difference is the mean of the last looks' differences, in points; a bias shows here.
	Difference float64 `json:"difference"`
}

// goals are what rules of the stock academy that have no goal are tried with.
var goals = map[string]engine.Goal{
	"certificate-share":   {Match: engine.Match{Event: "certificate.shared"}, Within: 10 * 24 * time.Hour},
	"halfway":             {Match: engine.Match{Event: "lesson.completed"}, Within: 3 * 24 * time.Hour},
	"not-started":         {Match: engine.Match{Event: "course.started"}, Within: 7 * 24 * time.Hour},
	"quiet-in-course":     {Match: engine.Match{Event: "lesson.completed"}, Within: 7 * 24 * time.Hour},
	"quiz-second-failure": {Match: engine.Match{Event: "lesson.completed"}, Within: 3 * 24 * time.Hour},
	"review-request":      {Match: engine.Match{Event: "course.reviewed"}, Within: 7 * 24 * time.Hour},
	"trial-ending":        {Match: engine.Match{Event: "subscription.created"}, Within: 10 * 24 * time.Hour},
}

// prepareRules returns the academy's rules with the holdout, each with a goal, and with back-off. The academy is not changed.
func (o *Options) prepareRules() *engine.Ruleset {
	rs := *o.Academy.Ruleset
	rs.Rules = nil
	for _, rule := range o.Academy.Ruleset.Rules {
		changed := *rule
		if goal, known := goals[rule.Name]; known && rule.Goal == nil {
			changed.Goal = &goal
		}
		if changed.Goal != nil {
			changed.Holdout = o.Holdout
		}
		rs.Rules = append(rs.Rules, &changed)
	}
	rs.Settings.BackOff = &engine.BackOff{
		AfterIgnored: 4,
		For:          10 * 24 * time.Hour,
	}
	return &rs
}

// Run makes up so many terms, looks at the report on every day of each, and returns a row a rule, by name.
func Run(ctx context.Context, o Options) ([]Row, error) {
	rs := o.prepareRules()
	terms := make(chan int)
	found := make([]map[string]*Row, o.Repetitions)
	errs := make([]error, o.Repetitions)
	var done int
	var counting sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := range terms {
				found[n], errs[n] = o.playTerm(rs, n)
				counting.Lock()
				done++
				if o.Progress != nil {
					o.Progress(done, o.Repetitions)
				}
				counting.Unlock()
			}
		})
	}
	for n := range o.Repetitions {
		if ctx.Err() != nil {
			break
		}
		terms <- n
	}
	close(terms)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows := map[string]*Row{}
	for n := range found {
		if errs[n] != nil {
			return nil, fmt.Errorf("repetition %d: %w", n, errs[n])
		}
		for name, one := range found[n] {
			if rows[name] == nil {
				rows[name] = &Row{
					Rule:    name,
					Holdout: o.Holdout,
				}
			}
			rows[name].addRow(one)
		}
	}
	list := make([]Row, 0, len(rows))
	for _, rule := range rs.Rules {
		if r := rows[rule.Name]; r != nil {
			list = append(list, r.meanRow())
		}
	}
	return list, nil
}

func (r *Row) addRow(one *Row) {
	r.Repetitions++
	r.People += one.People
	r.HeldOut += one.HeldOut
	r.Reached += one.Reached
	r.Excludes += one.Excludes
	r.FixedExcludes += one.FixedExcludes
	r.FixedEver += one.FixedEver
	r.Verdicts += one.Verdicts
	r.Mismatches += one.Mismatches
	r.Difference += one.Difference
}

func (r *Row) meanRow() Row {
	mean := *r
	n := float64(r.Repetitions)
	mean.People /= n
	mean.HeldOut /= n
	mean.Reached /= n
	mean.Difference /= n
	return mean
}

// playTerm plays one term to its end and returns what the looks found, a row a rule.
func (o *Options) playTerm(rs *engine.Ruleset, n int) (map[string]*Row, error) {
	rng := rand.New(rand.NewPCG(o.Seed, uint64(n)))
	var decisions []engine.Decision
	end := start.AddDate(0, 0, o.Days)
	for i := range o.Learners {
		id := fmt.Sprintf("u%d_%d", n, i)
		fails := rng.Float64()*100 < o.Undeliverable
		host := simulate.NewHost(simulate.HostOptions{
			Learner:         id,
			Ruleset:         rs,
			AssumeReachable: true,
			Compose:         deliverTo(fails),
			Decided:         func(d engine.Decision) { decisions = append(decisions, d) },
		})
		for _, ev := range writeStory(rng, id, o.Days) {
			if err := host.Event(decodedEvent(&ev), ev.Time); err != nil {
				return nil, err
			}
		}
		if err := host.Finish(end); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(decisions, func(a, b engine.Decision) int { return a.At.Compare(b.At) })
	return o.lookDaily(decisions), nil
}

// errUndeliverable says that the learner's address takes no mail.
var errUndeliverable = errors.New("undeliverable")

// deliverTo is what becomes of a learner's messages: all of them fail, or none does.
func deliverTo(fails bool) func(engine.Send, engine.Profile) error {
	return func(engine.Send, engine.Profile) error {
		if fails {
			return errUndeliverable
		}
		return nil
	}
}

// lookDaily reads the report at the end of each day.
func (o *Options) lookDaily(decisions []engine.Decision) map[string]*Row {
	counter := report.NewCounter(report.Options{})
	rows := map[string]*Row{}
	for day := 1; day <= o.Days; day++ {
		now := start.AddDate(0, 0, day)
		n := 0
		for n < len(decisions) && !decisions[n].At.After(now) {
			counter.Decision(&decisions[n])
			n++
		}
		decisions = decisions[n:]
		counted := counter.Report()
		for i := range counted.Rules {
			if e := counted.Rules[i].Experiment; e != nil && e.Judgement.Difference != nil {
				if rows[counted.Rules[i].Rule] == nil {
					rows[counted.Rules[i].Rule] = &Row{}
				}
				rows[counted.Rules[i].Rule].noteLook(e)
			}
		}
	}
	return rows
}

// noteLook notes what one look has found.
func (r *Row) noteLook(e *report.Experiment) {
	fixed := experiment.Fixed.Difference(e.Treated.Group(), e.Holdout.Group()).ExcludesZero()
	noteFirst(&r.Excludes, e.Judgement.Difference.ExcludesZero())
	noteFirst(&r.FixedEver, fixed)
	noteFirst(&r.Verdicts, e.Judgement.Verdict == experiment.Helps || e.Judgement.Verdict == experiment.Hurts)
	noteFirst(&r.Mismatches, e.Judgement.Verdict == experiment.Mismatch)
	r.FixedExcludes = 0
	noteFirst(&r.FixedExcludes, fixed)
	r.People = float64(e.Treated.People + e.Holdout.People)
	r.HeldOut = float64(e.Holdout.People)
	r.Reached = float64(e.Treated.Reached+e.Holdout.Reached) / r.People
	r.Difference = 100 * e.Judgement.Difference.Estimate
}

// noteFirst sets a count to 1 when something has been seen.
func noteFirst(count *int, seen bool) {
	if seen {
		*count = 1
	}
}
