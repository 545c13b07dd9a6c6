package deadletters

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homeroom/catalog"
	"homeroom/internal/narrate"
	"homeroom/store"
	"homeroom/subjects"
)

// ReplayOptions say which letters to publish again, and with what mended.
type ReplayOptions struct {
	Selection
	Catalog *catalog.Catalog // with which events are checked; required
	Now     func() time.Time // the time at which an event is checked; required
	As      string           // the event to publish them as; empty: each as it is
	Body    []byte           // to publish instead; nil: each letter's own
	Force   bool             // publish those again too that will be refused again
	DryRun  bool             // check only
	// OnSkip hears of a letter that is not published again, and why it would be refused. May be nil.
	OnSkip func(Letter, error)
	// OnRead hears how many letters have been read. May be nil.
	OnRead func(done, total int64)
}

// ReplayResult counts letters.
type ReplayResult struct {
	Published int `json:"published"` // in a dry run: those that would be
	Skipped   int `json:"skipped"`
}

// Replay publishes letters again under their own subjects and deletes each once the stream has its event. Each is checked as
// it will be on arrival; those that would be refused again are skipped. It may be stopped and repeated: an event that was
// published twice is recognized by its id. With an error the result counts what was done before it.
func (d *DeadLetters) Replay(ctx context.Context, o ReplayOptions) (ReplayResult, error) {
	var result ReplayResult
	err := d.eachSelected(ctx, store.StreamReader{OnRead: o.OnRead}, o.Selection, func(l Letter) error {
		refusal := d.prepareReplay(ctx, &l, &o)
		if refusal != nil && (!o.Force || l.SubjectProblem != nil || errors.Is(refusal, errTruncated)) {
			result.Skipped++
			if o.OnSkip != nil {
				o.OnSkip(l, refusal)
			}
			return nil
		}
		if !o.DryRun {
			if err := d.publishAgain(ctx, &l); err != nil {
				return fmt.Errorf("%w; %s published again before: repeat the command to go on", err, narrate.Count(result.Published, "letter"))
			}
		}
		result.Published++
		return nil
	})
	return result, err
}

// CheckAgain returns why a letter would be refused if it were published at now, or nil if it would be accepted.
func CheckAgain(l *Letter, known *catalog.Catalog, now time.Time) error {
	if l.SubjectProblem != nil {
		return fmt.Errorf("%w; publish the event under a subject of the form learning.<learner>.<event>", l.SubjectProblem)
	}
	if l.Truncated > 0 {
		return errTruncated
	}
	if l.Learner == subjects.NoLearner {
		if problem := known.CheckWithoutLearner(l.Event, l.Header, l.Body, now); problem != nil && !problem.IsIgnored() {
			return problem
		}
		return nil // it is stored, and triggers pass it over
	}
	if _, problem := known.DecodeMessage(l.Learner, l.Event, l.Header, l.Body, now); problem != nil && !problem.IsIgnored() {
		return problem
	}
	return nil
}

// prepareReplay mends a letter as the options say. The error says why it would be refused again.
func (d *DeadLetters) prepareReplay(ctx context.Context, l *Letter, o *ReplayOptions) error {
	if o.Body != nil {
		l.Body = o.Body
		l.Truncated = 0
	} else if err := d.completeBody(ctx, l); err != nil {
		return err
	}
	if o.As != "" {
		l.Event = o.As
	}
	refusal := CheckAgain(l, o.Catalog, o.Now())
	if refusal != nil && o.Body != nil && len(l.Header) > 0 { // a whole body may replace one that needed headers
		mended := *l
		mended.Header = nil
		if CheckAgain(&mended, o.Catalog, o.Now()) == nil {
			*l = mended
			refusal = nil
		}
	}
	if refusal != nil {
		return refusal
	}
	return keepArrivalTime(l, o.Catalog)
}

// keepArrivalTime writes into the body of an event without a time when it first arrived. Otherwise it would happen when it
// is replayed.
func keepArrivalTime(l *Letter, known *catalog.Catalog) error {
	_, problem := known.DecodeMessage(l.Learner, l.Event, l.Header, l.Body, time.Time{})
	if problem == nil || problem.Code != catalog.CodeBadTime || l.Stored.IsZero() {
		return nil
	}
	decoded, problem := known.DecodeMessage(l.Learner, l.Event, l.Header, l.Body, l.Stored)
	if problem != nil {
		return problem
	}
	body, err := known.Encode(decoded)
	if err != nil {
		return err
	}
	l.Header = nil
	l.Body = body
	return nil
}

// publishAgain publishes an event and then deletes its dead letter.
func (d *DeadLetters) publishAgain(ctx context.Context, l *Letter) error {
	if _, err := d.store.Replay(ctx, l.Sequence, l.Original, l.Learner, l.Event, l.Header, l.Body); err != nil {
		return err
	}
	return d.store.Delete(ctx, l.Sequence)
}
