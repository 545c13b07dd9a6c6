package workflows

import (
	"maps"
	"time"

	"homeroom/engine"
)

// BroadcastInput starts a broadcast.
type BroadcastInput struct {
	Version int `json:"v"`
	// Event has no learner. Its time is when it happened on the learners' clock; zero: when the broadcast begins.
	Event engine.Event `json:"event"`
	// Audience is one more condition than those of the rules; empty: none.
	Audience  string  `json:"audience,omitempty"`
	PerSecond float64 `json:"per_second,omitempty"` // learners; 0: at most DefaultBroadcastRate, and it gives way
	// GivesWay says that PerSecond is the most, and lower while others would wait. The workflow sets it where no rate is given.
	GivesWay bool      `json:"gives_way,omitempty"`
	StartAt  time.Time `json:"start_at,omitzero"` // on Temporal's clock; zero: at once
	DryRun   bool      `json:"dry_run,omitempty"` // only count
	By       string    `json:"by,omitempty"`      // who started it; empty: an event of the platform
	// RuleHash names the content of the rule that a person starts or counts, as it was in force then; empty: an event of the platform, or an earlier version of Homeroom started it.
	RuleHash string `json:"rule_hash,omitempty"`
	// Carried is how far the run before has come; nil: there was none.
	Carried *BroadcastState `json:"carried,omitempty"`
}

// BroadcastRange is a part of the standings, by their sequences in the store, both ends included.
type BroadcastRange struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// BroadcastState is what a broadcast remembers of itself.
type BroadcastState struct {
	Planned   bool             `json:"planned,omitempty"`
	Rules     []string         `json:"rules,omitempty"` // those that the event may start
	Waiting   []BroadcastRange `json:"waiting,omitempty"`
	Last      uint64           `json:"last,omitempty"`  // the highest sequence that is planned
	Total     int              `json:"total,omitempty"` // standings there were when it began
	Counts    BroadcastCounts  `json:"counts"`
	Paused    bool             `json:"paused,omitempty"`
	Cancelled bool             `json:"cancelled,omitempty"`
	ByWhom    string           `json:"by_whom,omitempty"` // who paused or cancelled it last
}

// BroadcastCounts are learners.
type BroadcastCounts struct {
	Seen    int `json:"seen"`    // looked at
	Reached int `json:"reached"` // handed the event; in a dry run: who would be
	// LeftOut says how many were left out, by reason.
	LeftOut map[string]int `json:"left_out,omitempty"`
	// Unwritable says to how many of those reached the rule's first message would not go, by reason: their profile stands against it, or they are held out; counted in a dry run only.
	Unwritable map[string]int `json:"unwritable,omitempty"`
}

// Reasons in BroadcastCounts.LeftOut besides engine.LeftOut.
const (
	LeftOutUnnamed  = "no_id"        // the standing was written before standings named their learner
	LeftOutDamaged  = "damaged"      // the standing cannot be read
	LeftOutNewer    = "came_later"   // the learner was first seen after the broadcast began
	LeftOutNotTaken = "not_accepted" // the learner's workflow takes nothing at present
)

// Add adds counts.
func (c *BroadcastCounts) Add(o BroadcastCounts) {
	c.Seen += o.Seen
	c.Reached += o.Reached
	c.LeftOut = addCounts(c.LeftOut, o.LeftOut)
	c.Unwritable = addCounts(c.Unwritable, o.Unwritable)
}

func addCounts(into, from map[string]int) map[string]int {
	sum := maps.Clone(into)
	//workflowcheck:ignore A sum does not depend on the order.
	for reason, n := range from {
		if sum == nil {
			sum = map[string]int{}
		}
		sum[reason] += n
	}
	return sum
}

// BroadcastControl is what somebody wants of a broadcast that is under way.
type BroadcastControl struct {
	Do BroadcastCommand `json:"do"`
	By string           `json:"by,omitempty"`
}

// BroadcastCommand is one of the commands of BroadcastControl.
type BroadcastCommand string

// The commands.
const (
	BroadcastPause  BroadcastCommand = "pause"
	BroadcastResume BroadcastCommand = "resume"
	BroadcastCancel BroadcastCommand = "cancel"
)

// BroadcastStatus says where a broadcast stands.
type BroadcastStatus string

// The statuses.
const (
	BroadcastWaits     BroadcastStatus = "waiting" // for its time
	BroadcastRuns      BroadcastStatus = "running"
	BroadcastIsPaused  BroadcastStatus = "paused"
	BroadcastDone      BroadcastStatus = "done"
	BroadcastCancelled BroadcastStatus = "cancelled"
	BroadcastNoRule    BroadcastStatus = "no_rule" // no rule in force waits for the event
)

// BroadcastProgress is how far a broadcast has come.
type BroadcastProgress struct {
	Event  string          `json:"event"`
	Rules  []string        `json:"rules"`
	Status BroadcastStatus `json:"status"`
	Total  int             `json:"total"` // learners whom Homeroom knew when it began
	Counts BroadcastCounts `json:"counts"`
	// At is when the event happened on the learners' clock; zero: the broadcast has not begun. Properties are the event's.
	At         time.Time      `json:"at,omitzero"`
	Properties map[string]any `json:"properties,omitempty"`
	// Course is the one whose learners are concerned, as the event names it; empty: it names none.
	Course    string    `json:"course,omitempty"`
	Audience  string    `json:"audience,omitempty"`
	PerSecond float64   `json:"per_second,omitempty"` // learners
	GivesWay  bool      `json:"gives_way,omitempty"`  // PerSecond is the most
	DryRun    bool      `json:"dry_run,omitempty"`
	StartAt   time.Time `json:"start_at,omitzero"`
	By        string    `json:"by,omitempty"`      // who started it; empty: an event of the platform
	ByWhom    string    `json:"by_whom,omitempty"` // who paused or cancelled it last
	RuleHash  string    `json:"rule_hash,omitempty"`
}

// BroadcastPlanInput asks which parts there are after a sequence.
type BroadcastPlanInput struct {
	Event engine.Event `json:"event"`
	After uint64       `json:"after,omitempty"`
	Parts int          `json:"parts"`
}

// BroadcastPlan is what is to be looked at.
type BroadcastPlan struct {
	Rules  []string         `json:"rules"`
	Ranges []BroadcastRange `json:"ranges"`
	Last   uint64           `json:"last"`
	Total  int              `json:"total"`
	Now    time.Time        `json:"now"` // on the learners' clock
}

// BroadcastPartInput is one part's work.
type BroadcastPartInput struct {
	Event     engine.Event   `json:"event"`
	Audience  string         `json:"audience,omitempty"`
	Range     BroadcastRange `json:"range"`
	PerSecond float64        `json:"per_second"`          // learners; 0: no limit
	GivesWay  bool           `json:"gives_way,omitempty"` // PerSecond is the most; lower while others would wait
	Within    time.Duration  `json:"within"`              // return after so long with what is done
	DryRun    bool           `json:"dry_run,omitempty"`
}

// BroadcastPartResult is how far a part has come. It is also what a heartbeat tells.
type BroadcastPartResult struct {
	Next   uint64          `json:"next"` // the lowest sequence that was not looked at
	Counts BroadcastCounts `json:"counts"`
}
