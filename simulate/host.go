package simulate

import (
	"fmt"
	"slices"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/mailaddress"
	"homeroom/profile"
)

// Grace is how late a due instant may be and still be stamped as punctual; production uses the same.
const Grace = time.Minute

// maxRounds bounds the deliveries of one instant. Caps and programs end far below it; beyond it something loops.
const maxRounds = 10_000

// HostOptions say who the learner is and where decisions go.
type HostOptions struct {
	Learner string
	Ruleset *engine.Ruleset
	Profile profile.Profile // what is known before the first event
	// AssumeReachable pretends that an address is known: recorded events seldom carry one.
	AssumeReachable bool
	// Assign overrides who is held out, for rule tests; the zero value is by hash, as in production.
	Assign engine.Assignment
	// Paths is what learners did next, for rules that ask what comes next. Nil: the host counts what this learner does.
	Paths *engine.PathLog
	// CountsMoves has the host count what this learner does into Paths, because nobody else does.
	CountsMoves bool
	// Compose, if set, composes each send for the learner as known at that moment. A send that it cannot compose fails as in
	// production.
	Compose func(engine.Send, engine.Profile) error
	// HeardBefore, if set, says of a message to staff whether a run of another event has sent it.
	HeardBefore func(engine.Send) bool
	// Workspace, if set, is shared with other hosts on the same goroutine.
	Workspace *Workspace
	// Decided receives each decision, in the learner's order.
	Decided func(engine.Decision)
	// Stepped, if set, is shown every step of the engine: the state it began with, what came in, and the result.
	Stepped func(before engine.State, inputs []engine.Input, res engine.Result)
	// Trace, if set, is shown what the engine looks at, also of triggers that do not reach the engine because their condition does not
	// hold; see [Tracer].
	Trace func(*engine.TraceEntry)
}

// Host is one learner on a virtual clock. It is not safe for concurrent use.
type Host struct {
	opts    HostOptions
	env     engine.Env
	profile profile.Profile
	// countsMoves reports that nobody else counts the learner's moves.
	countsMoves bool
	// shown says that showProfile was called: env.Profile is set. It is set late, because the first event of most learners changes it.
	shown    bool
	state    engine.State
	standing engine.Standing
	wake     time.Time
	place    int // among the hosts of a decider
	// suppressed are the addresses that must not be written to any more, in the form for comparison. An empty one is that of a
	// learner whose address nobody recorded.
	suppressed map[string]bool
	// softBounces are what is known of addresses that refused a message of late, by address in the form for comparison.
	softBounces map[string]profile.SoftBounces
}

// Workspace is the memory that hosts use one after another. It is not safe for concurrent use.
type Workspace struct {
	zones   zones
	stepper engine.Stepper
	// What deliver answers, and the inputs that are these answers.
	outcomes []engine.Outcome
	inputs   []engine.Input
}

// NewWorkspace returns a workspace for the hosts of one goroutine.
func NewWorkspace() *Workspace { return &Workspace{zones: newZones()} }

// NewHost returns a learner to whom nothing has happened yet.
func NewHost(opts HostOptions) *Host {
	if opts.Workspace == nil {
		opts.Workspace = NewWorkspace()
	}
	h := &Host{opts: opts, profile: opts.Profile}
	h.state.Learner = opts.Learner
	h.env = engine.Env{
		Current: opts.Ruleset,
		Revision: func(hash string) *engine.Ruleset {
			if hash == opts.Ruleset.Hash {
				return opts.Ruleset
			}
			return nil
		},
		Standing: &h.standing,
		Grace:    Grace,
		Assign:   opts.Assign,
		Zone:     opts.Workspace.zones.lookUp,
		Trace:    opts.Trace,
	}
	if opts.Ruleset.Paths {
		h.countsMoves = opts.CountsMoves || opts.Paths == nil
		if opts.Paths == nil {
			h.opts.Paths = &engine.PathLog{}
		}
		h.env.Followers = h.opts.Paths.Followers
	}
	return h
}

// Event takes in what arrived at the given instant; arrivals never go back. What falls due before it is decided first;
// at a tie the event goes first. An error means that the engine is at fault.
func (h *Host) Event(d catalog.Decoded, arrival time.Time) error {
	return h.ApplyEvent(&d, arrival)
}

// ApplyEvent is Event for who uses the memory of d again: it keeps neither d nor the map of its properties.
func (h *Host) ApplyEvent(d *catalog.Decoded, arrival time.Time) error {
	if d.Event.Learner == engine.NoLearner {
		_, err := h.applyBroadcast(&d.Event, nil, arrival)
		return err
	}
	if err := h.wakeUntil(func(w time.Time) bool { return w.Before(arrival) }); err != nil {
		return err
	}
	if !h.hearEvent(&d.Event, d.Traits, arrival) {
		return nil
	}
	return h.stepUntilDelivered([]engine.Input{{Event: &d.Event}}, arrival)
}

// applyBroadcast takes in an event without a learner, if it concerns this one, and returns why it does not. extra is one more condition; nil: there is none. It keeps neither the event nor
// changes it: other hosts get it too.
func (h *Host) applyBroadcast(ev *engine.Event, extra engine.Expr, arrival time.Time) (engine.LeftOut, error) {
	scan := engine.NewAudienceScan(h.opts.Ruleset, ev, extra)
	if !scan.Concerns() {
		return "", nil
	}
	if err := h.wakeUntil(func(w time.Time) bool { return w.Before(arrival) }); err != nil {
		return "", err
	}
	if !h.shown {
		h.showProfile()
	}
	if left, _ := scan.Ask(h.opts.Learner, h.env.Profile, &h.standing, arrival); left != "" {
		return left, nil
	}
	mine := *ev
	mine.Learner = h.opts.Learner
	mine.StoredAt = arrival
	mine.Broadcast = true
	return "", h.stepUntilDelivered([]engine.Input{{Event: &mine}}, arrival)
}

// traceUnwanted traces the triggers of an event that no rule wants.
func (h *Host) traceUnwanted(ev *engine.Event, arrival time.Time) {
	if h.opts.Trace == nil {
		return
	}
	if !h.shown {
		h.showProfile()
	}
	engine.TraceTriggers(h.env, h.state, ev, arrival)
}

// takeMoves takes the learner's moves out of the standing, and counts them if nobody else does.
func (h *Host) takeMoves(at time.Time) {
	if h.countsMoves {
		for _, m := range h.standing.Moves {
			h.opts.Paths.Add(m, at)
		}
	}
	h.standing.Moves = h.standing.Moves[:0]
}

// applyStatement takes in what an event says of the learner as a person: feedback about mail first, then traits.
func (h *Host) applyStatement(ev *engine.Event, statement profile.Statement) {
	f := statement.Feedback
	changed := h.profile.ApplyFeedback(f, statement.At)
	if ev.Name == eventResubscribed {
		changed = h.applyResubscribed(ev, statement.At)
	}
	if f.Suppress != "" && !h.profile.EmailAt.After(h.sentAt(f.Send, statement.At)) { // else it went to the address before
		if h.suppressed == nil {
			h.suppressed = map[string]bool{}
		}
		h.suppressed[mailaddress.Normalize(h.profile.Email)] = true
		changed = true
	}
	h.countSoftBounce(f, statement.At)
	if len(statement.Traits) > 0 {
		merged, did, _ := h.profile.MergeIn(h.opts.Workspace.zones.nameOf, statement.Traits, statement.At)
		h.profile = merged
		changed = changed || did
	}
	if changed {
		h.showProfile()
	}
}

// countSoftBounce takes in that the learner's address refused a message this time, or took one.
func (h *Host) countSoftBounce(f profile.Feedback, at time.Time) {
	if !f.SoftBounce && !f.Delivered || h.profile.EmailAt.After(h.sentAt(f.Send, at)) {
		return
	}
	address := mailaddress.Normalize(h.profile.Email)
	add := h.softBounces[address].AddDelivery
	if f.SoftBounce {
		add = h.softBounces[address].AddBounce
	}
	next, changed := add(at)
	if !changed {
		return
	}
	if h.softBounces == nil {
		h.softBounces = map[string]profile.SoftBounces{}
	}
	h.softBounces[address] = next
}

// eventResubscribed is published by the learner's preferences page. Only a simulation applies it: in production the page has
// stored the choice already.
const eventResubscribed = "email.resubscribed"

// applyResubscribed applies an [eventResubscribed]: the learner wants the topic that it names again. An event without a topic is about all mail: then the learner's
// address is suppressed no more, and its soft bounces until then are forgotten. It reports whether the profile may have changed.
func (h *Host) applyResubscribed(ev *engine.Event, at time.Time) (changed bool) {
	if topic, _ := ev.Text("topic"); topic != "" {
		return h.profile.Join(topic, at)
	}
	delete(h.suppressed, mailaddress.Normalize(h.profile.Email))
	if address := mailaddress.Normalize(h.profile.Email); h.softBounces != nil {
		h.softBounces[address] = h.softBounces[address].After(at)
	}
	h.profile.JoinAll(at)
	return true
}

// sentAt returns when the send was decided that the feedback is about, or the time of the feedback if the send is unknown.
func (h *Host) sentAt(send string, at time.Time) time.Time {
	for _, m := range h.state.PastSends {
		if m.ID == send && send != "" {
			return m.At
		}
	}
	return at
}

// Finish decides everything that falls due up to the given instant, inclusive.
func (h *Host) Finish(until time.Time) error {
	return h.wakeUntil(func(w time.Time) bool { return !w.After(until) })
}

// Zone returns the learner's time zone as the engine sees it now: their own, else the folder's, else UTC.
func (h *Host) Zone() *time.Location {
	if name := h.profile.Timezone; name != "" && name != "Local" {
		if zone := h.opts.Workspace.zones.lookUp(name); zone != nil {
			return zone
		}
	}
	if zone := h.opts.Ruleset.Settings.Location; zone != nil {
		return zone
	}
	return time.UTC
}

// showProfile lets the engine see the profile as it is now.
func (h *Host) showProfile() {
	h.shown = true
	h.env.Profile = h.profile.Engine()
	if h.suppressed[mailaddress.Normalize(h.profile.Email)] {
		reach := h.env.Profile.Reach[engine.ChannelEmail]
		reach.Suppressed = true
		h.env.Profile.Reach[engine.ChannelEmail] = reach
	}
	if h.opts.AssumeReachable {
		for _, channel := range engine.Channels() {
			reach := h.env.Profile.Reach[channel.Name]
			reach.Known = true
			h.env.Profile.Reach[channel.Name] = reach
		}
	}
}

// wakeUntil steps through the wake-ups for which due holds.
func (h *Host) wakeUntil(due func(time.Time) bool) error {
	for !h.wake.IsZero() && due(h.wake) {
		at := h.wake
		if err := h.stepUntilDelivered(nil, at); err != nil {
			return err
		}
		if !h.wake.IsZero() && !h.wake.After(at) {
			return h.engineFault("asks to be woken at %s, which is not after %s", h.wake.Format(time.RFC3339), at.Format(time.RFC3339))
		}
	}
	return nil
}

// stepUntilDelivered runs the engine, answers its deliveries and lets it hear of the traits that rules set, until there is nothing more.
func (h *Host) stepUntilDelivered(inputs []engine.Input, now time.Time) error {
	again := false // true: between the last step and the next nothing changes that the engine looks at but its state
	for range maxRounds {
		res := h.stepOnce(inputs, now, again)
		h.wake = res.WakeAt
		for _, d := range res.Decisions {
			h.opts.Decided(d)
		}
		var heard bool
		inputs, heard = h.hearTraits(h.deliver(res.Effects), res.Decisions, now)
		if len(inputs) == 0 {
			return nil
		}
		again = !heard
	}
	return h.engineFault("still delivers after %d rounds at %s", maxRounds, now.Format(time.RFC3339))
}

// showRest lets the engine see whether the learner's address rests, as of now: a rest ends by itself.
func (h *Host) showRest(now time.Time) {
	if len(h.softBounces) == 0 {
		return
	}
	bounces, some := h.softBounces[mailaddress.Normalize(h.profile.Email)]
	if !some {
		return
	}
	h.showProfile()
	reach := h.env.Profile.Reach[engine.ChannelEmail]
	if until := bounces.SuppressedUntil(now); !until.IsZero() && !reach.Suppressed {
		reach.Suppressed = true
		reach.SuppressedUntil = until
		h.env.Profile.Reach[engine.ChannelEmail] = reach
	}
}

// stepOnce is one step of the engine, which makes the learner's state the new one. Who wants to see the state it began with gets it as it was. The recent decisions are for
// people who look at a workflow; here they would be most of the memory. again reports that it follows another step at the same instant, and that profile and
// standing are as they were.
func (h *Host) stepOnce(inputs []engine.Input, now time.Time, again bool) engine.Decided {
	if !h.shown {
		h.showProfile()
	}
	h.showRest(now)
	if h.opts.Stepped == nil && again {
		return h.opts.Workspace.stepper.StepAgain(&h.env, &h.state, inputs, now)
	}
	if h.opts.Stepped == nil {
		return h.opts.Workspace.stepper.Step(&h.env, &h.state, inputs, now)
	}
	res := engine.Step(h.env, h.state, inputs, now)
	h.opts.Stepped(h.state, inputs, res)
	h.state = res.State
	h.state.Recent = nil
	return engine.Decided{Effects: res.Effects, Decisions: res.Decisions, WakeAt: res.WakeAt}
}

func (h *Host) engineFault(format string, args ...any) error {
	return fmt.Errorf("learner %s: the engine %s; this is a bug in Homeroom, please report it with the rules and the learner's events",
		h.opts.Learner, fmt.Sprintf(format, args...))
}

// deliver accepts every delivery that can be composed. A cancellation finds nothing to cancel: on a virtual clock a delivery is over
// at once.
func (h *Host) deliver(effects []engine.Effect) []engine.Input {
	work := h.opts.Workspace
	if h.opts.Stepped != nil {
		work = &Workspace{} // who looks at the steps may keep their inputs
	}
	outcomes := slices.Grow(work.outcomes[:0], len(effects)) // with room for all: the inputs point into it
	in := work.inputs[:0]
	for i := range effects {
		if effects[i].Kind != engine.EffectDeliver {
			continue
		}
		outcomes = append(outcomes, engine.Outcome{SendID: effects[i].Send.ID, Status: engine.OutcomeAccepted})
		outcome := &outcomes[len(outcomes)-1]
		if h.opts.HeardBefore != nil && h.opts.HeardBefore(effects[i].Send) {
			*outcome = engine.HeardBefore(&effects[i].Send)
			in = append(in, engine.Input{Outcome: outcome})
			continue
		}
		if h.opts.Compose != nil {
			if err := h.opts.Compose(effects[i].Send, h.env.Profile); err != nil {
				outcome.Status = engine.OutcomeFailed
				outcome.Reason = engine.ReasonTemplateError
				outcome.Detail = err.Error()
			}
		}
		in = append(in, engine.Input{Outcome: outcome})
	}
	work.outcomes = outcomes
	work.inputs = in
	return in
}
