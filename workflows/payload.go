package workflows

import (
	"time"

	"homeroom/engine"
)

// InputVersion is the version of Input that this code writes. A run behaves to its end as the version it started with did, so that its history
// replays.
const InputVersion = versionRestsLess

// versionRestsLess is the first version in which a run that is woken soon does not rest before, also if it has something to publish.
const versionRestsLess = 6

// versionFewerActions is the first version in which an outcome that changes nothing waits for the next decision, and in which a run rests when it is woken
// instead of setting a timer of its own for that.
const versionFewerActions = 5

// versionShowsFailure is the first version that sets the search attribute of the stage when deciding fails.
const versionShowsFailure = 4

// versionBoundedDecides is the first version that decides waiting inputs in portions, and that carries inputs over when it continues as new. Before
// it, one Decide took everything that had arrived.
const versionBoundedDecides = 3

// versionManyTimers is the first version that keeps later timers when an earlier one is set. In version 1 one timer replaced the other.
const versionManyTimers = 2

// Input starts a run of a learner's workflow: empty but for the first three fields when an event starts it, complete
// when it continues as new.
type Input struct {
	Version   int          `json:"v"`
	Learner   string       `json:"learner"`
	Partition int          `json:"partition"`
	State     engine.State `json:"state"`
	// WakeAt is when the engine wants to look again, on the learner's clock; zero: not before an event.
	WakeAt time.Time `json:"wake_at,omitzero"`
	// Wake is the same instant on Temporal's clock. The two differ in time-lapse.
	Wake time.Time     `json:"wake,omitzero"`
	Next string        `json:"next,omitempty"` // what happens at WakeAt, in words
	Rest time.Duration `json:"rest,omitempty"` // rest after so long without a decision, on Temporal's clock; 0: never
	// Retire after so long without a decision, on Temporal's clock; 0: never. Set only if nothing at all is due.
	Retire time.Duration `json:"retire,omitempty"`
	// Resting says that this is a compact run, which does nothing until it is woken.
	Resting bool `json:"resting,omitempty"`
	Card    Card `json:"card"`
	// Unpublished are decisions that have not been published yet; the next Decide or activity publishes them.
	Unpublished []engine.Decision `json:"unreported,omitempty"`
	// Undecided are inputs that the run before received and did not decide, in the order in which they arrived.
	Undecided []engine.Input `json:"undecided,omitempty"`
	// Watermark belongs to Undecided: the learner's events have been handed over up to here.
	Watermark time.Time `json:"mark,omitzero"`
}

// Ended is the result of a run that retired, for whoever looks at it in the Temporal UI while no worker serves. No personal data.
type Ended struct {
	Stage   string   `json:"stage"`             // StageRetired or StageMerged
	Details []string `json:"details,omitempty"` // why the run ended and what was last known, in Markdown, a line each
}

// Wake is when a learner is looked at again without an event.
type Wake struct {
	At   time.Time `json:"at,omitzero"`    // on the learner's clock; zero: not before an event
	Next string    `json:"next,omitempty"` // what happens then, in words
}

// Card is what the Temporal UI shows of a learner. No personal data.
type Card struct {
	Details string   `json:"details,omitempty"` // Markdown, at most 20 KB
	Courses []string `json:"courses,omitempty"` // search attribute, sorted
	Rules   []string `json:"rules,omitempty"`   // search attribute, sorted
}

// DecideInput is what the Decide local activity is asked.
type DecideInput struct {
	Learner          string
	Partition        int
	State            engine.State
	Inputs           []engine.Input // in the order in which they arrived
	NextStoredAt     time.Time      // when the first event that waits behind Inputs was stored; zero: none waits
	Watermark        time.Time      // the learner's events have been handed over up to here; zero: not known
	WokenAt          time.Time      // the WakeAt that has come; zero: woken by the inputs
	AlreadyPublished []string       // ids of decisions that deliveries have published already
	// Unpublished are decisions of earlier tasks that have not been published yet. Decide publishes them too, because an activity of their own would
	// be billed.
	Unpublished []engine.Decision
}

// DecideResult is the answer of Decide. It is recorded in the history, and everything that the workflow does follows from it.
type DecideResult struct {
	State   engine.State    `json:"state"`
	Effects []engine.Effect `json:"effects,omitempty"`
	// Taken is how many of DecideInput.Inputs were decided, from the first; the others are to be decided next. 0: all of them.
	Taken int `json:"taken,omitempty"`
	// Size is about how many bytes of JSON this result has; 0: less than 16 KB or so, or an older Homeroom decided.
	Size int `json:"size,omitempty"`
	// Published are the ids of those of DecideInput.Unpublished that have been published now.
	Published []string `json:"told,omitempty"`
	// Unpublished are the decisions of this step that are still to be published.
	Unpublished []engine.Decision `json:"unreported,omitempty"`
	// MayWait are the sends under way whose outcome needs no decision of its own if they are accepted: it is decided with what comes next.
	MayWait []string `json:"may_wait,omitempty"`
	// Accepted is how things stand once all of MayWait are accepted; nil: something else is under way too.
	Accepted *Accepted `json:"accepted,omitempty"`
	// Urgent asks to publish Unpublished now by an activity, which is billed; otherwise the next Decide or delivery publishes them.
	Urgent bool          `json:"urgent,omitempty"`
	Now    time.Time     `json:"now"` // the instant of the step, on the learner's clock
	WakeAt time.Time     `json:"wake_at,omitzero"`
	Sleep  time.Duration `json:"sleep,omitempty"`  // until WakeAt, on Temporal's clock; positive if WakeAt is set
	Rest   time.Duration `json:"rest,omitempty"`   // see Input.Rest
	Retire time.Duration `json:"retire,omitempty"` // see Input.Retire
	Next   string        `json:"next,omitempty"`   // what happens at WakeAt, in words
	Card   Card          `json:"card"`
}

// Accepted is how things stand once all messages under way are accepted, for those who look before the next decision.
type Accepted struct {
	Details string   `json:"details,omitempty"` // as in Card
	Over    []string `json:"over,omitempty"`    // ids of the runs that are no longer kept then
}

// DeliverInput asks the Deliver activity for one send, or GiveUp how it ended, and to publish the decisions that led to it.
type DeliverInput struct {
	Send      engine.Send       `json:"send"`
	Decisions []engine.Decision `json:"decisions,omitempty"`
}

// Delivered is the result of the Deliver and GiveUp activities.
type Delivered struct {
	Outcome engine.Outcome `json:"outcome"`
	// Published are the ids of the decisions that have been published: those of the input and the outcome's own, if
	// the decision stream was there.
	Published []string `json:"published,omitempty"`
}

// PublishInput asks the activity "Report" to publish decisions for which no delivery is under way.
type PublishInput struct {
	Decisions []engine.Decision `json:"decisions"`
}

// RetireInput asks the Retire local activity to store the learner's state, which the first Decide of the next run loads. The answer is a bool:
// false if the stored state is newer, so that the run must not end.
type RetireInput struct {
	Learner string
	State   engine.State
	At      time.Time // on Temporal's clock
}
