package admin

import (
	"context"
	"errors"
	"time"

	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// Overview is what somebody wants to know first: is anything wrong, what is in force, what waits for somebody.
type Overview struct {
	KillSwitch  KillSwitch        `json:"kill_switch"`
	Current     store.Pointer     `json:"current"` // without a hash: nothing is in force
	Instances   []InstanceStatus  `json:"instances"`
	SetAside    []LearnerSetAside `json:"set_aside"`
	DeadLetters int               `json:"dead_letters"`
	Drafts      []DraftSummary    `json:"drafts"`
	// Missing names what could not be found out, and why. The rest is true nevertheless.
	Missing []string `json:"missing"`
}

// DraftSummary is a draft without its files.
type DraftSummary struct {
	ID        string   `json:"id"`
	Author    string   `json:"author"`
	SavedBy   string   `json:"saved_by"`
	Changed   []string `json:"changed"`
	Proposed  bool     `json:"proposed"`
	Reason    string   `json:"reason,omitempty"`
	Approvers []string `json:"approvers"`
	Moved     bool     `json:"moved"` // something else was published since it began
	// Schedule says when it is put in force by itself, or why it was not; nil: nobody scheduled it.
	Schedule *DraftSchedule `json:"schedule,omitempty"`
}

// Scheduled returns what Schedule says, in words; empty without one.
func (s DraftSummary) Scheduled() string { return DescribeSchedule(s.Schedule) }

// Summary returns the draft without its files.
func (d *Draft) Summary() DraftSummary {
	s := DraftSummary{
		ID:        d.ID,
		Author:    d.Author,
		SavedBy:   d.SavedBy,
		Changed:   d.Changed,
		Approvers: d.Approvers,
		Moved:     d.Moved(),
		Schedule:  d.Schedule,
	}
	if d.Proposal != nil {
		s.Proposed = true
		s.Reason = d.Proposal.Reason
	}
	return s
}

// Overview looks at the installation. A part that cannot be read is named in Missing and hides no other.
func (i *Installation) Overview(ctx context.Context) (Overview, error) {
	o := Overview{Instances: []InstanceStatus{}, SetAside: []LearnerSetAside{}, Drafts: []DraftSummary{}, Missing: []string{}}
	note := func(what string, err error) {
		if err != nil {
			o.Missing = append(o.Missing, what+": "+err.Error())
		}
	}
	var err error
	o.KillSwitch, err = i.KillSwitch(ctx)
	note("the kill switch", err)
	o.Current, err = i.store.Rulesets.Current(ctx)
	note("what is in force", err)
	o.Instances = i.listInstances()
	aside, err := i.LearnersSetAside(ctx)
	note("learners who are set aside", err)
	o.SetAside = append(o.SetAside, aside...)
	dead, err := i.newReader(time.Time{}, nil).CountStored(ctx, subjects.DeadStream, []string{subjects.AllDead})
	note("dead letters", err)
	o.DeadLetters = int(dead)
	drafts, err := i.Drafts(ctx)
	note("drafts", err)
	for n := range drafts {
		o.Drafts = append(o.Drafts, drafts[n].Summary())
	}
	return o, nil
}

// listInstances returns the processes of `homeroom serve` that report themselves.
func (i *Installation) listInstances() []InstanceStatus {
	instances := []InstanceStatus{}
	for _, instance := range i.store.Control.Instances() {
		if instance.NotStarted != "" {
			continue
		}
		instances = append(instances, InstanceStatus{
			Instance: instance,
			Alive:    instance.Live(i.opts.Real()),
			Seen:     instance.Seen,
		})
	}
	return instances
}

// RuleSummary is one rule in a list.
type RuleSummary struct {
	Name     string   `json:"name"`
	About    string   `json:"about,omitempty"`
	Starts   string   `json:"starts"`
	Messages []string `json:"messages"`
	Holdout  float64  `json:"holdout,omitempty"` // percent
	HasGoal  bool     `json:"has_goal"`
	Paused   bool     `json:"paused,omitempty"`
	Changed  bool     `json:"changed,omitempty"` // a draft's differs from what is in force
}

// RuleList lists the rules of a folder by name.
func RuleList(f *Folder) ([]RuleSummary, error) {
	academy, err := f.Compiled()
	if err != nil {
		return nil, err
	}
	list := []RuleSummary{}
	for _, r := range academy.Ruleset.Rules {
		s := RuleSummary{
			Name:     r.Name,
			About:    r.About,
			Starts:   academy.Flow(r.Name).Starts,
			Messages: messagesOf(academy, r.Name),
			Holdout:  r.Holdout,
			HasGoal:  r.Goal != nil,
			Paused:   r.Paused,
		}
		list = append(list, s)
	}
	return list, nil
}

// messagesOf returns the messages that a rule sends, each once, in the order of its steps.
func messagesOf(academy *rules.Academy, rule string) []string {
	messages := []string{}
	seen := map[string]bool{}
	for _, in := range academy.Ruleset.Rule(rule).Program {
		if in.Send != nil && !seen[in.Send.Message] {
			seen[in.Send.Message] = true
			messages = append(messages, in.Send.Message)
		}
	}
	return messages
}

// RuleView is one rule of a folder: in words, as a flow, and with the tests that are about it.
type RuleView struct {
	Name  string       `json:"name"`
	Flow  *rules.Flow  `json:"flow,omitempty"`  // nil: the folder does not compile, or has no such rule
	Words string       `json:"words,omitempty"` // likewise empty
	Tests []TestResult `json:"tests"`           // never nil
}

// TestResult is how one test came out.
type TestResult struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // 0: the file cannot be read
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	Story  string `json:"story,omitempty"` // of a failed rule test: what was expected (-) and what came (+)
}

// ViewRule describes a rule of a folder and runs the tests that name it, or that name no rule and whose decisions are about it. A
// folder that does not compile has no flow and no words; its problems are in [Folder.Problems].
func ViewRule(ctx context.Context, f *Folder, name string) (RuleView, error) {
	view := RuleView{Name: name, Tests: []TestResult{}}
	academy, err := f.Compiled()
	var uncompiled *FolderError
	if errors.As(err, &uncompiled) {
		return view, nil
	}
	if view.Flow = academy.Flow(name); view.Flow == nil {
		return view, nil
	}
	if view.Words, err = ExplainRule(f, name); err != nil {
		return view, err
	}
	view.Tests, err = testsOfRule(ctx, f, name)
	return view, err
}
