package engine

import "time"

// Ruleset is one immutable revision of a growth team's folder, compiled by package rules.
type Ruleset struct {
	// Hash names the revision: hex of a SHA-256 over the folder's content.
	Hash     string
	Settings Settings
	Rules    []*Rule // sorted by name
	// Keys lists the entity keys of each known event ("assessment_id", "course_id" …), in the catalog's order.
	Keys map[string][]string
	// Courses are the titles and links of courses.yaml by course id.
	Courses map[string]CourseInfo
	// CourseOrder are the ids of Courses in the order of courses.yaml.
	CourseOrder []string
	// Paths reports that a rule or a message asks what comes next, so that moves are counted.
	Paths bool
	// Counted are the events that a count() looks at, with how many days back at most (1–90).
	Counted map[string]int
	// CountedBy are the keys by which a count() asks only for the events that agree with what a run is about (same.KEY), with how many days back at most.
	CountedBy map[string]map[string]int
	// SentWindow is how far back a sent() looks at most.
	SentWindow time.Duration
	// KeptProperties lists, per event, the properties that rules and messages read; triggers pass on only these and Keys.
	KeptProperties map[string][]string

	interest *interest // set by IndexInterest
}

// Rule returns the named rule, or nil.
func (r *Ruleset) Rule(name string) *Rule {
	for _, rule := range r.Rules {
		if rule.Name == name {
			return rule
		}
	}
	return nil
}

// CourseInfo is what courses.yaml says of one course.
type CourseInfo struct {
	Title string `json:"title,omitempty"`
	URL   string `json:"url,omitempty"`
	// Starts and Ends are the course's first and last moment, the same for all its learners; zero: not known.
	Starts time.Time `json:"starts,omitzero"`
	Ends   time.Time `json:"ends,omitzero"`
	// Topics and Level are what the course is about and for whom, in the words in which learners say what they want to learn.
	Topics []string `json:"topics,omitempty"`
	Level  string   `json:"level,omitempty"`
	// Units are the course's lessons in their order; nil: not known.
	Units []UnitInfo `json:"units,omitempty"`
	// Assessments are the course's assessments and assignments, with the dates by which they are to be handed in.
	Assessments []UnitInfo `json:"assessments,omitempty"`
}

// Settings are the limits that hold for every rule of a folder. The zero value means "no such limit".
type Settings struct {
	Location    *time.Location // zone of learners whose own is unknown; nil is UTC
	Quiet       *QuietHours    // nil: no quiet hours
	Caps        []Cap
	Patience    time.Duration // how long a send may be put off; default 24h, set by package rules
	MaxEventAge time.Duration // older triggers start nothing; 0: no limit
	Activity    map[string]bool
	Resolution  time.Duration // activity counts in steps of this, rounded up; at least 1s
	BackOff     *BackOff      // nil: nobody is left alone for ignoring
	Control     float64       // percent of learners in the global control group
	// Usual is the hour of learners of whom no activity is known, in minutes after local midnight; 18:00 unless settings.yaml says, set by package rules.
	Usual int
	Risk  *RiskSettings // nil: no rule looks at risk, and none is kept
	// Topics by name: whether a learner who never chose gets this topic.
	Topics map[string]bool
}

// QuietHours are minutes after local midnight; From is inside, To is outside. From > To spans midnight.
type QuietHours struct{ From, To int }

// BackOff leaves learners alone who ignored the last AfterIgnored messages, until For has passed since the last of them.
type BackOff struct {
	AfterIgnored int
	For          time.Duration
}

// Cap allows Max sends in any window of length Per: of one topic or (Topic empty) of all, on one channel or (Channel empty) on all.
type Cap struct {
	Max     int
	Per     time.Duration
	Topic   string
	Channel string // one of Channels, or empty
}

// Covers reports whether a message of the topic that goes by the channel counts under the cap. An empty channel is e-mail.
func (c *Cap) Covers(topic, channel string) bool {
	return (c.Topic == "" || c.Topic == topic) && (c.Channel == "" || c.Channel == channelName(channel))
}

// Rule is one compiled rule.
type Rule struct {
	Name string
	// Hash names the rule's own content, to tell whether a publication changed it.
	Hash     string
	About    string
	When     Trigger
	Per      []string // property names that tell one run of the rule from another
	Again    Again
	Until    []Match
	Goal     *Goal   // nil: none
	Holdout  float64 // percent of learners whose messages are withheld
	Paused   bool    // runs hold at their next send
	Priority int     // 0–100; the higher goes first
	Program  []Instr
}

// Goal is what success is: the event, within Within of the run's first message or, if it comes first, of its first split.
type Goal struct {
	Match  Match
	Within time.Duration // >0
}

// Trigger starts runs: either by an event (Match), or by inactivity, or by inactivity and risk, or by what is overdue, or by the clock.
type Trigger struct {
	Match    Match
	Inactive time.Duration // >0: an inactivity trigger
	Platform bool          // inactivity on the whole platform instead of in each course
	// AtRisk, above 0 and below 1, lets an inactivity in a course wait on until the learner's risk is as great, but no longer than OrSilent.
	AtRisk   float64
	OrSilent time.Duration // longer than Inactive; 0: there is no such end
	// BeforeActivity is where nothing may have been done yet for the condition of an inactivity to hold; empty: it may hold afterwards too.
	BeforeActivity ActivityPlace
	// Overdue, above 0, starts a run that long after something was due and was not handed in. Of is KeyAssessment or KeyAssignment.
	Overdue time.Duration
	Of      string
	// Schedule starts runs by the clock; nil: it does not.
	Schedule *Schedule
	// Date is an instant at which a run starts: one of the learner, or (without Platform) one in each course; nil: it does not.
	Date Expr
	// Audience says whom an event without a learner concerns; nil: Match is about an event of a learner.
	Audience *Audience
	// Broadcast is set if a person starts the rule for its audience: Match is about EventBroadcast.
	Broadcast bool
	// Staff is set if Match is about an event without a learner of which only staff hear.
	Staff bool
}

// ActivityPlace is where a learner does something.
type ActivityPlace string

// The places.
const (
	PlaceCourse   ActivityPlace = "course"
	PlacePlatform ActivityPlace = "platform"
)

// IsState reports whether no event starts the rule, but time: a silence, something overdue, a schedule, or a date.
func (t *Trigger) IsState() bool {
	return t.Inactive > 0 || t.Overdue > 0 || t.Schedule != nil || t.Date != nil
}

// Match is "this event, if this holds".
type Match struct {
	Event string
	If    Expr // nil: always
	// Gate is the part of If that looks at nothing but the event; nil if there is none. Triggers ask it before they
	// wake a learner.
	Gate Expr
	// Counts is the part of If that looks at nothing but the event and how often events happened; nil if there is none. Hosts ask it with the standing.
	Counts Expr
	// Mode says which events of the name concern a run, by the keys that both carry; empty is MatchSame.
	Mode MatchMode
}

// MatchMode says which events of a name concern a run. The keys that count are the rule's `per` keys that the event carries; if it carries none, the
// entity keys that it shares with the trigger.
type MatchMode string

// The modes of a match.
const (
	MatchSame  MatchMode = "same"  // those keys are equal; an event that shares none concerns only runs of a rule without `per`
	MatchAny   MatchMode = "any"   // every such event of the learner
	MatchOther MatchMode = "other" // it shares such keys, and one of them differs
)

// Again says when a rule may start for the same scope a second time.
type Again struct {
	Always bool
	// Restart lets a new trigger end the live run of its scope and begin anew; when none is live it is like Always.
	Restart bool
	After   time.Duration // >0: that long after the start of the previous run; 0 with neither Always nor Restart: never
}

// Op is the kind of an instruction.
type Op string

// The instructions of a program.
const (
	OpWait      Op = "wait"       // sleep for Dur
	OpWaitClock Op = "wait_clock" // sleep until Clock in the learner's zone, on one of Days
	OpWaitTime  Op = "wait_time"  // sleep until the timestamp of Expr; in the past: go on at once
	OpWaitFor   Op = "wait_for"   // wait for Match until Dur has passed; event: PC+1, timeout: Else
	OpSend      Op = "send"       // ask the questions of rules.md, then deliver Send
	OpBranch    Op = "if"         // Expr true: PC+1, else (or on an error): Else
	OpJump      Op = "jump"       // to Else
	OpStop      Op = "stop"       // end the run with Reason
	OpSplit     Op = "split"      // to the PC of the learner's arm of Split
	OpSuppress  Op = "suppress"   // stop messages about Topics to the learner for Dur, for Reason
	OpSet       Op = "set"        // set Traits of the learner
	OpFallback  Op = "fallback"   // wait for an answer to the nudge of step Nudge until Dur has passed; answered or not sent: Else, unanswered: PC+1
	OpCollect   Op = "collect"    // gather events for Dur or, if that is 0, until Clock in the learner's zone, on one of Days
)

// Instr is one instruction. A program is linear: jumps go forward only, so a step runs at most once in a run.
type Instr struct {
	Op    Op
	ID    string // the step's name: its `id:` or its position ("3", "3.otherwise.1")
	Dur   time.Duration
	Clock int            // minutes after local midnight
	Usual bool           // wait_clock: until the learner's usual hour instead of Clock
	Days  []time.Weekday // empty: every day
	Expr  Expr
	Match *Match
	// SinceStep lets a wait_for count only events that are heard once the run is there; otherwise it counts those since the trigger.
	SinceStep bool
	// As is what a wait_for calls its event, or a collect its events, for them to be read afterwards; empty: they cannot be. Reads are the properties that
	// are, sorted: no others are kept.
	As      string
	Reads   []string
	Else    int
	Send    *SendStep
	Split   *Split
	Collect *Collect
	Nudge   string       // of a fallback: the step that sent the nudge
	Topics  []string     // of a suppress, sorted; empty: all messages
	Traits  []TraitValue // of a set, in the order of the step
	Reason  string
}

// Split is a sticky experiment: a learner's arm depends on nothing but the learner, the split's name and the weights. Where these follow outcomes, the arm is
// remembered; see [PickedArm].
type Split struct {
	Name  string
	Arms  []Arm  // sorted by name
	Adapt *Adapt // nil: the weights stay as they are
}

// Arm is one arm of a split.
type Arm struct {
	Name   string
	Weight float64 // >0, relative to the others
	PC     int     // where the arm begins
}

// SendStep is what a `send` step says.
type SendStep struct {
	Message       string
	Channel       string // one of Channels
	Staff         string // the group of staff whom it goes to; empty: the learner
	Topic         string
	Transactional bool
	Patience      time.Duration // how long this message may be put off; 0: as the settings say
	Expires       Expr          // the instant after which it is not sent; nil: it does not expire
	If            Expr          // nil: always
	With          []Binding
	Next          bool // the message reads course.next
	NextCourse    bool // the message reads learner.next_course
	RiskReason    bool // the message reads course.risk_reason
}

// Binding is a variable that a step hands to its message.
type Binding struct {
	Name string
	Expr Expr // a string, float64, bool or time.Time
}

// Expr is a compiled condition or value. It must be pure: same Vars, same answer.
type Expr interface {
	// Eval returns a bool, time.Time, string or float64, or an error that a growth team can read, for instance
	// about a property that the event did not carry.
	Eval(v *Vars) (any, error)
	// Source is the text as written in the rule.
	Source() string
}

// Vars is everything an expression may look at.
type Vars struct {
	Event   *Event         // the event being looked at; nil at a step
	Trigger *Event         // the event that started the run; nil while a trigger itself is looked at
	Awaited []AwaitedEvent // of the run's wait_for steps so far that give their event a name
	Learner Learner
	Course  *CourseView // nil where the run has no course
	Now     time.Time
	// Past answers what happened before; nil where a gate is asked.
	Past Past
	// Calendar knows when the learner's days begin; nil where a gate is asked.
	Calendar Calendar
}

// Calendar is the calendar on the learner's wall.
type Calendar interface {
	// Midnight returns when a day begins in the learner's zone, in UTC: the first instant of it if clocks go forward at midnight.
	Midnight(year int, month time.Month, day int) time.Time
}

// Past is what expressions may ask of a learner's past, as of Vars.Now.
type Past interface {
	// Sent reports whether the learner got the message within the last d, or would have got it but for a holdout.
	Sent(message string, d time.Duration) bool
	// Count is how often the event happened on the last days whole UTC days, the present one included.
	Count(event string, days int) int
	// CountSame is Count of the events that have the run's value of a key, such as course_id. An error says that the run does not know its value.
	CountSame(event string, days int, key string) (int, error)
}

// Learner is a learner as expressions see one.
type Learner struct {
	ID               string
	Locale           string
	Timezone         string
	Traits           map[string]any
	SignedUpAt       time.Time
	LastActiveAt     time.Time
	CoursesCompleted int
	// NextCourse returns the course that the learner may take next; false: none is known. Nil: nothing is counted.
	NextCourse func() (NextStep, bool)
}

// CourseView is one course of the learner as expressions see it; zero times are "not known".
type CourseView struct {
	ID             string
	Title          string
	URL            string
	EnrolledAt     time.Time
	StartedAt      time.Time
	LastActiveAt   time.Time
	CompletedAt    time.Time
	CancelledAt    time.Time
	ProgressPct    float64
	LessonsDone    int
	TotalLessons   int
	EnrollmentType string
	Previous       *PreviousRun // nil: the learner takes the course for the first time
	StartsAt       time.Time
	EndsAt         time.Time
	// NextDueAt returns when the next assessment that is not handed in is due; zero: none is. Nil: no assessment has a due date.
	NextDueAt func() time.Time
	// Risk returns the learner's risk in the course; false: there is none. Nil: nothing is known of the course.
	Risk func() (RiskScore, bool)
	// Next returns the unit of the course that the learner may visit next; false: none is known. Nil: nothing is known of the course.
	Next func() (NextStep, bool)
}
