package console

import (
	"bytes"
	"context"
	"io"
	"time"

	"homeroom/admin"
)

// exportTable serves a table for a spreadsheet, and its data to who asks for JSON.
func exportTable(req *request, file string, data any, write func(io.Writer) error) (*page, error) {
	var table bytes.Buffer
	if err := write(&table); err != nil {
		return nil, err
	}
	if !wantsJSON(req.Request) {
		req.w.Header().Set("Content-Disposition", `attachment; filename="`+file+`"`)
	}
	return &page{raw: table.Bytes(), rawType: "text/csv; charset=utf-8", data: data}, nil
}

// exportRules serves the rules of a draft as a table for a spreadsheet. A folder that does not compile has none.
func (c *Console) exportRules(req *request) (*page, error) {
	w, err := c.openWorkspace(req)
	if err != nil {
		return nil, err
	}
	list, err := admin.RuleList(w.folder)
	if err != nil {
		return nil, &admin.InputError{Err: err}
	}
	live, _ := c.countLive(req, exportPatience)
	return exportTable(req, "homeroom-rules.csv", list, func(out io.Writer) error { return admin.WriteRulesCSV(out, list, live) })
}

// exportPatience is how long a table waits for what is being counted.
const exportPatience = 20 * time.Second

// patienceOf returns how long a page waits for what is being counted: as given for a person, who can look again, and longer for a program.
func patienceOf(req *request, person time.Duration) time.Duration {
	if wantsJSON(req.Request) {
		return exportPatience
	}
	return person
}

// exportSteps serves what runs did at each step, of one rule or of all, as a table for a spreadsheet.
func (c *Console) exportSteps(req *request) (*page, error) {
	counts, _, counted, err := c.stepCounts.get(req.Context(), exportPatience, c.o.Installation.StepCounts)
	switch {
	case err != nil:
		return nil, err
	case !counted:
		return nil, errBeingCounted
	}
	if rule := req.FormValue("rule"); rule != "" {
		counts.Rules = map[string]*admin.RuleSteps{rule: counts.Of(rule)}
	}
	return exportTable(req, "homeroom-steps.csv", counts, func(out io.Writer) error { return admin.WriteStepsCSV(out, counts) })
}

// liveAge is how old the counts of runs that are under way get before they are counted anew.
const liveAge = 10 * time.Second

// countLive returns the learners who are under way, by rule, and how old the counts are; nil: they are being counted, or Temporal does not answer.
func (c *Console) countLive(req *request, patience time.Duration) (live map[string]int64, age time.Duration) {
	live, age, counted, err := c.liveRuns.get(req.Context(), patience, func(ctx context.Context) (map[string]int64, error) {
		return c.o.Installation.LiveRuns(ctx)
	})
	if err != nil || !counted {
		return nil, 0
	}
	return live, age
}
