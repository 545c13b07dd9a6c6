package console

import (
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/rules"
)

// countsPatience is how long a rule's page waits for its counts. If they take longer the page comes without.
const countsPatience = 50 * time.Millisecond

// ruleCounts are what the runs of one rule did lately.
type ruleCounts struct {
	Since time.Time        `json:"since"`
	Steps *admin.RuleSteps `json:"steps"`
	Live  *int64           `json:"live,omitempty"` // runs under way now; nil: not known
	// Problem says why there are no counts; empty and without Steps: they are being counted.
	Problem string        `json:"problem,omitempty"`
	Age     time.Duration `json:"-"`
}

// countsOf returns the counts of a rule.
func (c *Console) countsOf(req *request, rule string) ruleCounts {
	all, age, counted, err := c.stepCounts.get(req.Context(), countsPatience, c.o.Installation.StepCounts)
	switch {
	case err != nil:
		return ruleCounts{Problem: err.Error()}
	case !counted:
		return ruleCounts{}
	}
	counts := ruleCounts{Since: all.Since, Steps: all.Of(rule), Age: age.Round(time.Second)}
	if n, known := all.Live[rule]; known {
		counts.Live = &n
	}
	return counts
}

// stepView is a step of a flow with what runs did there.
type stepView struct {
	rules.FlowStep
	Ways   []wayView
	Counts *admin.AtStep // nil: nothing was decided here
	Began  int           // runs that began here: of the first step
}

// wayView is a way on from a step.
type wayView struct {
	Name  string
	Words string
	Runs  int // of a split's arm
	Steps []stepView
}

// Flow returns the rule's steps with their counts.
func (d ruleData) Flow() []stepView {
	views := d.viewSteps(d.View.Flow.Steps)
	if len(views) > 0 && d.Counts.Steps != nil {
		views[0].Began = d.Counts.Steps.Began
	}
	return views
}

func (d ruleData) viewSteps(steps []rules.FlowStep) []stepView {
	views := []stepView{}
	for _, s := range steps {
		view := stepView{FlowStep: s}
		if d.Counts.Steps != nil {
			view.Counts = d.Counts.Steps.Steps[s.ID]
		}
		for _, w := range s.Ways {
			way := wayView{Name: w.Name, Words: w.Words, Steps: d.viewSteps(w.Steps)}
			if view.Counts != nil {
				for arm, n := range view.Counts.Arms { // "split=arm"
					if _, name, _ := strings.Cut(arm, "="); name == w.Name {
						way.Runs += n
					}
				}
			}
			view.Ways = append(view.Ways, way)
		}
		views = append(views, view)
	}
	return views
}
