package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"homeroom/experiment"
	"homeroom/report"
	"homeroom/subjects"
)

// ReportOptions say what to count.
type ReportOptions struct {
	Since time.Time // decisions and events that were stored earlier are left out; zero: none are
	Rule  string    // leave one rule in the report; empty: all
	// Method is how intervals are worked out; empty: experiment.Sequential.
	Method experiment.Method
	// ReadModel is the path of a file that keeps what was read, so that only what is new is read; empty: the streams are read. See package
	// readmodel.
	ReadModel string
	// OnRead hears how many messages of a stream have been read; it begins with 0 for each stream. May be nil.
	OnRead func(done, total int64)
}

// Report counts, rule by rule, what was decided and what came of it.
type Report struct {
	Since *time.Time `json:"since,omitempty"` // nil: all that is kept
	Until time.Time  `json:"until"`
	// Method is how the intervals were worked out.
	Method experiment.Method `json:"method"`
	report.Report
	// Growth is the growth loop of all rules, also where the report is about one; empty: nothing was earned or shared, and nobody came.
	Growth []GrowthStep `json:"growth"`
}

// Report reads decisions and events and counts them. A rule that decided nothing is an error that names those that did.
func (i *Installation) Report(ctx context.Context, opts ReportOptions) (Report, error) {
	answer := Report{
		Since:  truncatedUTC(opts.Since),
		Until:  i.opts.Now().UTC().Truncate(time.Second),
		Method: cmp.Or(opts.Method, experiment.Sequential),
	}
	sharing, err := i.sharingMessages(ctx)
	if err != nil {
		return Report{}, err
	}
	count := i.countStreams
	if opts.ReadModel != "" {
		count = i.countReadModel
	}
	summary, err := count(ctx, opts, sharing)
	if err != nil {
		return Report{}, err
	}
	answer.Report = summary.Report(report.Options{
		Method: answer.Method,
		Now:    answer.Until,
	})
	answer.Growth = listGrowth(&answer.Report)
	if opts.Rule != "" {
		answer.Report, err = selectRule(answer.Report, opts.Rule)
	}
	return answer, err
}

// countStreams counts what the streams hold.
func (i *Installation) countStreams(ctx context.Context, opts ReportOptions, sharing map[string]bool) (*report.Summary, error) {
	events, err := i.newRecordedEvents(ctx, i.newReader(opts.Since, opts.OnRead))
	if err != nil {
		return nil, err
	}
	counter := report.NewCounter(report.Options{AsksToShare: func(message string) bool { return sharing[message] }})
	if err := events.reader.ReadDecisions(ctx, subjects.AllDecisions, counter.Decision); err != nil {
		return nil, err
	}
	if err := events.readEvents(ctx, reportSubjects(), counter.Event); err != nil {
		return nil, err
	}
	return counter.Summary(), nil
}

// reportSubjects returns the subjects of the events that a report needs.
func reportSubjects() []string {
	var filters []string
	for _, name := range report.EventNames() {
		filters = append(filters, subjects.StoredAs(name))
	}
	return filters
}

// ErrNothingDecided says that a rule has decided nothing in the time of a report.
var ErrNothingDecided = errors.New("nothing was decided")

// selectRule leaves one rule in a report. All were counted, because which message gets the credit for something depends on
// the others.
func selectRule(r report.Report, rule string) (report.Report, error) {
	i := slices.IndexFunc(r.Rules, func(one report.Rule) bool { return one.Rule == rule })
	if i >= 0 {
		return report.Report{Rules: r.Rules[i : i+1], Total: r.Rules[i]}, nil
	}
	names := make([]string, len(r.Rules))
	for i := range r.Rules {
		names[i] = r.Rules[i].Rule
	}
	return r, fmt.Errorf("%w by a rule %s in this time%s", ErrNothingDecided, rule, suggest(rule, names))
}
