package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"

	"homeroom/engine"
	"homeroom/internal/connect"
	"homeroom/internal/narrate"
	"homeroom/profile"
	"homeroom/report"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/workflows"
)

// StoryOptions say whose story is asked for, and how much of it.
type StoryOptions struct {
	Learner    string
	Rule       string    // only the runs of this rule; empty: all
	Since      time.Time // decisions and events that were stored earlier are left out; zero: none are
	TemporalUI string    // its address, for the link to the learner's workflow
	// Newest is how many of the learner's events and of the decisions about them are read, the newest ones; 0: all.
	Newest int
	// Patience is how long the learner's workflow is given to answer; 0: five seconds.
	Patience time.Duration
	// OnRead hears how many messages of a stream have been read; it begins with 0 for each stream. May be nil.
	OnRead func(done, total int64)
}

// LearnerStory is what happened to a learner, what was decided and why. It holds ids, and no address or name.
type LearnerStory struct {
	report.Story
	Timezone string     `json:"timezone,omitempty"` // the learner's; empty: the profile has none, or none that exists
	Since    *time.Time `json:"since,omitempty"`    // nil: all that is kept
	LeftOut  int        `json:"left_out,omitempty"` // older events and decisions that were not read; see StoryOptions.Newest
	Workflow string     `json:"workflow"`           // URL
	// GoesOnAs is the id under which the learner goes on, by user.aliased; empty: this one. The story is that of the id that was asked for.
	GoesOnAs string `json:"goes_on_as,omitempty"`
	// Remarks say for people what could not be used of the traits that the learner's events carried; see profile.Remarks.
	Remarks []string `json:"remarks,omitempty"`
	// Outlook is what lies ahead; nil: the learner has no workflow now, or it did not answer.
	Outlook *Outlook `json:"outlook,omitempty"`
	// SetAside says that the learner's events wait, since when and why; nil: they do not.
	SetAside *LearnerSetAside `json:"set_aside,omitempty"`
	// Problem says that what was decided last may be missing, and ProblemCause why. Empty: nothing is missing.
	Problem      string `json:"problem,omitempty"`
	ProblemCause error  `json:"-"`
}

// Zone returns the learner's time zone, or nil if it is not known.
func (s *LearnerStory) Zone() *time.Location { return findZone(s.Timezone) }

// findZone returns a time zone by its name, or nil if the name is empty or no zone has it.
func findZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if name == "" || err != nil {
		return nil
	}
	return zone
}

// LearnerStory returns a learner's story, run by run. Decisions that are not published yet are asked of the learner's
// workflow; if it does not answer, the story says so. It is an error if nothing at all is known of the learner.
func (i *Installation) LearnerStory(ctx context.Context, opts StoryOptions) (LearnerStory, error) {
	if err := i.recordLearner(ctx, store.ActionLookAtLearner, opts.Learner, func() error { return nil }); err != nil {
		return LearnerStory{}, err
	}
	person, err := i.store.Profiles.Get(ctx, opts.Learner)
	if err != nil {
		return LearnerStory{}, err
	}
	zone := findZone(person.Timezone)
	asked := i.askWorkflow(ctx, opts)
	read, err := i.readStory(ctx, opts)
	workflow := <-asked
	if err != nil {
		return LearnerStory{}, err
	}
	story := report.NewStory(opts.Learner, append(read.decisions, workflow.unpublished...), read.events, report.StoryOptions{
		Rule:        opts.Rule,
		AsksToShare: func(message string) bool { return read.sharing[message] },
		Clock:       func(t time.Time) string { return narrate.Moment(t, zone) },
	})
	aside, err := i.findSetAside(ctx, opts.Learner)
	if err != nil {
		return LearnerStory{}, err
	}
	goesOnAs, err := i.store.Profiles.MergedInto(ctx, opts.Learner)
	if err != nil {
		return LearnerStory{}, err
	}
	if len(story.Runs) == 0 && person.UpdatedAt.IsZero() && aside == nil {
		if err := i.explainUnknownLearner(ctx, opts.Learner); err != nil {
			return LearnerStory{}, err
		}
	}
	answer := LearnerStory{
		Story:    story,
		Remarks:  read.remarks,
		LeftOut:  read.leftOut,
		Outlook:  workflow.outlook,
		SetAside: aside,
		GoesOnAs: goesOnAs,
		Since:    truncatedUTC(opts.Since),
		Workflow: workflowURL(opts.TemporalUI, opts.Learner),
	}
	if workflow.unanswered != nil {
		answer.Problem = "what was decided since the learner's last message may be missing: their workflow did not answer"
		answer.ProblemCause = workflow.unanswered
	} else if workflow.outlookProblem != nil {
		answer.Problem = "how much the caps leave and when the learner is looked at again is not known: their workflow did not answer"
		answer.ProblemCause = workflow.outlookProblem
	}
	if zone != nil {
		answer.Timezone = zone.String()
	}
	return answer, nil
}

// workflowAnswer is what a learner's workflow answers.
type workflowAnswer struct {
	unpublished    []engine.Decision
	unanswered     error // why unpublished is not known
	outlook        *Outlook
	outlookProblem error // why outlook is not known
}

// askWorkflow asks the learner's workflow, beside what is read from streams. The answer comes once, within twice the patience.
func (i *Installation) askWorkflow(ctx context.Context, opts StoryOptions) <-chan workflowAnswer {
	asked := make(chan workflowAnswer, 1)
	go func() {
		var answer workflowAnswer
		patience := cmp.Or(opts.Patience, queryTimeout)
		answer.unpublished, answer.unanswered = i.unpublishedDecisions(ctx, opts.Learner, patience)
		if answer.unanswered == nil {
			answer.outlook, answer.outlookProblem = i.newOutlook(ctx, opts.Learner, patience)
		}
		asked <- answer
	}()
	return asked
}

// readForStory is what is read from streams for a story.
type readForStory struct {
	decisions []engine.Decision
	events    []engine.Event
	remarks   []string
	sharing   map[string]bool // messages that ask to share
	leftOut   int
}

// readStory reads what is about the learner. All rules are read even if one is asked for, because which message
// gets the credit for a certificate or a referral depends on the others.
func (i *Installation) readStory(ctx context.Context, opts StoryOptions) (read readForStory, err error) {
	recorded, err := i.newRecordedEvents(ctx, i.newReader(opts.Since, opts.OnRead))
	if err != nil {
		return read, err
	}
	decisions, err := i.limitReading(ctx, recorded.reader, opts, subjects.DecisionStream, subjects.DecisionsOf(opts.Learner), &read)
	if err != nil {
		return read, err
	}
	err = decisions.ReadDecisions(ctx, subjects.DecisionsOf(opts.Learner), func(d *engine.Decision) {
		read.decisions = append(read.decisions, *d)
	})
	if err != nil {
		return read, err
	}
	events, err := i.limitReading(ctx, recorded.reader, opts, subjects.Stream, subjects.Stored(opts.Learner), &read)
	if err != nil {
		return read, err
	}
	if read.events, read.remarks, err = readLearnerEvents(ctx, recorded, events, opts.Learner); err != nil {
		return read, err
	}
	read.sharing, err = i.sharingMessages(ctx)
	return read, err
}

// limitReading returns a reader of as many of the newest messages of a subject as are asked for, and counts those that are left out.
func (i *Installation) limitReading(ctx context.Context, reader store.StreamReader, opts StoryOptions, stream, filter string, read *readForStory) (store.StreamReader, error) {
	if opts.Newest <= 0 {
		return reader, nil
	}
	from, older, err := reader.NewestFrom(ctx, stream, filter, uint64(opts.Newest))
	reader.From = from
	read.leftOut += int(older)
	return reader, err
}

// readLearnerEvents returns a learner's events, as own reads them, and the referrals that are credited to them, which may have been published
// under the friend's id; and what could not be used of the learner's traits, each remark once, in the order in which it first came.
func readLearnerEvents(ctx context.Context, recorded *recordedEvents, own store.StreamReader, learner string) (events []engine.Event, remarks []string, err error) {
	err = own.Read(ctx, subjects.Stream, []string{subjects.Stored(learner)}, func(m store.Message) error {
		d := recorded.decodeStored(m)
		if d == nil {
			return nil
		}
		events = append(events, d.Event)
		for _, remark := range profile.Remarks(d.Traits) {
			if !slices.Contains(remarks, remark) {
				remarks = append(remarks, remark)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	err = recorded.readEvents(ctx, []string{subjects.StoredAs("referral.converted")}, func(ev *engine.Event) {
		if ev.Learner != learner && report.Owner(ev) == learner {
			events = append(events, *ev)
		}
	})
	return events, remarks, err
}

// queryTimeout is how long Temporal and a worker are given to answer, unless somebody says otherwise.
const queryTimeout = 5 * time.Second

// unpublishedDecisions asks the learner's workflow for the decisions that are not in the stream yet. A learner without a
// workflow has none.
func (i *Installation) unpublishedDecisions(ctx context.Context, learner string, patience time.Duration) ([]engine.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := temporal.QueryWorkflow(ctx, workflows.WorkflowID(learner), "", workflows.QueryUnpublished)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil, nil
	}
	var unpublished []engine.Decision
	if err == nil {
		err = answer.Get(&unpublished)
	}
	if err != nil {
		return nil, fmt.Errorf("nobody answered which decisions are not published yet (is Homeroom serving, and with which encryption keys?): %w", err)
	}
	return unpublished, nil
}

// explainUnknownLearner returns an error that says what to look at if no event and no decision of a learner is kept.
func (i *Installation) explainUnknownLearner(ctx context.Context, learner string) error {
	reader := i.newReader(time.Time{}, nil)
	events, err := reader.Count(ctx, subjects.Stream, subjects.Stored(learner))
	if err != nil {
		return err
	}
	decisions, err := reader.Count(ctx, subjects.DecisionStream, subjects.DecisionsOf(learner))
	if err != nil {
		return err
	}
	if events > 0 || decisions > 0 {
		return nil
	}
	dead, err := reader.Count(ctx, subjects.DeadStream, subjects.DeadOf(learner))
	if err != nil {
		return err
	}
	near, err := i.otherCase(ctx, reader, learner)
	if err != nil {
		return err
	}
	hint := "Does the platform publish to " + strings.TrimSuffix(subjects.Publish(learner, "_"), "_") + "<event>? " + LearnerIDAdvice + " Or the learner was erased, or everything is older than the streams keep."
	switch {
	case near != "":
		hint = "Did you mean " + near + "? Upper and lower case are different ids."
	case dead > 0:
		hint = fmt.Sprintf("But %s of theirs could not be used; see why with `homeroom deadletters list --learner %s`.",
			narrate.Count(dead, "event"), learner)
	}
	return &unknownLearnerError{learner: learner, hint: hint}
}

// unknownLearnerError says that nothing is known of a learner. It is [ErrNotFound].
type unknownLearnerError struct{ learner, hint string }

func (e *unknownLearnerError) Error() string {
	return fmt.Sprintf("no such learner: nothing is known of %s, no event, no decision, no profile. %s", e.learner, e.hint)
}

func (e *unknownLearnerError) Is(target error) bool { return target == ErrNotFound }

// LearnerIDAdvice says how to find the id of a learner.
const LearnerIDAdvice = "An id is what the platform publishes as the learner in learning.<learner>.<event>, upper and lower case included: look it up in the platform, " +
	"or list the ids with `nats stream subjects LEARNING`; Homeroom keeps no list by name or address."

// otherCase returns the id in small or in capital letters if there are events of that one, or "".
func (i *Installation) otherCase(ctx context.Context, reader store.StreamReader, learner string) (string, error) {
	for _, other := range []string{strings.ToLower(learner), strings.ToUpper(learner)} {
		if other == learner {
			continue
		}
		events, err := reader.Count(ctx, subjects.Stream, subjects.Stored(other))
		if err != nil {
			return "", err
		}
		if events > 0 {
			return other, nil
		}
	}
	return "", nil
}

// workflowURL returns where the Temporal UI shows the latest run of the learner's workflow. Slashes of the id are escaped.
func workflowURL(ui, learner string) string {
	return strings.TrimRight(ui, "/") + "/namespaces/" + url.PathEscape(connect.Namespace()) + "/workflows/" + url.PathEscape(workflows.WorkflowID(learner))
}
