package workflows

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
)

// The two task queues. Deliveries have their own, with a rate limit, so that a campaign never starves decisions.
const (
	TaskQueue        = "homeroom"
	DeliverTaskQueue = "homeroom-deliver"
)

// The names by which a learner's workflow is reached and searched. They are in recorded histories: never change them.
const (
	LearnerWorkflow  = "LearnerWorkflow"
	SignalEvents     = "events"   // payload: Batch
	QueryState       = "state"    // answer: engine.State
	QueryReadable    = "readable" // answer: engine.ReadableState, for people
	QueryUnpublished = "untold"   // answer: []engine.Decision
	QueryWake        = "wake"     // answer: Wake
)

// The activities. Decide is a local activity: its result is recorded, so replay never evaluates a rule again. Retire is
// one because it costs least.
const (
	ActivityDecide  = "Decide"
	ActivityRetire  = "Retire"
	ActivityDeliver = "Deliver"
	// ActivityGiveUp has a name of its own so that a worker that does not know it fails, and does not deliver.
	ActivityGiveUp           = "GiveUp"
	ActivityPublishDecisions = "Report"
)

// The values of HomeroomStage.
const (
	StageAwake   = "awake"
	StageResting = "resting"
	StageFailing = "failing" // Decide fails, and is asked again; the inputs wait
	StageRetired = "retired" // of a workflow that has ended; the learner's next event starts it again
	StageMerged  = "merged"  // of a workflow that has ended because the learner goes on under another id
)

// The search attributes of a learner's workflow: Keyword, KeywordList and KeywordList. Ids only, no personal data.
var (
	SearchStage   = temporal.NewSearchAttributeKeyKeyword("HomeroomStage")
	SearchCourses = temporal.NewSearchAttributeKeyKeywordList("HomeroomCourses") // courses the learner is in
	SearchRules   = temporal.NewSearchAttributeKeyKeywordList("HomeroomRules")   // rules with a live run
)

// WorkflowID names the one workflow of a learner: "learner/auth0|7". Clients send it in a header, which holds printable
// ASCII only; other bytes of an id, and =, are written =XX, so that no two learners share a workflow.
func WorkflowID(learner string) string {
	return learnerPrefix + escapeID(learner)
}

const learnerPrefix = "learner/"

// escapeID writes an id in printable ASCII without spaces: other bytes, and =, become =XX.
func escapeID(id string) string {
	var b strings.Builder
	for i := range len(id) {
		if c := id[i]; c > ' ' && c <= '~' && c != '=' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

// LearnerOf is the inverse of [WorkflowID]; ok is false for ids that it does not make.
func LearnerOf(workflowID string) (learner string, ok bool) {
	escaped, ok := strings.CutPrefix(workflowID, learnerPrefix)
	if !ok {
		return "", false
	}
	return unescapeID(escaped)
}

// unescapeID is the inverse of [escapeID]; ok is false for what it does not write.
func unescapeID(escaped string) (id string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		if escaped[i] != '=' {
			b.WriteByte(escaped[i])
			continue
		}
		if i+2 >= len(escaped) {
			return "", false
		}
		raw, err := hex.DecodeString(escaped[i+1 : i+3])
		if err != nil {
			return "", false
		}
		b.WriteByte(raw[0])
		i += 2
	}
	return b.String(), escapeID(b.String()) == escaped
}

// Batch is the payload of the signal "events": what triggers hand over to one learner at once.
type Batch struct {
	Learner   string         `json:"learner"`
	Partition int            `json:"partition"` // of the stream, 0 to 15; names the watermark that Decide looks at
	Events    []engine.Event `json:"events"`    // in stream order; Seq and StoredAt set
	// Watermark is the instant up to which every event of this learner has been handed over, this batch included. Zero: the
	// StoredAt of the last event, which is what stream order implies.
	Watermark time.Time `json:"mark,omitzero"`
	// Publication is set when other rules have come into force; a sweep of package publish sends it without events.
	Publication *engine.Publication `json:"published,omitempty"`
}
