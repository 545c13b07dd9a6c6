package engine

import "time"

// What a learner's records may hold at the most. Past these the oldest, or the least likely to matter, is forgotten.
const (
	maxCourses         = 100       // courses in a Standing; closed ones go first, then the longest silent
	maxLinks           = 300       // lessons, videos and assessments whose course is remembered
	maxActivity        = 8         // activity steps per course and platform
	maxRuns            = 100       // runs at a time; further triggers are skipped: too_many_runs
	maxRunsBytes       = 512 << 10 // bytes of JSON of triggers and awaited events, of all kept runs and pending deliveries; more: too_many_runs
	maxProgress        = 4         // progress marks per course
	maxMoments         = 12        // times a learner entered or left a course
	maxStarts          = 8         // times a learner began to study in a course
	maxPast            = 150       // remembered starts
	maxDueDates        = 64        // due dates per course that events have named
	maxDueText         = 300       // bytes of a title or a link that an event names with a due date
	maxHandIns         = 128       // assessments and assignments of which it is remembered when they were handed in
	maxRepeatedHandIns = 64        // times that something was handed in which are neither its first nor its last
	maxHeard           = 8         // events that an until or a wait of a rule names
	maxSeen            = 128       // event ids
	maxDayIDs          = 256       // ids of one counted event on one day
	maxAnswers         = 128       // events of which conditions on counts were asked
	maxDays            = 90        // days a count() looks back
	maxPastSends       = 60
	maxRecent          = 8 // decisions shown to people
)

// MaxKeyCounts is for how many values of a key a count() with same.KEY is remembered, of each event and key: those for which the event happened last.
const MaxKeyCounts = 40

// maxHeardBytes is how many bytes of properties an event may have to be remembered in State.Heard.
const maxHeardBytes = 512

// heardFor is for how long, on the learner's clock, an event is remembered in State.Heard.
const heardFor = 24 * time.Hour
