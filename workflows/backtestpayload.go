package workflows

import (
	"time"

	"homeroom/backtest"
)

// BacktestInput starts a backtest in the background.
type BacktestInput struct {
	Version int `json:"v"`
	// Folders are the files of what is in force and of the draft, packed. The workflow only hands them on.
	Folders []byte `json:"folders"`
	// Heading has the range and what the draft edits.
	Heading backtest.Heading `json:"heading"`
	Parts   int              `json:"parts"`  // partitions of the stream of events
	Last    uint64           `json:"last"`   // the last sequence that the stream had; what came later is left out
	Events  int64            `json:"events"` // that the stream had, about
	Draft   string           `json:"draft,omitempty"`
	Days    int              `json:"days,omitempty"` // how far back was asked for; 0: everything that is kept, or something else
	By      string           `json:"by"`             // who started it
}

// BacktestPartInput is the work on one partition.
type BacktestPartInput struct {
	Folders         []byte    `json:"folders"`
	From            time.Time `json:"from"`
	Until           time.Time `json:"until"`
	AssumeReachable bool      `json:"assume_reachable"`
	Partition       int       `json:"partition"`
	Last            uint64    `json:"last"`
}

// BacktestPartProgress is what an activity's heartbeat tells.
type BacktestPartProgress struct {
	Stage BacktestStage `json:"stage"`
	Done  int64         `json:"done"`  // events
	Total int64         `json:"total"` // 0: not known
}

// BacktestStage says what an activity is at.
type BacktestStage string

// The stages.
const (
	BacktestCounts  BacktestStage = "counting" // what learners did next, over all partitions
	BacktestReads   BacktestStage = "reading"
	BacktestDecides BacktestStage = "deciding"
)

// BacktestProgress is how far a backtest has come.
type BacktestProgress struct {
	Draft      string    `json:"draft,omitempty"` // its name; empty: a folder
	Hash       string    `json:"hash"`            // of the draft
	Base       string    `json:"base"`            // of what it is compared with
	By         string    `json:"by"`
	Days       int       `json:"days,omitempty"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	Parts      int       `json:"parts"`
	PartsDone  int       `json:"parts_done"`
	Events     int64     `json:"events"` // that there are, about
	EventsDone int64     `json:"events_done"`
}

// BacktestOutcome is the end of a backtest.
type BacktestOutcome struct {
	BacktestProgress
	Result *backtest.Result `json:"result"`
}
