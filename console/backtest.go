package console

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"homeroom/admin"
)

// backtestData is the backtest of a draft.
type backtestData struct {
	workspace
	Ranges  []backtestRange `json:"-"`
	State   *backtestState  `json:"backtest,omitempty"` // nil: there is none
	Stale   bool            `json:"stale"`              // it is of another content than the draft's now
	CanEdit bool            `json:"-"`
	// SeesPeople says that the learners' ids are shown.
	SeesPeople bool `json:"-"`
}

// backtestRange is how far back a backtest can be asked to look.
type backtestRange struct {
	Days     int // 0: everything that is kept
	Name     string
	Selected bool
}

// defaultBacktestDays is how far back a backtest looks unless somebody chooses.
const defaultBacktestDays = 90

// rangesFor returns the ranges to choose from.
func rangesFor(days int) []backtestRange {
	ranges := []backtestRange{
		{Days: 30, Name: "the last 30 days"},
		{Days: 90, Name: "the last 90 days"},
		{Days: 365, Name: "the last year"},
		{Name: "everything that is kept"},
	}
	for i := range ranges {
		ranges[i].Selected = ranges[i].Days == days
	}
	return ranges
}

// showBacktest shows how far the draft's backtest is, or what it found.
func (c *Console) showBacktest(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	data := &backtestData{
		workspace:  c.newWorkspace(draft, req.person),
		Ranges:     rangesFor(defaultBacktestDays),
		CanEdit:    req.person.May(RoleEditor),
		SeesPeople: req.person.May(RolePeople),
	}
	if job := c.backtests.find(draft.ID); job != nil {
		data.State = job.readState()
		data.Stale = job.hash != draft.Hash
		data.Ranges = rangesFor(data.State.Days)
		if !data.SeesPeople {
			data.State.Result = hideLearners(data.State.Result)
		}
	}
	return &page{name: "backtest", title: "Backtest of the draft of " + draft.Author, section: "drafts", command: "homeroom backtest DIR", data: data}, nil
}

// hideLearners returns a backtest without the ids of learners, and without scopes: a certificate's id may have its learner's in it.
func hideLearners(full *admin.Backtest) *admin.Backtest {
	if full == nil {
		return nil
	}
	hidden := *full
	hidden.Before.PerLearnerMonth.MostLearner = ""
	hidden.After.PerLearnerMonth.MostLearner = ""
	hidden.Timelines = full.Timelines[:0:0]
	for _, t := range full.Timelines {
		t.Learner = ""
		t.Rows = slices.Clone(t.Rows)
		for i := range t.Rows {
			t.Rows[i].Scope = ""
		}
		hidden.Timelines = append(hidden.Timelines, t)
	}
	hidden.Unrendered = full.Unrendered[:0:0]
	for _, u := range full.Unrendered {
		u.Learner = ""
		hidden.Unrendered = append(hidden.Unrendered, u)
	}
	return &hidden
}

// startBacktest begins a backtest of the draft as it is.
func (c *Console) startBacktest(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	days, err := strconv.Atoi(req.PostFormValue("days"))
	if err != nil || days < 0 || days > 10*365 {
		return nil, &admin.InputError{Err: errors.New("say over how many days to look back; 0 is everything that is kept")}
	}
	folder := draft.Folder()
	if _, err := folder.Compiled(); err != nil {
		return nil, &admin.InputError{Err: err}
	}
	job := &backtestJob{
		hash:  draft.Hash,
		by:    req.person.Name,
		began: c.o.Now(),
		back:  time.Duration(days) * 24 * time.Hour,
	}
	installation := c.as(req)
	c.backtests.start(draft.ID, job, func(ctx context.Context, j *backtestJob) (admin.Backtest, error) {
		return installation.BacktestFolder(ctx, folder, admin.BacktestOptions{Back: j.back, EventCopy: c.o.EventCopy, Draft: draft.ID, Progress: j.noteProgress})
	})
	return c.goTo(req, "/drafts/"+draft.ID+"/backtest", "")
}

// cancelBacktest ends the draft's backtest.
func (c *Console) cancelBacktest(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	if job := c.backtests.find(draft.ID); job != nil {
		job.cancel()
	}
	return c.goTo(req, "/drafts/"+draft.ID+"/backtest", "The backtest is cancelled.")
}

// backtestOf returns the result of the backtest of exactly this content, or nil.
func (c *Console) backtestOf(draft *admin.Draft) *admin.Backtest {
	job := c.backtests.find(draft.ID)
	if job == nil || job.hash != draft.Hash {
		return nil
	}
	return job.readState().Result
}
