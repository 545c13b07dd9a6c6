package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"

	"homeroom/engine"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/worker"
	"homeroom/workflows"
)

// BroadcastCommand is what somebody wants of a broadcast that is under way.
type BroadcastCommand = workflows.BroadcastCommand

// The commands.
const (
	BroadcastPause  = workflows.BroadcastPause
	BroadcastResume = workflows.BroadcastResume
	BroadcastCancel = workflows.BroadcastCancel
)

// Broadcast is one broadcast with how far it has come.
type Broadcast struct {
	ID        string    `json:"id"` // the event's
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	workflows.BroadcastProgress
	// Unknown is set if no worker answers, so that only the id and the times are known.
	Unknown bool `json:"unknown,omitempty"`
	// Failed says that the workflow has ended otherwise than by itself, as Temporal names it; what was counted last may be unknown. Empty: it has not.
	Failed string `json:"failed,omitempty"`
}

// Live reports whether the broadcast can still be paused or canceled.
func (b *Broadcast) Live() bool { return b.EndedAt.IsZero() }

// Counted reports whether it is a dry run that came to its end, so that [Installation.StartCounted] can start what it has counted.
func (b *Broadcast) Counted() bool {
	return b.DryRun && !b.Unknown && b.Failed == "" && len(b.Rules) == 1 && b.Status == workflows.BroadcastDone
}

// Percent is how much of the learners was looked at, 0 to 100.
func (b *Broadcast) Percent() int {
	if b.Status == workflows.BroadcastDone {
		return 100
	}
	if b.Total == 0 {
		return 0
	}
	return min(99, 100*b.Counts.Seen/b.Total)
}

// LeftOut are learners whom a broadcast leaves out, for one reason.
type LeftOut struct {
	Reason   string `json:"reason"`
	Learners int    `json:"learners"`
	Words    string `json:"words"`
}

// LeftOut returns whom the broadcast left out, the most frequent reason first.
func (b *Broadcast) LeftOut() []LeftOut { return leftOutWords(b.Counts.LeftOut, leftOutReasons) }

// Unwritable returns to whom of those reached the first message would not go, the most frequent reason first. It is known after a dry run.
func (b *Broadcast) Unwritable() []LeftOut {
	return leftOutWords(b.Counts.Unwritable, unwritableReasons)
}

// Writable is to how many learners the first message could go as far as their profiles tell. It is known after a dry run.
func (b *Broadcast) Writable() int {
	n := b.Counts.Reached
	for _, learners := range b.Counts.Unwritable {
		n -= learners
	}
	return n
}

func leftOutWords(counts map[string]int, words func(string) string) []LeftOut {
	out := []LeftOut{}
	for reason, n := range counts {
		out = append(out, LeftOut{Reason: reason, Learners: n, Words: words(reason)})
	}
	slices.SortFunc(out, func(a, b LeftOut) int {
		if a.Learners != b.Learners {
			return b.Learners - a.Learners
		}
		return strings.Compare(a.Reason, b.Reason)
	})
	return out
}

// leftOutReasons says in words why a broadcast leaves learners out.
func leftOutReasons(reason string) string {
	switch reason {
	case string(engine.LeftOutCourse):
		return "not in the course"
	case string(engine.LeftOutCondition):
		return "the condition of the audience does not hold"
	case string(engine.LeftOutError):
		return "the condition of the audience cannot be answered"
	case workflows.LeftOutUnnamed:
		return "their standing does not say whose it is yet: `homeroom broadcasts name-learners`, or their next event"
	case workflows.LeftOutDamaged:
		return "their standing cannot be read: `homeroom doctor`"
	case workflows.LeftOutNewer:
		return "they came after it began"
	case workflows.LeftOutNotTaken:
		return "their workflow takes nothing at present: `homeroom learner stuck`"
	}
	return reason
}

// unwritableReasons says in words why a message would not go to a learner.
func unwritableReasons(reason string) string {
	switch engine.Reason(reason) {
	case engine.ReasonNoAddress:
		return "no address that can be written to"
	case engine.ReasonSuppressed:
		return "the address is suppressed"
	case engine.ReasonUnsubscribed:
		return "left the topic"
	case engine.ReasonNoConsent:
		return "no consent"
	case engine.ReasonControl:
		return "held out: in the control group, which gets no message"
	case engine.ReasonHoldout:
		return "held out: in the rule's holdout, the group to compare with"
	default:
		return reason
	}
}

// BroadcastOptions say what is to be broadcast.
type BroadcastOptions struct {
	Rule      string
	Course    string  // of a rule with audience: {in: course}; else it may be empty
	At        string  // RFC 3339: when it begins; "09:00": when runs begin, where learners are; empty: at once
	Audience  string  // one more condition; empty: none
	PerSecond float64 // learners, 0.2 to 10000; 0: at most workflows.DefaultBroadcastRate, fewer while others would have to wait
}

// StartBroadcast starts a rule that is in force for its audience. It is recorded.
func (i *Installation) StartBroadcast(ctx context.Context, o BroadcastOptions) (Broadcast, error) {
	in, err := i.prepareBroadcast(ctx, o)
	if err != nil {
		return Broadcast{}, err
	}
	return i.startPrepared(ctx, in)
}

// startPrepared starts what was checked, and records it first.
func (i *Installation) startPrepared(ctx context.Context, in workflows.BroadcastInput) (Broadcast, error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return Broadcast{}, err
	}
	in.By = i.actor.Name
	rule, _ := in.Event.Text(engine.KeyBroadcastRule)
	course, _ := in.Event.Text(engine.KeyCourse)
	err = i.recordAct(ctx, auditBroadcast(store.ActionBroadcast, &in), func() error {
		fresh, err := worker.StartBroadcast(ctx, temporal, in)
		if err == nil && !fresh {
			err = startedAlready(in.Event.ID)
		}
		return err
	})
	if err != nil {
		return Broadcast{}, err
	}
	return Broadcast{
		ID:        in.Event.ID,
		StartedAt: i.opts.Real().UTC(),
		BroadcastProgress: workflows.BroadcastProgress{
			Event:     in.Event.Name,
			Rules:     []string{rule},
			Status:    workflows.BroadcastWaits,
			Course:    course,
			Audience:  in.Audience,
			PerSecond: in.PerSecond,
			StartAt:   in.StartAt,
			By:        in.By,
			RuleHash:  in.RuleHash,
		},
	}, nil
}

// auditBroadcast is the record of a start or a count. It says that there is a condition, but not which: it may hold an address.
func auditBroadcast(action store.AuditAction, in *workflows.BroadcastInput) AuditRecord {
	rule, _ := in.Event.Text(engine.KeyBroadcastRule)
	r := AuditRecord{Action: action, Target: rule}
	if in.Audience != "" {
		r.With = []string{store.WithCondition}
	}
	return r
}

// CountBroadcast looks whom a broadcast would reach, and hands over nothing. onProgress hears how far it has come; it may be nil. When ctx ends, the count is given up.
func (i *Installation) CountBroadcast(ctx context.Context, o BroadcastOptions, onProgress func(Broadcast)) (Broadcast, error) {
	counted, err := i.BeginCount(ctx, o)
	if err != nil {
		return counted, err
	}
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return counted, err
	}
	id := counted.ID
	ended := make(chan error, 1)
	go func() {
		ended <- temporal.GetWorkflow(ctx, workflows.BroadcastID(id), "").Get(ctx, &counted.BroadcastProgress)
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				_ = temporal.CancelWorkflow(context.WithoutCancel(ctx), workflows.BroadcastID(id), "")
				return counted, fmt.Errorf("counting whom the broadcast reaches (it needs processes that take events in, and processes that decide and send): %w", err)
			}
			counted.EndedAt = i.opts.Real().UTC()
			return counted, nil
		case <-tick.C:
			if p, err := i.queryProgress(ctx, id); err == nil && onProgress != nil {
				onProgress(Broadcast{ID: id, StartedAt: counted.StartedAt, BroadcastProgress: p})
			}
		}
	}
}

// prepareBroadcast checks what is asked for against the rules in force.
func (i *Installation) prepareBroadcast(ctx context.Context, o BroadcastOptions) (workflows.BroadcastInput, error) {
	in := workflows.BroadcastInput{Audience: strings.TrimSpace(o.Audience), PerSecond: o.PerSecond}
	academy, err := i.CurrentAcademy(ctx)
	if err != nil {
		return in, err
	}
	rule := academy.Ruleset.Rule(o.Rule)
	switch {
	case rule == nil:
		return in, inputError(fmt.Errorf("no rule %s is in force", o.Rule))
	case !rule.When.Broadcast:
		return in, inputError(fmt.Errorf("the rule %s starts %s, not by a person: give it `when: {broadcast: true}`", o.Rule, rules.TriggerWords(rule)))
	case !rule.When.Audience.Platform && o.Course == "":
		return in, inputError(fmt.Errorf("the rule %s is for the learners of a course: say which, with --course", o.Rule))
	case o.PerSecond != 0 && !(o.PerSecond >= minBroadcastRate && o.PerSecond <= maxBroadcastRate): // so that NaN is refused, too
		return in, inputError(fmt.Errorf("%g learners a second: write at least %g and at most %d, or none for %d", o.PerSecond, minBroadcastRate, maxBroadcastRate, workflows.DefaultBroadcastRate))
	}
	in.RuleHash = rule.Hash
	if in.Audience != "" {
		if _, problems := rules.CompileAudience(academy, engine.EventBroadcast, in.Audience); problems.Err() != nil {
			return in, inputError(problems.Err())
		}
	}
	in.Event = engine.Event{
		ID:         "bc-" + strings.ToLower(rand.Text()[:10]),
		Name:       engine.EventBroadcast,
		Properties: map[string]any{engine.KeyBroadcastRule: o.Rule},
	}
	if o.Course != "" {
		in.Event.Properties[engine.KeyCourse] = o.Course
	}
	switch at, err := time.Parse(time.RFC3339, o.At); {
	case o.At == "":
	case err == nil:
		in.StartAt = at.UTC()
	case engine.IsClock(o.At):
		in.Event.Properties[engine.KeyBroadcastAt] = o.At
	default:
		return in, inputError(fmt.Errorf("%q is no time: write 2026-12-01T09:00:00Z, or 09:00 for nine o'clock where each learner is", o.At))
	}
	return in, nil
}

// How many learners a second are handed the event, at least and at most. An activity hands it to 16 before it says how far it has come, at a quarter of the rate; at the lowest
// that takes it about five of the ten minutes that it has.
const (
	minBroadcastRate = 0.2
	maxBroadcastRate = 10_000
)

// ErrNoBroadcast says that there is no such broadcast, or that it is over.
var ErrNoBroadcast = errors.New("there is no such broadcast under way: `homeroom broadcasts list` lists them")

// ControlBroadcast pauses, resumes or cancels a broadcast. It is recorded.
func (i *Installation) ControlBroadcast(ctx context.Context, id string, do BroadcastCommand) error {
	action := store.ActionPauseBroadcast
	switch do {
	case BroadcastPause:
	case BroadcastResume:
		action = store.ActionResumeBroadcast
	case BroadcastCancel:
		action = store.ActionCancelBroadcast
	default:
		return inputError(fmt.Errorf("%q cannot be done to a broadcast: pause, resume or cancel", do))
	}
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return err
	}
	return i.recordAct(ctx, AuditRecord{Action: action, Target: id}, func() error {
		c := workflows.BroadcastControl{Do: do, By: i.actor.Name}
		err := temporal.SignalWorkflow(ctx, workflows.BroadcastID(id), "", workflows.SignalBroadcastControl, c)
		var gone *serviceerror.NotFound
		if errors.As(err, &gone) {
			return inputError(ErrNoBroadcast)
		}
		return err
	})
}

// NamedLearners is what came of naming standings.
type NamedLearners struct {
	Seen  int `json:"seen"`  // learners whose events are in the stream or who have a profile
	Named int `json:"named"` // standings that did not say whose they are, and do now
}

// NameLearners makes the standings say whose they are that an earlier version wrote. It may be called again. onSeen may be nil.
func (i *Installation) NameLearners(ctx context.Context, onSeen func(NamedLearners)) (NamedLearners, error) {
	var done NamedLearners
	seen := map[string]bool{} // a learner with events and a profile is listed twice
	err := publish.StreamLearners{JS: i.js}.Each(ctx, func(learner string) error {
		if seen[learner] {
			return nil
		}
		seen[learner] = true
		named, err := i.store.Standings.NameLearner(ctx, learner)
		if err != nil {
			return err
		}
		if named {
			done.Named++
		}
		if done.Seen++; done.Seen%100 == 0 && onSeen != nil {
			onSeen(done)
		}
		return nil
	})
	return done, err
}
