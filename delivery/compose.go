package delivery

import (
	"context"
	"errors"
	"fmt"

	"homeroom/content"
	"homeroom/engine"
)

// Edition is what one ruleset revision has to say: its messages and its courses.
type Edition struct {
	Library *content.Library
	Courses map[string]engine.CourseInfo
}

// ContentComposer composes messages from the content libraries of ruleset revisions.
type ContentComposer struct {
	// Edition returns the edition of a revision. An error that wraps ErrRevisionLost ends the send; any other is
	// the moment's.
	Edition func(ctx context.Context, revision string) (Edition, error)
}

// Compose implements Composer.
func (c ContentComposer) Compose(ctx context.Context, s engine.Send, to Recipient, o content.Outward) (Message, error) {
	ed, err := c.Edition(ctx, s.Revision)
	if err != nil {
		return Message{}, fmt.Errorf("find revision %s: %w", s.Revision, err)
	}
	medium := o.Campaign.Medium // the channel's
	o.Campaign = ed.Library.Campaign(s.Rule, s.Message)
	if medium != "" && o.Campaign.Medium != "" {
		o.Campaign.Medium = medium
	}
	if s.Staff != "" {
		o = content.Outward{Staff: true}
		to.Profile.Locale = "" // the learner's is not theirs
		to.Profile.Timezone = ""
	}
	var copies []string
	if channel, _ := engine.ChannelNamed(s.Channel); channel.Name == engine.ChannelEmail {
		copies = ed.Library.CopiesOf(s.Message)
	}
	if len(copies) > 0 {
		o = o.WithoutLearnersLinks()
	}
	r, err := ed.Library.Render(s.Message, to.Profile.Locale, Vars(s, to, ed.Courses, o))
	var wrong *content.Error
	switch {
	case errors.As(err, &wrong), errors.Is(err, content.ErrNoMessage):
		return Message{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	case err != nil:
		return Message{}, err
	}
	sender := ed.Library.SenderOf(s.Message)
	return Message{From: sender.From, FromName: sender.Name, ReplyTo: sender.ReplyTo, Cc: copies, Rendered: r}, nil
}

// Vars gathers what a message may be about.
func Vars(s engine.Send, to Recipient, courses map[string]engine.CourseInfo, o content.Outward) content.Vars {
	v := content.Vars{
		Learner: content.Learner{
			ID:       s.Learner,
			Locale:   to.Profile.Locale,
			Timezone: to.Profile.Timezone,
			Traits:   s.TraitsFor(to.Profile.Traits),
			Next:     nextOf(s.NextCourse),
		},
		Trigger:     s.Trigger.Properties,
		TriggerTime: s.Trigger.Time,
		With:        s.Vars,
		Outward:     o,
	}
	if s.Learner == engine.NoLearner {
		v.Learner = content.Learner{}
	}
	for i := range s.Awaited {
		if v.Awaited == nil {
			v.Awaited = map[string]content.AwaitedEvent{}
		}
		ev := &s.Awaited[i].Event
		v.Awaited[s.Awaited[i].Name] = content.AwaitedEvent{Properties: ev.Properties, Time: ev.Time}
	}
	if s.Course != "" {
		info := courses[s.Course]
		v.Course = &content.Course{ID: s.Course, Title: info.Title, URL: info.URL}
		if v.Course.Title == "" {
			v.Course.Title = s.CourseTitle
		}
		v.Course.Next = nextOf(s.Next)
		v.Course.RiskReason = string(s.RiskReason)
	}
	return v
}

// nextOf is a next step as messages see it; nil: none is known.
func nextOf(step *engine.NextStep) *content.Next {
	if step == nil {
		return nil
	}
	return &content.Next{ID: step.ID, Title: step.Title, URL: step.URL, Reason: string(step.Reason)}
}
