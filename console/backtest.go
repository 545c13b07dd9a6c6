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
	Ranges []backtestRange `json:"-"`
	State  *backtestState  `json:"backtest,omitempty"` // nil: there is none
	Stale  bool            `json:"stale"`              // it is of another content than the draft's now
	// OthersUnknown says that nobody has answered whether another console began one meanwhile.
	OthersUnknown bool `json:"others_unknown,omitempty"`
	CanEdit       bool `json:"-"`
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
	known := c.lookForBacktest(req.Context(), draft.ID)
	data := &backtestData{
		OthersUnknown: !known,
		workspace:     c.newWorkspace(draft, req.person),
		Ranges:        rangesFor(defaultBacktestDays),
		CanEdit:       req.person.May(RoleEditor),
		SeesPeople:    req.person.May(RolePeople),
	}
	if job := c.backtests.find(draft.ID); job != nil {
		data.State = job.readState()
		data.Stale = data.State.Hash != "" && data.State.Hash != draft.Hash
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
		began: c.o.Installation.MachineNow(),
		back:  time.Duration(days) * 24 * time.Hour,
	}
	if err := c.beginBacktest(req, &draft, job); err != nil {
		return nil, err
	}
	return c.goTo(req, "/drafts/"+draft.ID+"/backtest", "")
}

// beginBacktest begins a job: in the background over many events, if it can be handed on, and in this process otherwise.
func (c *Console) beginBacktest(req *request, draft *admin.Draft, job *backtestJob) error {
	installation := c.as(req)
	options := admin.BacktestOptions{Back: job.back, EventCopy: c.o.EventCopy, Draft: draft.ID, Progress: job.noteProgress}
	recorded, err := installation.CountRecorded(req.Context())
	if err != nil {
		return err
	}
	if recorded >= c.o.LargeBacktest {
		_, err := installation.BacktestFolderInBackground(req.Context(), admin.DraftBacktest(draft.ID), draft.Folder(), options)
		if err == nil {
			job.background = true
			c.backtests.start(draft.ID, job, c.followBacktest(draft.ID))
			return nil
		}
		if !errors.Is(err, admin.ErrFoldersTooLarge) {
			return err
		}
	}
	if before := c.backtests.find(draft.ID); before != nil {
		if err := c.endBackground(req.Context(), draft.ID, before); err != nil {
			return err
		}
	}
	folder := draft.Folder()
	c.backtests.start(draft.ID, job, func(ctx context.Context, _ *backtestJob) (admin.Backtest, error) {
		return installation.BacktestFolder(ctx, folder, options)
	})
	return nil
}

// cancelBacktest ends the draft's backtest.
func (c *Console) cancelBacktest(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	if job := c.backtests.find(draft.ID); job != nil {
		if err := c.endBackground(req.Context(), draft.ID, job); err != nil {
			return nil, err
		}
		job.cancel()
	}
	return c.goTo(req, "/drafts/"+draft.ID+"/backtest", "The backtest is cancelled.")
}

// endBackground cancels the workflow of a job that has one and is under way.
func (c *Console) endBackground(ctx context.Context, draft string, job *backtestJob) error {
	if !job.background || job.readState().Over {
		return nil
	}
	err := c.o.Installation.CancelBacktest(ctx, admin.DraftBacktest(draft))
	if errors.Is(err, admin.ErrNoBacktest) { // it has ended meanwhile
		return nil
	}
	return err
}

// backtestOf returns the result of the backtest of exactly this content, or nil.
func (c *Console) backtestOf(draft *admin.Draft) *admin.Backtest {
	job := c.backtests.find(draft.ID)
	if job == nil {
		return nil
	}
	state := job.readState()
	if state.Hash != draft.Hash {
		return nil
	}
	return state.Result
}
