package engine

import (
	"iter"
	"slices"
	"time"
)

// Env is everything outside the learner's own state that a decision may look at.
type Env struct {
	Current  *Ruleset
	Revision func(hash string) *Ruleset // revisions that live runs started with; nil result: lost
	Profile  Profile
	Standing *Standing     // never nil
	Grace    time.Duration // how late a due instant may be and still count as punctual
	// Watermark is the instant up to which the learner's events have been handed over by the triggers. Zero means
	// "all of them", as on a virtual clock. Nothing due later than this is decided (guarantee 17).
	Watermark time.Time
	// Assign overrides who is held out, for rule tests; the zero value is by hash, as in production.
	Assign Assignment
	// Followers returns what learners had done, up to an instant, after a unit of a course; of the course "", after a course. Nil: nothing is counted.
	Followers func(course, from string, at time.Time) Followers
	// Weights returns the weights of an adaptive split; nil: its own weights hold.
	Weights WeightsInForce
	// Zone looks up a time zone, nil: there is no such zone. A host that steps often remembers what it looked up; without
	// this the files of the system are read each time.
	Zone func(name string) *time.Location
	// Trace, if set, is called with each thing that the step looks at on its way to its decisions. It changes none of them, and keeps neither Event nor Cond nor
	// Vars of an entry: they are good only during the call.
	Trace func(*TraceEntry)
}

// Assignment says how learners come into holdouts and the control group.
type Assignment string

// The assignments.
const (
	AssignByHash Assignment = ""         // by a hash of learner and name
	AssignNobody Assignment = "nobody"   // nobody, unless the share is 100 %
	AssignAll    Assignment = "held_out" // everybody, wherever there is a holdout
)

// Profile is what the engine may know of a learner as a person: whether and when they can be written to. The address
// itself stays in the store.
type Profile struct {
	// Reach is what is known of the learner's addresses, by the name of the channel that needs one; absent: none is known.
	Reach        map[string]Reach
	Consent      *bool          // nil: never said
	Unsubscribed []string       // topics the learner left
	Subscribed   []string       // topics the learner chose
	Locale       string         // BCP 47, may be empty
	Timezone     string         // IANA, may be empty or wrong: then the folder's zone holds
	Traits       map[string]any // as published; read by conditions, never stored in State
	// TraitsAt is when single traits were said, removed ones among them, and TraitsSince when all others were; zero: not known.
	TraitsAt    map[string]time.Time
	TraitsSince time.Time
}

// Refuses says why a learner cannot or does not want to get what is sent; empty: they can and do. Step asks when it decides,
// and whoever delivers asks anew, for much can have happened since. Of the send it looks at channel, topic, Transactional and OptIn.
func (p *Profile) Refuses(s *Send) Reason {
	topic := s.Topic
	if s.Transactional {
		topic = ""
	}
	channel, _ := ChannelNamed(s.Channel)
	reach := p.Reach[channel.Name]
	switch {
	case channel.NeedsAddress && (!reach.Known || reach.Unusable != ""):
		return ReasonNoAddress
	case channel.CarriedOutside && reach.Suppressed:
		return ReasonSuppressed
	case topic != "" && slices.Contains(p.Unsubscribed, topic):
		return ReasonUnsubscribed
	case p.Consent != nil && !*p.Consent:
		return ReasonNoConsent
	case topic != "" && s.OptIn && p.Consent == nil && !slices.Contains(p.Subscribed, topic):
		return ReasonNoConsent
	}
	return ""
}

// RefusalDetail returns for people what more there is to say of a refusal on a channel; empty: nothing.
func (p *Profile) RefusalDetail(reason Reason, channelName string) string {
	channel, _ := ChannelNamed(channelName)
	reach := p.Reach[channel.Name]
	if reason == ReasonNoAddress {
		return reach.Unusable
	}
	if reason != ReasonSuppressed || reach.SuppressedUntil.IsZero() {
		return ""
	}
	return "the address refused several messages of late and rests until " + reach.SuppressedUntil.UTC().Format(time.RFC3339)
}

// Input is one thing that arrived: exactly one field is set.
type Input struct {
	Event       *Event       `json:"event,omitempty"`
	Outcome     *Outcome     `json:"outcome,omitempty"`
	Publication *Publication `json:"published,omitempty"`
}

// Publication tells a learner that another revision has come into force, and what that means for their live runs. By the
// time it arrives Env.Current may be a newer one still.
type Publication struct {
	Hash      string    `json:"hash"`
	RunPolicy RunPolicy `json:"in_flight"`
}

// RunPolicy says what a publication does to live runs.
type RunPolicy string

// The modes of publication.
const (
	RunPolicyFinish  RunPolicy = "finish"  // they end on the revision they started with
	RunPolicyMigrate RunPolicy = "migrate" // they move to the step with the same id, or leave: migrated_away
	RunPolicyCancel  RunPolicy = "cancel"  // those of changed rules leave: cancelled
)

// Result is what a step decided.
type Result struct {
	State     State
	Effects   []Effect
	Decisions []Decision
	WakeAt    time.Time // zero: sleep until an event
}

// EffectKind says what an effect asks of its host.
type EffectKind string

// The effects.
const (
	EffectDeliver EffectKind = "deliver" // deliver Send and come back with an Outcome
	EffectCancel  EffectKind = "cancel"  // give up the delivery of Send.ID if it has not begun
)

// Effect is something to do. Its ID is deterministic, so doing it twice can be recognised.
type Effect struct {
	Kind EffectKind `json:"kind"`
	Send Send       `json:"send"`
}

// Send is one message to deliver. It carries ids and the trigger's properties, never an address or a name.
type Send struct {
	ID            string         `json:"id"` // deterministic: learner, rule, scope, run and step
	Learner       string         `json:"learner"`
	Rule          string         `json:"rule"`
	Scope         string         `json:"scope,omitempty"`
	Run           string         `json:"run"`
	Step          string         `json:"step"`
	Revision      string         `json:"revision"` // hash of the ruleset whose message is meant
	Message       string         `json:"message"`
	Channel       string         `json:"channel"`
	Staff         string         `json:"staff,omitempty"` // the group of staff whom it goes to; empty: the learner
	Topic         string         `json:"topic,omitempty"`
	Transactional bool           `json:"transactional,omitempty"`
	OptIn         bool           `json:"opt_in,omitempty"` // only for those who chose the topic, or consented
	Course        string         `json:"course,omitempty"`
	CourseTitle   string         `json:"course_title,omitempty"` // from events; courses.yaml, if it knows better, wins
	Trigger       Event          `json:"trigger"`
	Awaited       []AwaitedEvent `json:"awaited,omitempty"`     // what the run's wait_for steps with a name have waited for
	Arm           string         `json:"arm,omitempty"`         // "split=arm", if the run took a split
	Exposure      *Exposure      `json:"exposure,omitempty"`    // nil for a transactional message, which is in no experiment
	Vars          Values         `json:"vars,omitempty"`        // the step's `with:` values
	At            time.Time      `json:"at"`                    // when it was decided: the stamp that caps and reports use
	NotAfter      time.Time      `json:"not_after,omitzero"`    // a delivery that begins later is to ask every question again; zero: there is no such instant
	Next          *NextStep      `json:"next,omitempty"`        // for a message that reads course.next; nil: none was known
	NextCourse    *NextStep      `json:"next_course,omitempty"` // for a message that reads learner.next_course
	RiskReason    RiskReason     `json:"risk_reason,omitempty"` // for a message that reads course.risk_reason; empty: none was known
	SetTraits     Values         `json:"set_traits,omitempty"`  // those that rules had just set, of which the profile may not have heard; null: removed
	Settles       bool           `json:"settles,omitempty"`     // the delivery was uncertain, and is to go out again only on evidence that it did not
}

// Values are JSON values by name.
type Values map[string]any

// OutcomeStatus is how a delivery ended.
type OutcomeStatus string

// The outcomes of a delivery.
const (
	OutcomeAccepted   OutcomeStatus = "accepted"    // the provider took it
	OutcomeUncertain  OutcomeStatus = "uncertain"   // bytes were written, no answer: counted as sent, never repeated
	OutcomeFailed     OutcomeStatus = "failed"      // the provider or the template refused it for good
	OutcomeRetry      OutcomeStatus = "retry"       // not accepted; ask every question again at RetryAt
	OutcomeNotAllowed OutcomeStatus = "not_allowed" // the recipient allow-list refused it
	OutcomeNoAddress  OutcomeStatus = "no_address"  // the address went away meanwhile
	OutcomeSuppressed OutcomeStatus = "suppressed"  // the address was suppressed meanwhile
	OutcomeCancelled  OutcomeStatus = "cancelled"   // given up before it began
)

// Outcome is what came of a Send.
type Outcome struct {
	SendID  string        `json:"send_id"`
	Status  OutcomeStatus `json:"status"`
	Reason  Reason        `json:"reason,omitempty"` // with failed and retry: "template_error", "provider", "paused" …
	Detail  string        `json:"detail,omitempty"` // for people; no personal data
	RetryAt time.Time     `json:"retry_at,omitzero"`
	// SettleAt is, with uncertain, when evidence of what became of the send can be in; zero: none is to be waited for.
	SettleAt time.Time `json:"settle_at,omitzero"`
}

// Kind is what a decision decided.
type Kind string

// The kinds of decision, in one spelling for log, metric and page.
const (
	KindStarted   Kind = "started"   // a run began
	KindSent      Kind = "sent"      // a message was handed to the provider
	KindUncertain Kind = "uncertain" // a message may have gone; it counts as sent
	KindFailed    Kind = "failed"    // a message could not be sent
	KindSkipped   Kind = "skipped"   // deliberately not sent, or not started
	KindDeferred  Kind = "deferred"  // put off until Until
	KindWithheld  Kind = "withheld"  // a holdout learner's message
	KindExited    Kind = "exited"    // a run ended before its last step
	KindConverted Kind = "converted" // a run reached its goal
	KindAssigned  Kind = "assigned"  // a run took an arm of a split
	// KindSuppressed: a run stopped messages to the learner until Until.
	KindSuppressed Kind = "suppressed"
	// KindSet: a run set a trait of the learner.
	KindSet Kind = "set"
)

// Reason says why, in one spelling for log, metric and page.
type Reason string

// The reasons.
const (
	ReasonStale          Reason = "stale"
	ReasonRunning        Reason = "running"
	ReasonAgain          Reason = "again"
	ReasonKeyUnknown     Reason = "key_unknown"
	ReasonConditionError Reason = "condition_error"
	ReasonBehind         Reason = "behind"
	ReasonCondition      Reason = "condition"
	ReasonNoAddress      Reason = "no_address"
	ReasonSuppressed     Reason = "suppressed"
	ReasonUnsubscribed   Reason = "unsubscribed"
	ReasonNoConsent      Reason = "no_consent"
	ReasonQuietHours     Reason = "quiet_hours"
	ReasonCap            Reason = "cap"
	ReasonLate           Reason = "late"
	ReasonNotAllowed     Reason = "not_allowed"
	ReasonProvider       Reason = "provider"
	ReasonPaused         Reason = "paused"
	// ReasonProviderRefuses: the provider refuses the installation's account, and what is due waits.
	ReasonProviderRefuses Reason = "provider_refuses_us"
	ReasonTemplateError   Reason = "template_error"
	ReasonUntil           Reason = "until"
	ReasonActive          Reason = "active_again"
	ReasonCompleted       Reason = "course_completed"
	ReasonCancelled       Reason = "enrollment_cancelled"
	ReasonCourseEnded     Reason = "course_ended"
	ReasonHandedIn        Reason = "handed_in"
	ReasonDueMoved        Reason = "due_moved" // what was overdue is due later now, or not at all
	ReasonStop            Reason = "stop"
	ReasonRevisionLost    Reason = "revision_lost"
	ReasonTooManyRuns     Reason = "too_many_runs"
	ReasonIgnored         Reason = "ignored"
	ReasonLeftAlone       Reason = "left_alone" // by a suppress step
	ReasonHoldout         Reason = "holdout"
	ReasonControl         Reason = "control"
	ReasonGoal            Reason = "goal"
	ReasonGoalUnaided     Reason = "goal_unaided"
	ReasonMigratedAway    Reason = "migrated_away"
	ReasonWithdrawn       Reason = "cancelled" // by a publication
	ReasonRestarted       Reason = "restarted" // by a newer trigger
	ReasonMerged          Reason = "merged"    // the learner goes on under another id
	ReasonAlreadySet      Reason = "already_set"
	ReasonSetInCircle     Reason = "set_in_circle" // rules that set traits start each other
	ReasonSetTooOften     Reason = "set_too_often"
)

// Decision says what was done or deliberately not done for a learner, and why.
type Decision struct {
	ID      string    `json:"id,omitempty"` // deterministic, so a repeat can be refused
	At      time.Time `json:"at"`           // the due instant, or the step's time if that was late
	Learner string    `json:"learner,omitempty"`
	Rule    string    `json:"rule"`
	Scope   string    `json:"scope,omitempty"` // "course_id=crs_go&…", empty for one run per learner
	Kind    Kind      `json:"kind"`
	Reason  Reason    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Step    string    `json:"step,omitempty"`
	Run     string    `json:"run,omitempty"`
	Send    string    `json:"send,omitempty"`    // the send's id, with sent, uncertain and failed
	Until   time.Time `json:"until,omitzero"`    // with deferred
	Arm     string    `json:"arm,omitempty"`     // "split=arm", if the run took a split
	Channel string    `json:"channel,omitempty"` // of the message, with sent, uncertain, failed and withheld; empty in older records
	// Exposure is set where the decision brings the learner into an experiment: with assigned, and with sent, uncertain, failed and withheld
	// unless the message is transactional. Older records have none.
	Exposure *Exposure `json:"exposure,omitempty"`
	// Set is what became of which trait, with set. It is a pointer so that decisions can be compared.
	Set    *TraitChange `json:"set,omitempty"`
	Detail string       `json:"detail,omitempty"`   // a sentence for people; no personal data
	Rev    string       `json:"revision,omitempty"` // the ruleset's hash
	// Count is how many equal skips of one call of Step this decision stands for; 0: it stands for itself. The first was at At, the last at Last. See [FoldSkips].
	Count int       `json:"count,omitempty"`
	Last  time.Time `json:"last,omitzero"`
	// Runs are all runs that the decision is about, if there are several; the fields above are those of the first. Only deferrals because of the stream
	// have it; see [Decision.PerRun]. Nil: the decision is about one run, or none. It is a pointer so that decisions can be compared.
	Runs *[]DecidedRun `json:"runs,omitempty"`
}

// DecidedRun is what a decision about several runs says of one of them.
type DecidedRun struct {
	ID      string `json:"id"` // the id that a decision about this run alone has
	Rule    string `json:"rule"`
	Scope   string `json:"scope,omitempty"`
	Message string `json:"message,omitempty"`
	Step    string `json:"step,omitempty"`
	Run     string `json:"run"`
	Rev     string `json:"revision,omitempty"`
}

// PerRun yields the decision as one for each run that it is about, each with an id of its own. Whatever counts or tells decisions by rule or by run
// reads them through it.
func (d *Decision) PerRun() iter.Seq[*Decision] {
	return func(yield func(*Decision) bool) {
		if d.Runs == nil || len(*d.Runs) == 0 {
			yield(d)
			return
		}
		for _, r := range *d.Runs {
			one := *d
			one.Runs = nil
			one.ID = r.ID
			one.Rule = r.Rule
			one.Scope = r.Scope
			one.Message = r.Message
			one.Step = r.Step
			one.Run = r.Run
			one.Rev = r.Rev
			if !yield(&one) {
				return
			}
		}
	}
}

// Exposure says in which group a learner enters an experiment, and what the revision in force promised then.
type Exposure struct {
	Group   ExperimentGroup `json:"group"`
	Holdout float64         `json:"holdout,omitempty"` // percent of learners, without those of the control group
	Control float64         `json:"control,omitempty"` // percent of all learners
	// Within is how long the goal is watched for from the decision's time on, in seconds; 0: the rule has no goal.
	Within int64 `json:"within_seconds,omitempty"`
	// Arms are those of the split, with assigned, and with the shares by which the learner's arm was drawn.
	Arms []ArmShare `json:"arms,omitempty"`
	// WeightsVersion is which version of an adaptive split's weights these shares are; 0: the split's own.
	WeightsVersion int `json:"weights_version,omitempty"`
}

// ExperimentGroup is one side of an experiment.
type ExperimentGroup string

// The groups. A learner of the control group is in no rule's holdout.
const (
	GroupTreated ExperimentGroup = "treated"
	GroupHoldout ExperimentGroup = "holdout"
	GroupControl ExperimentGroup = "control"
)

// ArmShare is an arm with the share of learners that it is to get.
type ArmShare struct {
	Name    string  `json:"name"`
	Percent float64 `json:"percent"`
	Sends   bool    `json:"sends,omitempty"` // false: the arm has no message of its own
}

// Urgent reports whether a decision is news that people and reports wait for. How a run goes on without a message is not, nor that
// an event began none because the learner had one: that can be published with the learner's next decision.
func (d Decision) Urgent() bool {
	switch d.Kind {
	case KindStarted, KindDeferred, KindExited, KindSuppressed:
		return false
	case KindSkipped:
		return d.Reason != ReasonAgain && d.Reason != ReasonRunning && d.Reason != ReasonCondition && d.Reason != ReasonAlreadySet
	default:
		return true
	}
}
