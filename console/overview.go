package console

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
)

// overviewData is the overview as a person may see it.
type overviewData struct {
	admin.Overview
	HeldUp int         `json:"held_up"` // learners who are set aside, also for those who may not see who
	Moved  []movedRule `json:"moved"`   // what the rules did in the last 30 days, the most messages first; never nil
	// Counted reports whether Moved is known; if not it is being counted, or MovedProblem says why it cannot be.
	Counted      bool          `json:"counted"`
	MovedProblem string        `json:"moved_problem,omitempty"`
	Age          time.Duration `json:"-"` // of Moved
}

func (c *Console) showOverview(req *request) (*page, error) {
	overview, err := c.o.Installation.Overview(req.Context())
	if err != nil {
		return nil, err
	}
	_, _ = c.countLive(req, 0) // for the page that people open next
	data := overviewData{Overview: overview, HeldUp: len(overview.SetAside), Moved: []movedRule{}}
	data.addMoved(c.stepCounts.get(req.Context(), countsPatience, c.o.Installation.StepCounts))
	if !req.person.May(RolePeople) { // a learner's id is for people who may look learners up
		data.SetAside = nil
	}
	return &page{name: "overview", title: "Overview", section: "overview", command: "homeroom doctor", data: data}, nil
}

// movedRule is what one rule did lately.
type movedRule struct {
	Rule     string `json:"rule"`
	Began    int    `json:"began"` // runs
	Sent     int    `json:"sent"`  // messages
	Failed   int    `json:"failed"`
	UnderWay *int64 `json:"under_way,omitempty"` // runs; nil: not known
}

// addMoved adds what the rules did, from the counts of their steps.
func (d *overviewData) addMoved(counts admin.StepCounts, age time.Duration, counted bool, err error) {
	d.Counted = counted
	d.Age = age.Round(time.Second)
	if err != nil {
		d.MovedProblem = err.Error()
		return
	}
	for name, rule := range counts.Rules {
		moved := movedRule{Rule: name, Began: rule.Began}
		for _, step := range rule.Steps {
			moved.Sent += step.Sent
			moved.Failed += step.Failed
		}
		if n, known := counts.Live[name]; known {
			moved.UnderWay = &n
		}
		d.Moved = append(d.Moved, moved)
	}
	slices.SortFunc(d.Moved, func(a, b movedRule) int {
		return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(b.Began, a.Began), cmp.Compare(a.Rule, b.Rule))
	})
}

// pauseSending stops all sending.
func (c *Console) pauseSending(req *request) (*page, error) {
	note := strings.TrimSpace(req.FormValue("note"))
	change, err := c.as(req).Pause(req.Context(), admin.PauseOptions{
		Author:  req.person.Name,
		Note:    note,
		Replace: req.FormValue("replace") != "",
	})
	if err != nil {
		return nil, err
	}
	notice := "Nothing goes out any more, until somebody resumes sending."
	switch {
	case change.Changed && change.Before.Paused:
		notice = fmt.Sprintf("Sending stays paused; your note stands in the place of the one by %s.", admin.DescribePause(change.Before))
	case !change.Changed && note != "" && note != change.Before.Note:
		notice = fmt.Sprintf("Sending is paused already, by %s. That stays, and your note was not written.", admin.DescribePause(change.Before))
	case !change.Changed:
		notice = fmt.Sprintf("Sending is paused already, by %s.", admin.DescribePause(change.Before))
	}
	return c.goTo(req, c.returnPath(req), notice)
}

func (c *Console) resumeSending(req *request) (*page, error) {
	change, err := c.as(req).Resume(req.Context(), req.person.Name, strings.TrimSpace(req.FormValue("note")))
	if err != nil {
		return nil, err
	}
	notice := "Messages go out again."
	if !change.Changed {
		notice = "Sending was not paused."
	}
	return c.goTo(req, c.returnPath(req), notice)
}

// returnPath returns the page that a form names to come back to, or the overview. It never leads to another site.
func (c *Console) returnPath(req *request) string {
	return c.localPath(req.FormValue("back"))
}

// localPath returns the path of a page of this console as its routes name it, or the overview for anything else.
func (c *Console) localPath(address string) string {
	address = strings.TrimPrefix(address, c.prefix)
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host != "" || parsed.Scheme != "" || !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.Contains(address, "\\") {
		return "/"
	}
	return address
}

// describeProcess says what a process does, in words that a growth team knows.
func describeProcess(roles []string) string {
	words := []string{}
	for _, role := range roles {
		switch role {
		case "triggers":
			words = append(words, "takes events in")
		case "worker":
			words = append(words, "decides and sends")
		case "edge":
			words = append(words, "answers the links in mails")
		case "api":
			words = append(words, "takes events over HTTP")
		default: // of a newer version
			words = append(words, role)
		}
	}
	return strings.Join(words, ", ")
}
