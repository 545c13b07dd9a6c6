package console

import (
	"fmt"

	"homeroom/deadletters"
)

// listedDeadLetters is how many of the newest dead letters the page lists.
const listedDeadLetters = 50

// deadLettersData is what was refused.
type deadLettersData struct {
	deadletters.Summary
	Reason    string `json:"reason,omitempty"`
	CanReplay bool   `json:"-"`
}

func (c *Console) showDeadLetters(req *request) (*page, error) {
	data := deadLettersData{Reason: req.FormValue("reason"), CanReplay: req.person.May(RolePeople)}
	var err error
	data.Summary, err = c.o.Installation.CountDeadLetters(req.Context(), data.Reason, listedDeadLetters)
	if err != nil {
		return nil, err
	}
	if !data.CanReplay { // a learner's id is for people who may look learners up
		for i := range data.Letters {
			data.Letters[i].Learner = ""
		}
		for i := range data.Reasons {
			data.Reasons[i].Example.Learner = ""
		}
	}
	return &page{name: "deadletters", title: "Dead letters", section: "events", command: "homeroom deadletters list", data: data}, nil
}

// replayDeadLetters publishes the events that were refused for a reason again, if they would be accepted now.
func (c *Console) replayDeadLetters(req *request) (*page, error) {
	result, err := c.as(req).ReplayDeadLetters(req.Context(), deadletters.ReplayOptions{
		Selection: deadletters.Selection{Reason: req.PostFormValue("reason")},
		DryRun:    req.PostFormValue("dry_run") != "",
	})
	if err != nil {
		return nil, err
	}
	did := "published again"
	if req.PostFormValue("dry_run") != "" {
		did = "would be accepted now"
	}
	return c.goTo(req, c.returnPath(req), fmt.Sprintf("%d %s; %d would be refused again.", result.Published, did, result.Skipped))
}
