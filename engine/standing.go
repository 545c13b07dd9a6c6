package engine

import "time"

// Standing is what is known of a learner from events that wake nobody: activity and progress per course. Triggers keep
// it in KV, the simulator in memory; both through Apply. Times only move forward, so applying an event twice, or an
// old one late, changes nothing; what a risk has taken in is known by the event's sequence in the stream. It is bounded: see limits.go.
type Standing struct {
	Version          int                `json:"v"`
	FirstSeenAt      time.Time          `json:"first_seen_at,omitzero"`
	SignedUpAt       time.Time          `json:"signed_up_at,omitzero"`
	CoursesCompleted int                `json:"courses_completed,omitempty"`
	Courses          map[string]*Course `json:"courses,omitempty"`
	// Platform is all activity; Unattributed is the activity of which no course is known.
	Platform     Activity `json:"platform,omitempty"`
	Unattributed Activity `json:"loose,omitempty"`
	// Engaged is when the learner, as a person, opened a message or clicked in one.
	Engaged Activity `json:"engaged,omitempty"`
	// Counts are how often counted events happened, per UTC day. CountedIDs is a ring of the ids that an older version counted last.
	Counts map[string]*Days `json:"counts,omitempty"`
	// KeyCounts are the same for single values of a key, by event and key: "lesson.completed course_id".
	KeyCounts map[string]KeyCounts `json:"key_counts,omitempty"`
	// Marks are hashes of the values of traits from which runs work out when to go on, by the trait's name.
	Marks      map[string]uint32 `json:"marks,omitempty"`
	CountedIDs []byte            `json:"counted_ids,omitempty"`
	// Answers are what conditions on counts said to the last events of which they were asked.
	Answers givenAnswers `json:"answers,omitempty"`
	// RiskSeq and RiskSeqAt are the sequence of the last activity that the risks of the courses have taken in, and when the stream stored it. Zero: none.
	RiskSeq   uint64    `json:"risk_seq,omitempty"`
	RiskSeqAt time.Time `json:"risk_seq_at,omitzero"`
	// Links remember which course a lesson, video or assessment belongs to: "assessment_id=a1" → course id.
	Links Links `json:"links,omitempty"`
	// HandedIn is what the learner has handed in, in any course.
	HandedIn HandIns `json:"handed_in,omitempty"`
	// HandedInAgain is what was handed in between the first and the last time. Records of older versions have none.
	HandedInAgain RepeatedHandIns `json:"handed_in_again,omitempty"`
	// Moves are those of the learner that are not known to be counted. A host that counts takes them out; see [Standing.DropMoves].
	Moves []Move `json:"moves,omitempty"`
	// MergedInto is the id under which the learner goes on; empty: this one. It is set once, and all else is forgotten then but Previous.
	MergedInto string `json:"merged_into,omitempty"`
	// Previous are the learner's other ids, in the order in which they were named.
	Previous []PreviousID `json:"previous,omitempty"`
}

// Days counts one event per UTC day.
type Days struct {
	Last int   `json:"last"` // the latest day counted, in days since 1970
	N    []int `json:"n"`    // N[0] on Last, N[1] on the day before, and so on; at most 90
	// IDs are hashes of the ids that were counted, per day like N, for as many days as a rule looks back.
	IDs []dayIDs `json:"ids,omitempty"`
}

// Activity is the first moment of each of the last few activity steps, in unix milliseconds, ascending. A few are
// kept, not one, so that a decision made a little late can still ask "as of its due instant".
type Activity []int64

// Change says what an event changed in a standing.
type Change struct {
	Changed bool   // the record must be written
	First   bool   // the first event ever seen of this learner
	Course  string // the course the event was attributed to, if any
	// Profile reports that a trait from which runs work out when to go on has another value; see Standing.ApplyTraits.
	Profile bool
	// With activity: the longest silence that it ended in one of the learner's courses, and on the whole platform.
	CourseGap, PlatformGap time.Duration
}
