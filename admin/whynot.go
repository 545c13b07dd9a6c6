package admin

import (
	"context"
	"fmt"
	"time"

	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/internal/spelling"
	"homeroom/profile"
	"homeroom/rules"
	"homeroom/simulate"
	"homeroom/store"
	"homeroom/subjects"
)

// maxWhyNotEvents bounds how many of a learner's events are looked at, the newest ones, unless fewer are asked for.
const maxWhyNotEvents = 100_000

// WhyNotOptions ask why a learner has not been sent what rules send.
type WhyNotOptions struct {
	Learner string
	Rule    string // only this rule; empty: all
	// Folder is asked instead of the rules in force; nil: those in force.
	Folder *Folder
	// Newest is how many of the learner's events are looked at, the newest ones, at most 100,000; 0: so many.
	Newest int
	// OnRead hears how many messages of a stream have been read; it begins with 0 for each stream. May be nil.
	OnRead func(done, total int64)
}

// WhyNot says per rule why a learner has not been sent its messages: their recorded events run through the rules on a virtual clock, up to now,
// and the answer is what the rule looked at last. It holds ids, values of events' properties and of traits that conditions read, and no address.
type WhyNot struct {
	Learner  string    `json:"learner"`
	Timezone string    `json:"timezone,omitempty"` // the learner's; empty: the profile has none, or none that exists
	Number   int       `json:"number,omitempty"`   // of the publication in force; 0: the rules of a folder were asked
	Revision string    `json:"revision"`           // hash of the rules that were asked
	Events   int       `json:"events"`             // that were looked at
	LeftOut  int       `json:"left_out,omitempty"` // older events that were not; see WhyNotOptions.Newest
	Until    time.Time `json:"until"`              // up to when everything is decided
	// Notes say what the answer does not know.
	Notes []string     `json:"notes,omitempty"`
	Rules []RuleWhyNot `json:"rules"` // by name; never nil
}

// Zone returns the learner's time zone, or nil if it is not known.
func (w *WhyNot) Zone() *time.Location { return findZone(w.Timezone) }

// RuleWhyNot is why a learner has not been sent the messages of one rule.
type RuleWhyNot struct {
	Rule    string `json:"rule"`
	Starts  string `json:"starts"`  // in words: when the rule starts
	Seen    int    `json:"seen"`    // events or silences that met the trigger
	Fitting int    `json:"fitting"` // those for which its condition held
	Started int    `json:"started"` // those that began a run
	// Trigger is the last event or silence that met the trigger; nil: there was none.
	Trigger *TriggerWhyNot `json:"trigger,omitempty"`
	// Run is the run that began last; nil: none did.
	Run      *RunWhyNot      `json:"run,omitempty"`
	Messages []MessageWhyNot `json:"messages"` // in the order of the rule's steps; never nil
	// Recorded is what was decided last about the rule in truth; nil: nothing is recorded.
	Recorded *RecordedDecision `json:"recorded,omitempty"`
}

// TriggerWhyNot is an event or a silence that met a rule's trigger.
type TriggerWhyNot struct {
	At        time.Time     `json:"at"`
	Event     string        `json:"event"`              // its name; "inactivity" or "risk" for a silence
	EventID   string        `json:"event_id,omitempty"` // of a silence it says when it fell due
	About     string        `json:"about,omitempty"`    // its keys, such as course_id=crs_go
	Began     bool          `json:"began"`              // a run began
	Condition *engine.Part  `json:"condition,omitempty"`
	Reason    engine.Reason `json:"reason,omitempty"` // why no run began
	Says      string        `json:"says"`             // a sentence
}

// RunWhyNot is a run, in words.
type RunWhyNot struct {
	ID    string    `json:"run"`
	Scope string    `json:"scope,omitempty"`
	Began time.Time `json:"began"`
	Arm   string    `json:"arm,omitempty"`
	Live  bool      `json:"live"`
	Says  string    `json:"says,omitempty"` // where it stands; empty: it is over
	Steps []RunStep `json:"steps"`          // by time, the last 50; never nil
}

// RunStep is one thing that a run did.
type RunStep struct {
	At        time.Time    `json:"at"`
	What      string       `json:"what"` // a kind of decision, or "branch"
	Message   string       `json:"message,omitempty"`
	Text      string       `json:"text"` // a sentence
	Condition *engine.Part `json:"condition,omitempty"`
}

// WhyNotCause says in one word why a message did not go out.
type WhyNotCause string

// The causes.
const (
	CauseNoTrigger  WhyNotCause = "no_trigger"  // no event or silence met the trigger
	CauseAudience   WhyNotCause = "audience"    // the last broadcast of the rule did not concern the learner
	CauseCondition  WhyNotCause = "condition"   // the last event or silence that met the trigger did not meet its condition
	CauseNotStarted WhyNotCause = "not_started" // that one met the condition too, and began no run
	CauseWaits      WhyNotCause = "waits"       // the run is under way and has not come to the message
	CausePutOff     WhyNotCause = "put_off"     // a question put the message off
	CauseStopped    WhyNotCause = "stopped"     // a question stopped the message
	CauseWithheld   WhyNotCause = "withheld"    // the learner is held out
	CauseLeft       WhyNotCause = "left"        // the run ended before the message
	CauseOtherWay   WhyNotCause = "other_way"   // the run took another way
	CauseSends      WhyNotCause = "sends"       // by these rules the message goes out
	CauseSent       WhyNotCause = "sent"        // it was sent
)

// MessageWhyNot is why one message did not go out.
type MessageWhyNot struct {
	Message string        `json:"message"`
	Cause   WhyNotCause   `json:"cause"`
	At      *time.Time    `json:"at,omitempty"`       // when that was found last; nil: it never came so far
	Ended   string        `json:"question,omitempty"` // the question that ended it, as `rules explain` lists them; empty: it did not come to the questions
	Reason  engine.Reason `json:"reason,omitempty"`
	Says    string        `json:"says"`            // a sentence
	Needs   string        `json:"needs,omitempty"` // what would have to become true; empty: nothing
	// Condition is what the parts of the condition were that ended it; nil: none did.
	Condition *engine.Part `json:"condition,omitempty"`
	SentAt    *time.Time   `json:"sent_at,omitempty"` // when it was sent last, as recorded; nil: never
	// Today says why the learner cannot be written to about this as of today's profile; empty: nothing of it stands against it.
	Today string `json:"today,omitempty"`
}

// RecordedDecision is a decision that was made in truth.
type RecordedDecision struct {
	At   time.Time   `json:"at"`
	Kind engine.Kind `json:"kind"`
	Text string      `json:"text"` // a sentence
}

// WhyNot says why a learner has not been sent what rules send. It writes nothing but the record that somebody looked. A rule that does not exist,
// and a folder that does not compile, are [*InputError]s; it is an error if nothing at all is known of the learner.
func (i *Installation) WhyNot(ctx context.Context, opts WhyNotOptions) (WhyNot, error) {
	academy, number, err := i.askedRules(ctx, opts)
	if err != nil {
		return WhyNot{}, err
	}
	action := store.ActionLookAtLearner
	if opts.Folder != nil {
		action = store.ActionTryOnLearner
	}
	if err := i.recordLearner(ctx, action, opts.Learner, func() error { return nil }); err != nil {
		return WhyNot{}, err
	}
	person, err := i.store.Profiles.Get(ctx, opts.Learner)
	if err != nil {
		return WhyNot{}, err
	}
	answer := WhyNot{
		Learner:  opts.Learner,
		Number:   number,
		Revision: academy.Ruleset.Hash,
		Rules:    []RuleWhyNot{},
	}
	zone := findZone(person.Timezone)
	if zone != nil {
		answer.Timezone = zone.String()
	}
	broadcasts, unknown := i.broadcastsForWhyNot(ctx, academy, opts)
	traces, err := i.traceLearner(ctx, academy, person, opts, broadcasts, &answer)
	if err != nil {
		return WhyNot{}, err
	}
	if answer.Events == 0 && person.UpdatedAt.IsZero() {
		if err := i.explainUnknownLearner(ctx, opts.Learner); err != nil {
			return WhyNot{}, err
		}
	}
	recorded, err := i.lastDecisions(ctx, opts)
	if err != nil {
		return WhyNot{}, err
	}
	if answer.Notes, err = i.noteUnknown(ctx, &answer); err != nil {
		return WhyNot{}, err
	}
	if unknown != "" {
		answer.Notes = append(answer.Notes, unknown)
	}
	words := whyNotWords{
		ruleset:  academy.Ruleset,
		learner:  opts.Learner,
		person:   person.Engine(),
		recorded: recorded,
		clock:    func(t time.Time) string { return narrate.Moment(t, zone) },
	}
	for _, trace := range traces {
		if opts.Rule == "" || trace.Rule.Name == opts.Rule {
			answer.Rules = append(answer.Rules, words.describeRule(trace))
		}
	}
	return answer, nil
}

// askedRules returns the rules that are asked, and their number if they are in force.
func (i *Installation) askedRules(ctx context.Context, opts WhyNotOptions) (academy *rules.Academy, number int, err error) {
	if opts.Folder != nil {
		if academy, err = opts.Folder.Compiled(); err != nil {
			err = inputError(err)
		}
	} else {
		academy, err = i.CurrentAcademy(ctx)
	}
	if err != nil {
		return nil, 0, err
	}
	if opts.Rule != "" && academy.Ruleset.Rule(opts.Rule) == nil {
		var names []string
		for _, rule := range academy.Ruleset.Rules {
			names = append(names, rule.Name)
		}
		return nil, 0, inputError(fmt.Errorf("there is no rule %s: %s", opts.Rule, spelling.Suggest(opts.Rule, names)))
	}
	if opts.Folder == nil {
		current, err := i.store.Rulesets.Current(ctx)
		return academy, current.Number, err
	}
	return academy, 0, nil
}

// traceLearner runs the learner's events through the rules and notes in the answer how many there were. Time zone and locale are today's until an
// event says others; a learner whose address is known today counts as one whose address was known.
func (i *Installation) traceLearner(ctx context.Context, academy *rules.Academy, person profile.Profile, opts WhyNotOptions, broadcasts []knownBroadcast, answer *WhyNot) ([]*simulate.RuleTrace, error) {
	tracer := simulate.NewTracer(simulate.HostOptions{
		Learner: opts.Learner,
		Ruleset: academy.Ruleset,
		Profile: profile.Profile{
			Timezone: person.Timezone,
			Locale:   person.Locale,
		},
		AssumeReachable: person.Email != "",
	})
	filters := []string{subjects.Stored(opts.Learner)}
	reader := i.newReader(time.Time{}, opts.OnRead)
	newest := maxWhyNotEvents
	if opts.Newest > 0 {
		newest = min(newest, opts.Newest)
	}
	from, older, err := reader.NewestFrom(ctx, subjects.Stream, filters[0], uint64(newest))
	if err != nil {
		return nil, err
	}
	reader.From = from
	answer.LeftOut = int(older)
	err = reader.Read(ctx, subjects.Stream, filters, func(m store.Message) error {
		decoded := decodeAs(academy.Catalog, opts.Learner, m)
		if decoded == nil {
			return nil
		}
		answer.Events++
		if broadcasts, err = traceBroadcasts(tracer, broadcasts, decoded.Event.Time); err != nil {
			return err
		}
		return tracer.Event(decoded)
	})
	if err != nil {
		return nil, err
	}
	if _, err := traceBroadcasts(tracer, broadcasts, time.Time{}); err != nil {
		return nil, err
	}
	answer.Until = i.opts.Now().UTC().Truncate(time.Second)
	if last := tracer.Clock(); last.After(answer.Until) { // in a time-lapse
		answer.Until = last
	}
	return tracer.Finish(answer.Until)
}

// ruleRecord is what is recorded of a learner about one rule.
type ruleRecord struct {
	last *engine.Decision
	sent map[string]time.Time // when each message was sent last
}

// lastDecisions returns what is recorded about the learner, by rule: the last decision, and when each message was sent last.
func (i *Installation) lastDecisions(ctx context.Context, opts WhyNotOptions) (map[string]*ruleRecord, error) {
	found := map[string]*ruleRecord{}
	err := i.newReader(time.Time{}, opts.OnRead).ReadDecisions(ctx, subjects.DecisionsOf(opts.Learner), func(all *engine.Decision) {
		for d := range all.PerRun() {
			of := found[d.Rule]
			if of == nil {
				of = &ruleRecord{sent: map[string]time.Time{}}
				found[d.Rule] = of
			}
			if of.last == nil || !d.At.Before(of.last.At) {
				of.last = new(*d)
			}
			switch d.Kind {
			case engine.KindSent, engine.KindUncertain:
				if d.At.After(of.sent[d.Message]) {
					of.sent[d.Message] = d.At
				}
			case engine.KindStarted, engine.KindFailed, engine.KindSkipped, engine.KindDeferred, engine.KindWithheld, engine.KindExited, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
			}
		}
	})
	return found, err
}

// noteUnknown says what stands against an answer as a whole, and what it does not know.
func (i *Installation) noteUnknown(ctx context.Context, answer *WhyNot) ([]string, error) {
	var notes []string
	paused, err := i.KillSwitch(ctx)
	if err != nil {
		return nil, err
	}
	if paused.Paused {
		notes = append(notes, "All sending is paused by "+paused.By+narrate.NoteSuffix(paused.Note)+". Nothing goes out until it is resumed.")
	}
	aside, err := i.findSetAside(ctx, answer.Learner)
	if err != nil {
		return nil, err
	}
	if aside != nil {
		notes = append(notes, "This learner's events wait, and nothing is decided beyond them: "+aside.Error+".")
	}
	if answer.LeftOut > 0 {
		notes = append(notes, fmt.Sprintf("Only the newest %s were looked at; %s were left out.",
			narrate.Count(answer.Events, "event"), narrate.Count(answer.LeftOut, "older event")))
	}
	if answer.Events == 0 {
		notes = append(notes, "No event of this learner is kept: they are older than the stream keeps, or came with an import.")
	}
	return notes, nil
}
