package report

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
)

// Story is what happened to a learner, what Homeroom decided and why: run by run, in the order in which they began.
type Story struct {
	Learner string     `json:"learner"`
	Runs    []RunStory `json:"chapters"` // never nil
}

// RunStory is one run and what came of it. What belongs to no run (a run that was not begun, a certificate shared without
// a prompt) is a RunStory with an empty Run; there is at most one for each rule, and one for none.
type RunStory struct {
	Rule    string       `json:"rule,omitempty"`
	Scope   string       `json:"scope,omitempty"`
	Run     string       `json:"run,omitempty"`
	Entries []StoryEntry `json:"lines"` // by time
}

// StoryEntry is one thing that happened or was decided.
type StoryEntry struct {
	At       time.Time     `json:"at"`
	What     string        `json:"what"` // an event's name, or a kind of decision
	Decision bool          `json:"decision"`
	Reason   engine.Reason `json:"reason,omitempty"`
	Message  string        `json:"message,omitempty"`
	Send     string        `json:"send,omitempty"` // the message's id at the provider
	// Channel is that of the message, with what was sent, failed, withheld or is uncertain. Older records of the streams have none.
	Channel string `json:"channel,omitempty"`
	Text    string `json:"text"` // a sentence
	// Times is how often it happened in a row, or equal skips were folded into one decision, the last time at Last. Last is zero if it was once.
	Times int       `json:"times"`
	Last  time.Time `json:"last,omitzero"`
}

// WentBy is the channel by which the message of a decision went, or may have gone; empty: nothing went.
func (e *StoryEntry) WentBy() string {
	if kind := engine.Kind(e.What); kind == engine.KindSent || kind == engine.KindUncertain {
		return e.Channel
	}
	return ""
}

// StoryOptions say how a story is made.
type StoryOptions struct {
	Rule string // only the runs of this rule; empty: all
	// Clock writes an instant within a sentence, such as the end of a deferral. Nil: RFC 3339 in UTC.
	Clock       func(time.Time) string
	AsksToShare func(message string) bool // as in Options
}

// NewStory puts a learner's decisions and events, each in stream order, into a story. Repeats of either are shown once.
// Events that are neither about messages nor the cause of a decision are left out.
func NewStory(learner string, decisions []engine.Decision, events []engine.Event, o StoryOptions) Story {
	if o.Clock == nil {
		o.Clock = func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	}
	t := &storyBuilder{opts: o, learner: learner, attribution: newAttribution(o.AsksToShare), runs: map[string]*RunStory{}, caused: map[string][]causedDecision{}}
	t.addDecisions(decisions)
	t.addEvents(events)
	story := Story{Learner: learner, Runs: []RunStory{}}
	for _, key := range slices.Sorted(maps.Keys(t.runs)) {
		c := t.runs[key]
		if o.Rule != "" && c.Rule != o.Rule {
			continue
		}
		slices.SortStableFunc(c.Entries, func(a, b StoryEntry) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(sortWeight(&a), sortWeight(&b)))
		})
		c.Entries = foldRepeats(c.Entries)
		story.Runs = append(story.Runs, *c)
	}
	slices.SortStableFunc(story.Runs, func(a, b RunStory) int { return a.Entries[0].At.Compare(b.Entries[0].At) })
	return story
}

// sortWeight orders what happened at the same instant: the cause, then what was decided.
func sortWeight(l *StoryEntry) int {
	if l.Decision {
		return 1
	}
	return 0
}

type storyBuilder struct {
	opts        StoryOptions
	learner     string
	attribution *attribution
	messages    []storyMessage // by the attribution's index of sends
	runs        map[string]*RunStory
	caused      map[string][]causedDecision // by event name
}

// storyMessage is what a story knows of a message besides the attribution.
type storyMessage struct{ id, message, run string }

// causedDecision is a decision that names the event that caused it.
type causedDecision struct {
	at    time.Time
	run   string
	scope string
}

// ensureRun returns the key of the run that a decision belongs to, and adds the run if it is new. The key is made of rule and run alone, so that the
// order is the same whenever the story is made.
func (t *storyBuilder) ensureRun(rule, scope, run string) string {
	key := rule + "\x00" + run
	if t.runs[key] == nil {
		if run == "" {
			scope = "" // of several things
		}
		t.runs[key] = &RunStory{Rule: rule, Scope: scope, Run: run}
	}
	return key
}

func (t *storyBuilder) addEntry(runKey string, l StoryEntry) {
	l.Times = max(l.Times, 1)
	l.At = l.At.UTC()
	c := t.runs[runKey]
	c.Entries = append(c.Entries, l)
}

func (t *storyBuilder) addDecisions(decisions []engine.Decision) {
	seen := map[string]bool{}
	uncertain := map[string]*engine.Decision{}
	for d := range perRun(decisions) {
		if seen[d.ID] {
			continue
		}
		seen[d.ID] = true
		key := t.ensureRun(d.Rule, d.Scope, d.Run)
		before := len(t.attribution.sends)
		t.attribution.addDecision(d)
		if len(t.attribution.sends) > before {
			t.messages = append(t.messages, storyMessage{id: d.Send, message: d.Message, run: key})
		}
		if d.Kind == engine.KindStarted || d.Kind == engine.KindExited || d.Kind == engine.KindConverted {
			t.caused[d.Detail] = append(t.caused[d.Detail], causedDecision{at: d.At, run: key, scope: d.Scope})
		}
		if d.Kind == engine.KindUncertain && d.Send != "" {
			uncertain[d.Send] = d
		}
		t.addEntry(key, t.decisionEntry(d))
	}
	t.joinUncertain(uncertain)
}

// perRun yields every decision, one about several runs as one for each.
func perRun(decisions []engine.Decision) iter.Seq[*engine.Decision] {
	return func(yield func(*engine.Decision) bool) {
		for i := range decisions {
			for d := range decisions[i].PerRun() {
				if !yield(d) {
					return
				}
			}
		}
	}
}

func (t *storyBuilder) decisionEntry(d *engine.Decision) StoryEntry {
	return StoryEntry{
		At:       d.At,
		What:     string(d.Kind),
		Decision: true,
		Reason:   d.Reason,
		Message:  d.Message,
		Send:     d.Send,
		Channel:  d.Channel,
		Text:     narrate.Decision(d, narrate.Style{Time: t.opts.Clock}),
		Times:    d.Times(),
		Last:     d.Last,
	}
}

// joinUncertain makes one entry of an uncertain message and what its report made of it.
func (t *storyBuilder) joinUncertain(uncertain map[string]*engine.Decision) {
	for _, c := range t.runs {
		settled := map[string]bool{}
		for i := range c.Entries {
			l := &c.Entries[i]
			ended := l.What == string(engine.KindSent) || l.What == string(engine.KindFailed)
			if d := uncertain[l.Send]; ended && d != nil {
				settled[l.Send] = true
				l.Text += "; it was uncertain until then" + narrate.Note(d.Detail)
			}
		}
		c.Entries = slices.DeleteFunc(c.Entries, func(l StoryEntry) bool {
			return l.What == string(engine.KindUncertain) && settled[l.Send]
		})
	}
}

func (t *storyBuilder) addEvents(events []engine.Event) {
	seen := map[string]bool{}
	for i := range events {
		ev := &events[i]
		id := ev.Learner + "\x00" + ev.ID
		if seen[id] || ev.Learner != t.learner && Owner(ev) != t.learner {
			continue
		}
		seen[id] = true
		l := StoryEntry{At: ev.Time, What: ev.Name}
		if i, ok := t.attribution.findCredited(ev); ok {
			m := &t.messages[i]
			l.Message = m.message
			l.Send = m.id
			l.Text = describeEvent(ev, m.message)
			t.addEntry(m.run, l)
			continue
		}
		if runKey := t.findCausedRun(ev); runKey != "" {
			l.Text = describeEvent(ev, "")
			t.addEntry(runKey, l)
			continue
		}
		if slices.Contains(reactionNames(), ev.Name) {
			l.Message, _ = ev.Text("message")
			l.Text = describeEvent(ev, l.Message)
			rule, _ := ev.Text("rule")
			t.addEntry(t.ensureRun(rule, "", ""), l)
		}
	}
}

// findCausedRun returns the key of the run with the decision that an event most likely caused: one that names the event, about the same
// thing, at the same time or next after it. It is empty if there is none.
func (t *storyBuilder) findCausedRun(ev *engine.Event) string {
	best := causedDecision{}
	for _, c := range t.caused[ev.Name] {
		if c.at.Before(ev.Time) || !sameThing(c.scope, ev) || best.run != "" && !c.at.Before(best.at) {
			continue
		}
		best = c
	}
	if best.run == "" || best.at.Sub(ev.Time) > maxCauseDelay {
		return ""
	}
	return best.run
}

// maxCauseDelay is how much later than its cause a decision may have been made, after an outage say.
const maxCauseDelay = 48 * time.Hour

// sameThing reports whether an event's values agree with a scope, as far as both say.
func sameThing(scope string, ev *engine.Event) bool {
	for key, values := range scopeValues(scope) {
		if theirs, ok := ev.Text(key); ok && theirs != values[0] {
			return false
		}
	}
	return true
}

// foldRepeats makes one entry of what happened several times in a row.
func foldRepeats(lines []StoryEntry) []StoryEntry {
	folded := lines[:0:0]
	for _, l := range lines {
		if n := len(folded); n > 0 && !l.Decision {
			last := &folded[n-1]
			if last.What == l.What && last.Text == l.Text && last.Send == l.Send {
				last.Times++
				last.Last = l.At
				continue
			}
		}
		folded = append(folded, l)
	}
	return folded
}

// eventIDs are an event's ids, in order of their names: "certificate c1", "course crs_go". Other values stay out of stories.
func eventIDs(ev *engine.Event) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(ev.Properties)) {
		name, isID := strings.CutSuffix(key, "_id")
		if value, ok := ev.Text(key); isID && ok {
			found = append(found, strings.ReplaceAll(name, "_", " ")+" "+value)
		}
	}
	return found
}
