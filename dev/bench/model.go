package bench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/activities"
	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
	"homeroom/workflows"
)

// actionModel works out on a virtual clock, in a second, how many of Temporal's actions a load takes: the engine decides as it does everywhere, and the model does with
// what it decides what workflows.Learner does. Every event is a signal and a decision of its own, every message is accepted at once, and no wake-up comes before the stream has
// been handed over. So it counts some actions more than a time-lapse, in which events arrive together, and compares rules and ways of working without its noise.
type actionModel struct {
	counts   map[string]int // billable actions by kind, as in Account
	messages int            // by mail and in the app
	events   int
	// idle counts what changed nothing: looks as "look", signals by the event's name.
	idle map[string]int
	// written counts writes of search attributes by what differed.
	written map[string]int
}

func newActionModel() *actionModel {
	return &actionModel{
		counts:  map[string]int{},
		idle:    map[string]int{},
		written: map[string]int{},
	}
}

// playLoad takes a load in, in the order of time, and lets the clock run on for a while after it.
func (m *actionModel) playLoad(rs *engine.Ruleset, load []catalog.Decoded, after time.Duration) error {
	byLearner := map[string]*modelLearner{}
	var order []*modelLearner
	for _, d := range load {
		l := byLearner[d.Event.Learner]
		if l == nil {
			l = newModelLearner(m, rs, d.Event.Learner)
			byLearner[d.Event.Learner] = l
			order = append(order, l)
		}
		m.events++
		if err := l.hearEvent(d); err != nil {
			return err
		}
	}
	end := load[len(load)-1].Event.Time.Add(after)
	for _, l := range order {
		if err := l.host.Finish(end); err != nil {
			return err
		}
		l.fireTimers(end)
	}
	return nil
}

// countActions is the sum over all kinds.
func (m *actionModel) countActions() int {
	sum := 0
	for _, n := range m.counts {
		sum += n
	}
	return sum
}

// perThousand is how many actions a thousand events take.
func (m *actionModel) perThousand() float64 {
	return 1000 * float64(m.countActions()) / float64(m.events)
}

// String says what a message and a thousand events cost, and of what kind.
func (m *actionModel) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events, %d messages: %d actions, %.1f a message, %.0f per 1,000 events\n",
		m.events, m.messages, m.countActions(), float64(m.countActions())/float64(m.messages), m.perThousand())
	for _, part := range []struct {
		name   string
		counts map[string]int
	}{{"actions", m.counts}, {"changed nothing", m.idle}, {"written", m.written}} {
		fmt.Fprintf(&b, "  %s:", part.name)
		for _, kind := range slices.SortedFunc(maps.Keys(part.counts), func(x, y string) int {
			return cmp.Or(part.counts[y]-part.counts[x], strings.Compare(x, y))
		}) {
			fmt.Fprintf(&b, " %s %d", kind, part.counts[kind])
		}
		b.WriteString("\n")
	}
	return b.String()
}

// shownAttributes are the search attributes of a learner in the model.
type shownAttributes struct {
	stage          string
	courses, rules []string
}

// modelLearner is a learner's workflow in the model. Its fields are those of workflows.learner.
type modelLearner struct {
	model    *actionModel
	rules    *engine.Ruleset
	host     *simulate.Host
	standing engine.Standing
	event    *engine.Event // that is handed over

	running     bool
	resting     bool
	retires     bool
	unpublished bool
	wake        time.Time
	decidedAt   time.Time
	timers      []time.Time // the earliest is the last
	mayWait     []string    // sends whose outcome may wait
	waiting     bool        // an outcome waits
	shown       shownAttributes
}

func newModelLearner(m *actionModel, rs *engine.Ruleset, id string) *modelLearner {
	l := &modelLearner{model: m, rules: rs}
	l.host = simulate.NewHost(simulate.HostOptions{
		Learner: id,
		Ruleset: rs,
		Decided: func(engine.Decision) {},
		Stepped: l.takeStep,
	})
	return l
}

func (l *modelLearner) hearEvent(d catalog.Decoded) error {
	l.event = &d.Event
	copied := d.Event
	copied.StoredAt = d.Event.Time
	err := l.host.Event(d, d.Event.Time)
	l.standing.Apply(&copied, l.rules, d.Event.Time)
	l.standing.Moves = nil
	return err
}

// modelRest is how long the model's workflows wait until they rest. Everything else about rests and timers is asked of package workflows.
const modelRest = activities.DefaultRestAfter

// fireTimers does what the timers have the workflow do up to an instant at which something is decided.
func (l *modelLearner) fireTimers(until time.Time) {
	for l.running {
		l.setTimer()
		n := len(l.timers)
		if n == 0 || !l.timers[n-1].Before(until) {
			return
		}
		at := l.timers[n-1]
		l.timers = l.timers[:n-1]
		idle := at.Sub(l.decidedAt)
		switch {
		case !l.wake.IsZero() && !at.Before(l.wake):
			return // decided by the host
		case idle < modelRest:
		case l.retires:
			l.publishDecisions()
			l.decideWaiting()
			l.countAction("local activities")
			l.showAttributes(shownAttributes{workflows.StageRetired, l.shown.courses, l.shown.rules})
			l.running = false
			l.timers = nil
		case l.isWokenSoon():
			l.publishDecisions()
		case !l.resting:
			l.beginRest()
		}
	}
}

func (l *modelLearner) decideWaiting() {
	if l.waiting {
		l.countAction("local activities")
		l.waiting = false
	}
}

func (l *modelLearner) publishDecisions() {
	if l.unpublished {
		l.countAction("activities")
		l.unpublished = false
	}
}

func (l *modelLearner) beginRest() {
	l.publishDecisions()
	l.decideWaiting()
	l.showAttributes(shownAttributes{workflows.StageResting, l.shown.courses, l.shown.rules})
	l.countAction("continuations")
	l.resting = true
	l.timers = nil
}

func (l *modelLearner) isWokenSoon() bool {
	return workflows.IsWokenSoon(l.wake, l.decidedAt, modelRest)
}

func (l *modelLearner) setTimer() {
	at := l.wake
	if l.retires || !l.resting && (l.unpublished || !l.isWokenSoon()) {
		if end := l.decidedAt.Add(modelRest); at.IsZero() || end.Before(at) {
			at = end
		}
	}
	n := len(l.timers)
	if at.IsZero() || n > 0 && !at.Before(l.timers[n-1]) {
		return
	}
	if n == workflows.MaxTimers {
		l.timers = l.timers[1:]
	}
	l.timers = append(l.timers, at)
	l.countAction("timers")
}

func (l *modelLearner) countAction(kind string) { l.model.counts[kind]++ }

// showAttributes writes the search attributes if they differ.
func (l *modelLearner) showAttributes(want shownAttributes) {
	var differ []string
	if want.stage != l.shown.stage {
		differ = append(differ, want.stage)
	}
	if !slices.Equal(want.courses, l.shown.courses) {
		differ = append(differ, "courses")
	}
	switch {
	case len(want.rules) < len(l.shown.rules):
		differ = append(differ, "rules-removed")
	case !slices.Equal(want.rules, l.shown.rules):
		differ = append(differ, "rules")
	}
	if len(differ) == 0 {
		return
	}
	l.shown = want
	l.countAction("upserts")
	l.model.written[strings.Join(differ, "+")]++
}

// takeStep is shown a step of the engine, and counts what the workflow does for it.
func (l *modelLearner) takeStep(before engine.State, inputs []engine.Input, res engine.Result) {
	if len(inputs) > 0 && inputs[0].Outcome != nil {
		l.takeOutcomes(inputs, res)
		return
	}
	woken := len(inputs) == 0
	at := l.wake
	if !woken {
		at = l.event.Time
	}
	l.fireTimers(at)
	if !woken {
		l.countAction("signals")
		if !l.running {
			l.running = true
			l.shown = shownAttributes{}
			l.timers = nil
		}
	}
	l.noteIdle(before, woken, res)
	if n := len(l.timers); n > 0 && woken && !l.timers[n-1].After(at) {
		l.timers = l.timers[:n-1]
	}
	idle := at.Sub(l.decidedAt)
	l.decidedAt = at
	l.waiting = false
	l.takeResult(res)
	if woken && workflows.RestsWhenWoken(idle, modelRest) && !slices.ContainsFunc(res.Effects, isDelivery) {
		l.beginRest()
	}
}

func isDelivery(e engine.Effect) bool { return e.Kind == engine.EffectDeliver }

// takeOutcomes counts what outcomes cost: nothing as long as they may wait.
func (l *modelLearner) takeOutcomes(inputs []engine.Input, res engine.Result) {
	if slices.ContainsFunc(inputs, func(in engine.Input) bool { return !slices.Contains(l.mayWait, in.Outcome.SendID) }) {
		l.takeResult(res)
		return
	}
	l.waiting = true
	l.wake = res.WakeAt
	l.retires = mayRetire(&res)
}

// takeResult counts a decision and what it asks for.
func (l *modelLearner) takeResult(res engine.Result) {
	l.countAction("local activities")
	l.wake = res.WakeAt
	l.resting = false
	l.retires = mayRetire(&res)
	l.mayWait = engine.OutcomesThatMayWait(&res.State)
	delivers := 0
	for _, e := range res.Effects {
		if isDelivery(e) {
			delivers++
			l.countAction("activities")
			l.model.messages++
		}
	}
	l.unpublished = delivers == 0 && len(res.Decisions) > 0 // a delivery publishes them, and the next decision those before
	if l.unpublished && slices.ContainsFunc(res.Decisions, engine.Decision.Urgent) {
		l.publishDecisions()
	}
	l.showAttributes(shownAttributes{workflows.StageAwake, l.openCourses(), liveRules(&res.State)})
}

// noteIdle notes a step that changed nothing.
func (l *modelLearner) noteIdle(before engine.State, woken bool, res engine.Result) {
	switch {
	case len(res.Decisions) > 0 || len(res.Effects) > 0:
	case woken:
		l.model.idle["look"]++
	case len(res.State.Runs) == len(before.Runs):
		l.model.idle[l.event.Name]++
	}
}

func liveRules(state *engine.State) []string {
	live := []string{}
	for i := range state.Runs {
		if !state.Runs[i].Ended {
			live = append(live, state.Runs[i].Rule)
		}
	}
	slices.Sort(live)
	return slices.Compact(live)
}

func mayRetire(res *engine.Result) bool {
	return len(liveRules(&res.State)) == 0 && len(res.State.PendingDeliveries) == 0 && res.WakeAt.IsZero()
}

func (l *modelLearner) openCourses() []string {
	ids := []string{}
	for id, c := range l.standing.Courses {
		if c.CompletedAt.IsZero() && c.CancelledAt.IsZero() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
