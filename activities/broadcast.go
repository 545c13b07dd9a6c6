package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"

	"homeroom/engine"
	"homeroom/workflows"
)

// ScannedStanding is one standing that a broadcast looks at.
type ScannedStanding struct {
	Learner  string // empty: it was written before standings named their learner
	Standing *engine.Standing
	Sequence uint64
	Damage   error // it cannot be read
}

// AllStandings reads the standings of all learners.
type AllStandings interface {
	// Plan divides what is stored after a sequence into parts. last is the highest sequence, and total how many standings there are.
	Plan(ctx context.Context, after uint64, parts int) (ranges []workflows.BroadcastRange, last uint64, total int, err error)
	// Scan calls each with the standings of a range in order of their sequences, until each returns an error, which it returns.
	Scan(ctx context.Context, r workflows.BroadcastRange, each func(ScannedStanding) error) error
}

// Starter hands events to learners' workflows.
type Starter interface {
	HandOver(ctx context.Context, b workflows.Batch) error
}

// AudienceCompiler compiles the condition that a person gives a broadcast besides those of the rules.
type AudienceCompiler interface {
	CompileAudience(ctx context.Context, event, condition string) (engine.Expr, error)
}

// Broadcast hands an event without a learner to those whom it concerns. Its methods are activities.
type Broadcast struct {
	Standings AllStandings
	Profiles  Profiles
	Rulesets  Rulesets
	Starter   Starter
	Audiences AudienceCompiler
	Clock     Clock
	// PartitionOf returns the partition of the stream that a learner's events are in.
	PartitionOf func(learner string) int
	// IsOfLearner reports whether an error of a hand-over may be the learner's own: their workflow takes nothing at present.
	IsOfLearner func(error) bool
	Log         *slog.Logger

	giveWay giveWay
	slots   handOverSlots
}

const (
	// together is how many learners are handed the event at a time.
	together = 16
	// lookedAtOnce is how many standings are looked at between two heartbeats.
	lookedAtOnce = 256
	// handOverTries is how often a learner's workflow is tried whose run takes nothing, and handOverPause the time in between.
	handOverTries = 3
	handOverPause = time.Second
)

// errPartBreaks says that a part comes back before its end.
var errPartBreaks = errors.New("the part comes back")

// Plan finds out which rules the event may start, and which standings are to be looked at.
func (b *Broadcast) Plan(ctx context.Context, in workflows.BroadcastPlanInput) (workflows.BroadcastPlan, error) {
	current, err := b.Rulesets.Current(ctx)
	if err != nil {
		return workflows.BroadcastPlan{}, fmt.Errorf("loading the current rules: %w", err)
	}
	plan := workflows.BroadcastPlan{Rules: []string{}, Now: b.Clock.Now().UTC()}
	for _, rule := range current.AudienceRules(&in.Event) {
		plan.Rules = append(plan.Rules, rule.Name)
	}
	if len(plan.Rules) == 0 {
		return plan, nil
	}
	plan.Ranges, plan.Last, plan.Total, err = b.Standings.Plan(ctx, in.After, in.Parts)
	return plan, err
}

// Run looks at a part of the standings and hands the event to those whom it concerns. It comes back after a while, when it is canceled, or when it is done. Another attempt
// goes on where the heartbeats of the one before ended; who gets the event a second time knows it.
func (b *Broadcast) Run(ctx context.Context, in workflows.BroadcastPartInput) (workflows.BroadcastPartResult, error) {
	p, err := b.newPart(ctx, in)
	if err != nil {
		return workflows.BroadcastPartResult{}, err
	}
	if !in.DryRun {
		defer b.slots.addPart(in.PerSecond, in.GivesWay)()
	}
	err = b.Standings.Scan(ctx, workflows.BroadcastRange{First: p.done.Next, Last: in.Range.Last}, func(s ScannedStanding) error {
		if err := p.askAudience(ctx, s); err != nil {
			return err
		}
		return p.breakIfDue(ctx)
	})
	switch {
	case errors.Is(err, errPartBreaks):
		return p.done, nil
	case err != nil && ctx.Err() != nil && isWanted(ctx): // somebody pauses or cancels
		return p.done, nil
	case err != nil:
		return p.done, err
	}
	err = p.handOver(ctx)
	switch {
	case err == nil:
		p.done.Next = in.Range.Last + 1
		return p.done, nil
	case ctx.Err() != nil && isWanted(ctx):
		return p.done, nil
	}
	return p.done, err
}

// isWanted reports whether an ended context was ended by the workflow, and not because the worker stops.
func isWanted(ctx context.Context) bool {
	select {
	case <-activity.GetWorkerStopChannel(ctx):
		return false
	default:
		return true
	}
}

// broadcastPart is one attempt at a part.
type broadcastPart struct {
	b             *Broadcast
	in            workflows.BroadcastPartInput
	scan          *engine.AudienceScan
	readsProfiles bool           // the audience reads what only profiles know, so that each learner's is read
	firstSends    []*engine.Send // the first message of each rule; a dry run asks of the first of them whether it would be sent
	began         time.Time
	nextSlot      time.Time // before it no other learner may be handed the event

	done    workflows.BroadcastPartResult // as of the last heartbeat
	seen    workflows.BroadcastCounts     // since then
	upTo    uint64                        // the sequence of the last standing that was looked at
	reached []string                      // the learners who are to be handed the event next
}

func (b *Broadcast) newPart(ctx context.Context, in workflows.BroadcastPartInput) (*broadcastPart, error) {
	current, err := b.Rulesets.Current(ctx)
	if err != nil {
		return nil, fmt.Errorf("loading the current rules: %w", err)
	}
	var extra engine.Expr
	if in.Audience != "" {
		if extra, err = b.Audiences.CompileAudience(ctx, in.Event.Name, in.Audience); err != nil {
			return nil, err
		}
	}
	p := &broadcastPart{
		b:     b,
		in:    in,
		scan:  engine.NewAudienceScan(current, &in.Event, extra),
		began: time.Now(),
		done:  workflows.BroadcastPartResult{Next: in.Range.First},
	}
	p.readsProfiles = p.scan.ReadsPerson()
	p.firstSends = p.scan.FirstSends()
	if activity.HasHeartbeatDetails(ctx) {
		var before workflows.BroadcastPartResult
		if err := activity.GetHeartbeatDetails(ctx, &before); err == nil && before.Next >= in.Range.First {
			p.done = before
		}
	}
	p.upTo = p.done.Next - 1
	return p, nil
}

// askAudience asks whether the event concerns a learner, and hands it over when enough of them have come together.
func (p *broadcastPart) askAudience(ctx context.Context, s ScannedStanding) error {
	p.seen.Seen++
	left, err := p.leftOut(ctx, &s)
	if err != nil {
		return err
	}
	p.upTo = s.Sequence
	if left != "" {
		p.countLeftOut(left)
	} else {
		p.reached = append(p.reached, s.Learner)
	}
	if len(p.reached) >= together {
		return p.handOver(ctx)
	}
	if p.seen.Seen >= lookedAtOnce {
		if len(p.reached) > 0 {
			return p.handOver(ctx)
		}
		p.recordDone(ctx)
	}
	return nil
}

func (p *broadcastPart) countLeftOut(reason string) {
	if p.seen.LeftOut == nil {
		p.seen.LeftOut = map[string]int{}
	}
	p.seen.LeftOut[reason]++
}

// leftOut returns why a learner is left out; empty: they are not.
func (p *broadcastPart) leftOut(ctx context.Context, s *ScannedStanding) (string, error) {
	switch {
	case s.Damage != nil:
		return workflows.LeftOutDamaged, nil
	case s.Learner == "":
		return workflows.LeftOutUnnamed, nil
	case s.Standing.FirstSeenAt.After(p.in.Event.Time):
		return workflows.LeftOutNewer, nil
	}
	var person engine.Profile
	if p.readsProfiles {
		var err error
		if person, err = p.readProfile(ctx, s.Learner); err != nil {
			return "", err
		}
	}
	left, detail := p.scan.Ask(s.Learner, person, s.Standing, p.b.Clock.Now())
	if left == engine.LeftOutError {
		p.b.Log.Debug("the audience's condition cannot be answered for a learner", "learner", s.Learner, "error", detail)
	}
	if left == "" && p.in.DryRun {
		return "", p.countUnwritable(ctx, s.Learner, person)
	}
	return string(left), nil
}

func (p *broadcastPart) readProfile(ctx context.Context, learner string) (engine.Profile, error) {
	person, err := p.b.Profiles.Profile(ctx, learner)
	if err != nil {
		return person, fmt.Errorf("reading a profile: %w", err)
	}
	return person, nil
}

// countUnwritable counts a learner to whom the first message would not be sent. The profile is read here unless the audience has needed it: of those who are left out it need not be known.
func (p *broadcastPart) countUnwritable(ctx context.Context, learner string, person engine.Profile) error {
	if len(p.firstSends) == 0 {
		return nil
	}
	if !p.readsProfiles {
		var err error
		if person, err = p.readProfile(ctx, learner); err != nil {
			return err
		}
	}
	reason := person.Refuses(p.firstSends[0])
	if reason == "" {
		reason = p.scan.HeldOut(learner, p.firstSends[0])
	}
	if reason == "" {
		return nil
	}
	if p.seen.Unwritable == nil {
		p.seen.Unwritable = map[string]int{}
	}
	p.seen.Unwritable[string(reason)]++
	return nil
}

// recordDone takes what was looked at since the last time into what the part has done, and tells Temporal.
func (p *broadcastPart) recordDone(ctx context.Context) {
	p.done.Counts.Add(p.seen)
	p.done.Next = p.upTo + 1
	p.seen = workflows.BroadcastCounts{}
	p.reached = p.reached[:0]
	activity.RecordHeartbeat(ctx, p.done)
}

// breakIfDue ends the attempt when it has worked for as long as it may.
func (p *broadcastPart) breakIfDue(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.in.Within <= 0 || time.Since(p.began) < p.in.Within {
		return nil
	}
	if err := p.handOver(ctx); err != nil {
		return err
	}
	return errPartBreaks
}
