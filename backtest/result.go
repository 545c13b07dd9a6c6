package backtest

import "time"

// Result says what a draft would have changed.
type Result struct {
	From  time.Time `json:"from"`  // messages that were due earlier are not compared
	Until time.Time `json:"until"` // the last instant decided
	// AssumeReachable says that everybody counted as somebody with an address.
	AssumeReachable bool  `json:"assume_reachable"`
	Events          int64 `json:"events"`
	Learners        int   `json:"learners"`
	Affected        int   `json:"affected_learners"` // those of whom a message changes
	Changes         int   `json:"changes"`           // messages at another time, no longer sent, or new
	SettingsChanged bool  `json:"settings_changed"`
	// Aliased are the events that name another id of a learner. A backtest merges nothing: both ids were taken for a learner of their own.
	Aliased int `json:"aliased_events,omitempty"`

	Before Side `json:"before"` // the ruleset in force
	After  Side `json:"after"`  // the draft

	Rules      []Rule       `json:"rules"`      // by name; those that send nothing and changed nothing are left out; never nil
	Timelines  []Timeline   `json:"timelines"`  // of at most ten affected learners; never nil
	Unrendered []Unrendered `json:"unrendered"` // messages that cannot be rendered; never nil
	Rendered   int          `json:"rendered"`   // how many messages were rendered to find those
	Days       float64      `json:"days"`       // the length of the range; at least 1
}

// Counts compare the messages of two sides. Before is Same + OtherTime + NoLonger, After is Same + OtherTime + New.
type Counts struct {
	Before    int `json:"before"`
	After     int `json:"after"`
	Same      int `json:"same"`       // at the same instant
	OtherTime int `json:"other_time"` // of the same run, or of the same scope within a week
	NoLonger  int `json:"no_longer"`
	New       int `json:"new"`
}

// Changes is how many messages change.
func (c *Counts) Changes() int { return c.OtherTime + c.NoLonger + c.New }

func (c *Counts) add(o *Counts) {
	c.Before += o.Before
	c.After += o.After
	c.Same += o.Same
	c.OtherTime += o.OtherTime
	c.NoLonger += o.NoLonger
	c.New += o.New
}

// RuleStatus says what the draft does to a rule's own text.
type RuleStatus string

// The statuses.
const (
	RuleUnedited RuleStatus = "unedited"
	RuleEdited   RuleStatus = "edited"
	RuleAdded    RuleStatus = "added"
	RuleRemoved  RuleStatus = "removed"
)

// Rule compares the messages of one rule.
type Rule struct {
	Rule   string     `json:"rule"`
	Status RuleStatus `json:"status"`
	// KnockOn says that messages change although nobody edited the rule: through caps, quiet hours, back-off or other settings.
	KnockOn bool `json:"knock_on"`
	Counts
	PerDayBefore float64   `json:"per_day_before"` // messages
	PerDayAfter  float64   `json:"per_day_after"`
	Messages     []Message `json:"messages"` // by name; never nil
}

// Message compares one message of one rule.
type Message struct {
	Message string `json:"message"`
	Counts
}

// Side says what one ruleset sends in the range.
type Side struct {
	Ruleset  string  `json:"ruleset"` // hash
	Messages int     `json:"messages"`
	PerDay   float64 `json:"per_day"` // messages, over the whole range

	BusiestDay  Peak `json:"busiest_day"`  // in UTC
	BusiestHour Peak `json:"busiest_hour"` // in UTC

	PerLearnerMonth LearnerMonths `json:"per_learner_month"`

	// InQuietHours are messages that went out in the quiet hours of the rules in force, on the learner's clock; of the draft's if there are
	// none in force. Transactional messages do.
	InQuietHours int `json:"in_quiet_hours"`
	// PutOffByQuietHours and PutOffByCaps count how often a message was put off; a message that was put off twice counts twice.
	PutOffByQuietHours int `json:"put_off_by_quiet_hours"`
	PutOffByCaps       int `json:"put_off_by_caps"`
	StoppedByCaps      int `json:"stopped_by_caps"`        // messages that were not sent at all
	StoppedByQuiet     int `json:"stopped_by_quiet_hours"` // likewise
	StoppedByBackOff   int `json:"stopped_by_back_off"`
	Withheld           int `json:"withheld"` // from held-out learners

	// Unreadable counts the events that this side's catalog refuses, by code.
	Unreadable map[string]int `json:"unreadable,omitempty"`
}

// Peak is the hour or day with the most messages.
type Peak struct {
	At       time.Time `json:"at,omitzero"` // its begin, in UTC; zero: there was no message
	Messages int       `json:"messages"`
}

// LearnerMonths says how many messages learners got in a calendar month (UTC). A month counts for a learner in which they did something or
// a message was due for them on either side; so both sides have the same months.
type LearnerMonths struct {
	Months int     `json:"months"`
	Mean   float64 `json:"mean"`
	P95    int     `json:"p95"` // 95 of 100 learner-months have at most so many
	Most   int     `json:"most"`
	// MostLearner and MostMonth ("2026-03") say whose and when. Empty: there was no message.
	MostLearner string `json:"most_learner,omitempty"`
	MostMonth   string `json:"most_month,omitempty"`
}

// Timeline shows one learner on both sides.
type Timeline struct {
	Learner string `json:"learner"`
	Changes int    `json:"changes"`
	Rows    []Row  `json:"rows"` // by time
	// Earlier and Later count the rows that are left out before and after those.
	Earlier int `json:"earlier_rows,omitempty"`
	Later   int `json:"later_rows,omitempty"`
}

// Row is one decision about one message, as one side or both took it.
type Row struct {
	At      time.Time `json:"at"`
	Rule    string    `json:"rule"`
	Scope   string    `json:"scope,omitempty"`
	Message string    `json:"message"`
	Before  *Cell     `json:"before,omitempty"` // nil: this side decided nothing then
	After   *Cell     `json:"after,omitempty"`
}

// Cell is what one side decided.
type Cell struct {
	Kind   string    `json:"kind"` // sent, withheld, deferred, skipped, failed
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // with deferred
}

// Unrendered is a message that cannot be rendered for some learners.
type Unrendered struct {
	Side     string `json:"side"` // before or after
	Rule     string `json:"rule"`
	Message  string `json:"message"`
	Locale   string `json:"locale,omitempty"`
	Problem  string `json:"problem"`
	Messages int    `json:"messages"` // about how many: those that carry the same properties and traits
	Learner  string `json:"learner"`  // one of those concerned
}
