package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxSuppressions is how many topics are remembered as stopped for a learner; those that end first are forgotten.
const maxSuppressions = 64

// Suppression is what a suppress step stopped: messages about a topic, or all, until an instant. Transactional messages go on.
type Suppression struct {
	Topic  string    `json:"topic,omitempty"` // empty: all messages
	Until  time.Time `json:"until"`
	Rule   string    `json:"rule"`
	Reason string    `json:"reason,omitempty"` // as the rule says it
	// Run and PC are where the step was: what the same run was to send before, and the provider did not take yet, still goes.
	Run string `json:"run"`
	PC  int    `json:"pc"`
}

// suppressTopics stops messages about the step's topics. What is stopped for longer already stays so. It does so for a learner who is held out, too: what other rules send may
// not differ between the groups.
func (s *stepper) suppressTopics(run *Run, in *Instr, at time.Time) {
	topics := in.Topics
	about := "about " + strings.Join(topics, ", ")
	if len(topics) == 0 {
		topics = []string{""}
		about = "about anything"
	}
	until := at.Add(in.Dur)
	for _, topic := range topics {
		s.suppressTopic(Suppression{
			Topic:  topic,
			Until:  until,
			Rule:   run.Rule,
			Reason: in.Reason,
			Run:    run.ID,
			PC:     run.PC,
		})
	}
	if in.Reason != "" {
		about += ": " + in.Reason
	}
	s.recordDecision(Decision{
		At:     s.decisionTime(at),
		Rule:   run.Rule,
		Scope:  run.Scope,
		Kind:   KindSuppressed,
		Step:   in.ID,
		Run:    run.ID,
		Rev:    run.Revision,
		Until:  until,
		Detail: about,
	})
}

func (s *stepper) suppressTopic(next Suppression) {
	i := slices.IndexFunc(s.st.Suppressions, func(have Suppression) bool { return have.Topic == next.Topic })
	if i >= 0 {
		if s.st.Suppressions[i].Until.Before(next.Until) {
			s.st.Suppressions[i] = next
		}
		return
	}
	s.st.Suppressions = append(s.st.Suppressions, next)
	if len(s.st.Suppressions) > maxSuppressions {
		first := slices.MinFunc(s.st.Suppressions, func(a, b Suppression) int { return cmp.Or(a.Until.Compare(b.Until), strings.Compare(a.Topic, b.Topic)) })
		s.st.Suppressions = slices.DeleteFunc(s.st.Suppressions, func(have Suppression) bool { return have.Topic == first.Topic })
	}
}

// askSuppress skips what a suppress step stopped.
func (s *stepper) askSuppress(run *Run, _ *Rule, in *Instr, at time.Time) Answer {
	for i := range s.st.Suppressions {
		stopped := &s.st.Suppressions[i]
		if !at.Before(stopped.Until) || stopped.Topic != "" && stopped.Topic != in.Send.Topic || stopped.Run == run.ID && run.PC < stopped.PC {
			continue
		}
		detail := fmt.Sprintf("until %s, by the rule %s", stopped.Until.Format(time.RFC3339), stopped.Rule)
		if stopped.Reason != "" {
			detail += ": " + stopped.Reason
		}
		return Answer{Kind: AnswerSkip, Reason: ReasonLeftAlone, Detail: detail}
	}
	return Answer{}
}

// forgetSuppressions forgets what is over on the learner's clock.
func (s *stepper) forgetSuppressions() {
	s.st.Suppressions = slices.DeleteFunc(s.st.Suppressions, func(have Suppression) bool { return !have.Until.After(s.st.Clock) })
}
