package admin

import (
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
	// OnRead hears how many messages of a stream have been read; it begins with 0 for each stream. May be nil.
	OnRead func(done, total int64)
}

// LearnerStory is what happened to a learner, what was decided and why. It holds ids, and no address or name.
type LearnerStory struct {
	report.Story
	Timezone string     `json:"timezone,omitempty"` // the learner's; empty: the profile has none, or none that exists
	Since    *time.Time `json:"since,omitempty"`    // nil: all that is kept
	Workflow string     `json:"workflow"`           // URL
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
	unpublished, unanswered := i.unpublishedDecisions(ctx, opts.Learner)
	story, remarks, err := i.readStory(ctx, opts, zone, unpublished)
	if err != nil {
		return LearnerStory{}, err
	}
	aside, err := i.findSetAside(ctx, opts.Learner)
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
		Remarks:  remarks,
		SetAside: aside,
		Since:    truncatedUTC(opts.Since),
		Workflow: workflowURL(opts.TemporalUI, opts.Learner),
	}
	if unanswered != nil {
		answer.Problem = "what was decided since the learner's last message may be missing: their workflow did not answer"
		answer.ProblemCause = unanswered
	} else if answer.Outlook, err = i.newOutlook(ctx, opts.Learner); err != nil {
		answer.Problem = "how much the caps leave and when the learner is looked at again is not known: their workflow did not answer"
		answer.ProblemCause = err
	}
	if zone != nil {
		answer.Timezone = zone.String()
	}
	return answer, nil
}

// readStory reads what is about the learner and makes the story of it. All rules are read even if one is asked for, because which message
// gets the credit for a certificate or a referral depends on the others.
func (i *Installation) readStory(ctx context.Context, opts StoryOptions, zone *time.Location, unpublished []engine.Decision) (report.Story, []string, error) {
	recorded, err := i.newRecordedEvents(ctx, i.newReader(opts.Since, opts.OnRead))
	if err != nil {
		return report.Story{}, nil, err
	}
	var decisions []engine.Decision
	err = recorded.reader.ReadDecisions(ctx, subjects.DecisionsOf(opts.Learner), func(d *engine.Decision) {
		decisions = append(decisions, *d)
	})
	if err != nil {
		return report.Story{}, nil, err
	}
	events, remarks, err := readLearnerEvents(ctx, recorded, opts.Learner)
	if err != nil {
		return report.Story{}, nil, err
	}
	sharing, err := i.sharingMessages(ctx)
	if err != nil {
		return report.Story{}, nil, err
	}
	return report.NewStory(opts.Learner, append(decisions, unpublished...), events, report.StoryOptions{
		Rule:        opts.Rule,
		AsksToShare: func(message string) bool { return sharing[message] },
		Clock:       func(t time.Time) string { return narrate.Moment(t, zone) },
	}), remarks, nil
}

// readLearnerEvents returns a learner's events and the referrals that are credited to them, which may have been published
// under the friend's id; and what could not be used of the learner's traits, each remark once, in the order in which it first came.
func readLearnerEvents(ctx context.Context, recorded *recordedEvents, learner string) (events []engine.Event, remarks []string, err error) {
	err = recorded.reader.Read(ctx, subjects.Stream, []string{subjects.Stored(learner)}, func(m store.Message) error {
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

// queryTimeout is how long Temporal and a worker are given to answer which decisions are not published yet.
const queryTimeout = 5 * time.Second

// unpublishedDecisions asks the learner's workflow for the decisions that are not in the stream yet. A learner without a
// workflow has none.
func (i *Installation) unpublishedDecisions(ctx context.Context, learner string) ([]engine.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
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
		return nil, fmt.Errorf("no worker answered which decisions are not published yet (is Homeroom serving, and with which encryption keys?): %w", err)
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
