package console

import (
	"fmt"
	"net/url"
	"strings"

	"homeroom/admin"
)

// overviewData is the overview as a person may see it.
type overviewData struct {
	admin.Overview
	HeldUp int `json:"held_up"` // learners who are set aside, also for those who may not see who
}

func (c *Console) showOverview(req *request) (*page, error) {
	overview, err := c.o.Installation.Overview(req.Context())
	if err != nil {
		return nil, err
	}
	c.beginCounts(req)
	data := overviewData{Overview: overview, HeldUp: len(overview.SetAside)}
	if !req.person.May(RolePeople) { // a learner's id is for people who may look learners up
		data.SetAside = nil
	}
	return &page{name: "overview", title: "Overview", section: "overview", command: "homeroom doctor", data: data}, nil
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
