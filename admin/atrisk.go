package admin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"homeroom/engine"
	"homeroom/judgement"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/workflows"
)

const (
	// curveBack is over how long a course's curve goes, one point a day.
	curveBack = 60 * 24 * time.Hour
	// messagesBack is over how long the last message to a learner is looked for.
	messagesBack = 90 * 24 * time.Hour
)

// RiskFigures are the risks of all learners, the curve of each course, and the last message to each of these learners. They take long to work out: the whole stream of events is read.
type RiskFigures struct {
	At     time.Time
	risks  []judgement.Risk // the greatest first
	curves map[string][]judgement.CurvePoint
	last   map[string]SentMessage // by learner
}

// SentMessage is a message that a rule sent to a learner.
type SentMessage struct {
	Rule    string    `json:"rule"`
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

// AtRiskOptions say whose risk is shown.
type AtRiskOptions struct {
	Course string // only this one; empty: all
	Top    int    // how many, the greatest risk first; 0: everybody
}

// AtRiskLearner is one learner's risk in a course, and what the rules do for them.
type AtRiskLearner struct {
	judgement.Risk
	Live []string     `json:"live"`           // rules with a run under way, in whatever course, sorted; nil: Temporal did not say
	Last *SentMessage `json:"last,omitempty"` // sent last, in whatever course; nil: nothing was sent in 90 days
}

// AtRisk is who is at risk, and what is done about it.
type AtRisk struct {
	At       time.Time              `json:"at"`
	Course   string                 `json:"course,omitempty"`
	Courses  []string               `json:"courses"`  // that are under way for somebody, or were in the time of the curve
	Of       int                    `json:"of"`       // learners in courses that are under way
	High     int                    `json:"high"`     // of them: at judgement.HighRisk or above
	Learners []AtRiskLearner        `json:"learners"` // the greatest risk first
	Curve    []judgement.CurvePoint `json:"curve"`    // of the course, one point a day, the oldest first; empty without Course
	Problem  string                 `json:"problem,omitempty"`
}

// RiskFigures reads the stream of events, and of the decisions what was sent. Progress may be nil.
func (i *Installation) RiskFigures(ctx context.Context, progress func(done, total int64)) (*RiskFigures, error) {
	academy, err := i.CurrentAcademy(ctx)
	if err != nil {
		return nil, err
	}
	at := i.opts.Now()
	curve := judgement.NewCurve(academy.Ruleset, at.Add(-curveBack))
	if err := i.addRecorded(ctx, time.Time{}, progress, curve); err != nil {
		return nil, err
	}
	if curve.Latest().After(at) { // a time-lapse
		at = curve.Latest()
	}
	figures := &RiskFigures{
		At:     at.UTC(),
		risks:  curve.Risks(at, ""),
		curves: curve.Points(at),
		last:   map[string]SentMessage{},
	}
	for course, points := range figures.curves {
		if from := len(points) - int(curveBack/(24*time.Hour)) - 1; from > 0 {
			figures.curves[course] = points[from:]
		}
	}
	for n := range figures.risks {
		figures.last[figures.risks[n].Learner] = SentMessage{}
	}
	err = i.newReader(at.Add(-messagesBack), progress).ReadDecisions(ctx, subjects.AllDecisions, func(d *engine.Decision) {
		if before, shown := figures.last[d.Learner]; shown && d.Kind == engine.KindSent && !d.At.Before(before.At) {
			figures.last[d.Learner] = SentMessage{
				Rule:    d.Rule,
				Message: d.Message,
				At:      d.At.UTC(),
			}
		}
	})
	return figures, err
}

// AtRisk shows figures that were worked out before, with what Temporal knows now. The look is recorded. A course that nobody is or was in is an [*InputError].
func (i *Installation) AtRisk(ctx context.Context, figures *RiskFigures, o AtRiskOptions) (AtRisk, error) {
	answer := AtRisk{
		At:       figures.At,
		Course:   o.Course,
		Courses:  slices.Sorted(maps.Keys(figures.curves)),
		Learners: []AtRiskLearner{},
		Curve:    []judgement.CurvePoint{},
	}
	if o.Course != "" {
		if !slices.Contains(answer.Courses, o.Course) {
			return AtRisk{}, inputError(fmt.Errorf("nobody is in a course %s%s", o.Course, suggest(o.Course, answer.Courses)))
		}
		answer.Curve = figures.curves[o.Course]
	}
	for _, risk := range figures.risks {
		if o.Course != "" && risk.Course != o.Course {
			continue
		}
		answer.Of++
		if risk.Value >= judgement.HighRisk {
			answer.High++
		}
		if o.Top > 0 && len(answer.Learners) == o.Top {
			continue
		}
		shown := AtRiskLearner{Risk: risk}
		if last := figures.last[risk.Learner]; last.Message != "" {
			shown.Last = &last
		}
		answer.Learners = append(answer.Learners, shown)
	}
	if err := i.recordLook(ctx, AuditRecord{Action: store.ActionListAtRisk, Target: o.Course, Count: len(answer.Learners)}); err != nil {
		return AtRisk{}, err
	}
	if err := i.addLiveRules(ctx, answer.Learners); err != nil {
		answer.Problem = "which runs are under way is not known: " + err.Error()
	}
	return answer, nil
}

// askedAtOnce is of how many workflows Temporal is asked in one question.
const askedAtOnce = 100

// addLiveRules asks Temporal which rules have a run under way for each learner.
func (i *Installation) addLiveRules(ctx context.Context, learners []AtRiskLearner) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	for part := range slices.Chunk(learners, askedAtOnce) {
		live, err := i.liveRules(ctx, part)
		if err != nil {
			return err
		}
		for n := range part {
			part[n].Live = append([]string{}, live[workflows.WorkflowID(part[n].Learner)]...)
		}
	}
	return nil
}

// liveRules returns the rules with a run under way, sorted, by workflow id.
func (i *Installation) liveRules(ctx context.Context, learners []AtRiskLearner) (map[string][]string, error) {
	temporal, namespace, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(learners))
	for n := range learners {
		ids[n] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(workflows.WorkflowID(learners[n].Learner)) + "'"
	}
	slices.Sort(ids)
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: namespace,
		Query:     "ExecutionStatus = 'Running' AND WorkflowId IN (" + strings.Join(slices.Compact(ids), ", ") + ")",
		PageSize:  askedAtOnce,
	}
	live := map[string][]string{}
	for {
		found, err := temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, e := range found.GetExecutions() {
			var rules []string
			payload := e.GetSearchAttributes().GetIndexedFields()[workflows.SearchRules.GetName()]
			if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &rules) != nil {
				continue // no run
			}
			slices.Sort(rules)
			live[e.GetExecution().GetWorkflowId()] = rules
		}
		if request.NextPageToken = found.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return live, nil
		}
	}
}

// WriteAtRiskCSV writes who is at risk as CSV, a row a learner and course.
func WriteAtRiskCSV(out io.Writer, list *AtRisk) error {
	rows := [][]string{{"learner", "course", "risk", "reasons", "silent_days", "study_days", "activities", "live_rules", "last_rule", "last_message", "last_sent_at"}}
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', 4, 64) }
	for n := range list.Learners {
		l := &list.Learners[n]
		reasons := make([]string, len(l.Reasons))
		for n, reason := range l.Reasons {
			reasons[n] = string(reason)
		}
		last := cmp.Or(l.Last, &SentMessage{})
		sentAt := ""
		if l.Last != nil {
			sentAt = last.At.Format(time.RFC3339)
		}
		rows = append(rows, []string{
			l.Learner, l.Course, number(l.Value), strings.Join(reasons, " "), number(l.SilentDays), number(l.StudyDays), number(l.Activities),
			strings.Join(l.Live, " "), last.Rule, last.Message, sentAt,
		})
	}
	return writeCSV(out, "who is at risk", rows)
}
