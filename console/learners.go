package console

import (
	"strings"

	"homeroom/admin"
)

// findData is the page on which a learner is looked for.
type findData struct {
	Learner string `json:"learner"`
}

func (c *Console) findLearner(req *request) (*page, error) {
	id := strings.TrimSpace(req.FormValue("id"))
	if id != "" {
		return c.goTo(req, joinPath([]string{"/learners", id}), "")
	}
	return &page{name: "learners", title: "Learners", section: "learners", command: "homeroom learner why ID", data: findData{}}, nil
}

// learnerData is one learner's story.
type learnerData struct {
	admin.LearnerStory
	Rule string `json:"rule,omitempty"`
}

func (c *Console) showLearner(req *request) (*page, error) {
	data := learnerData{Rule: req.FormValue("rule")}
	var err error
	data.LearnerStory, err = c.as(req).LearnerStory(req.Context(), admin.StoryOptions{
		Learner:    req.PathValue("learner"),
		Rule:       data.Rule,
		TemporalUI: c.o.TemporalUI,
	})
	if err != nil {
		return nil, err
	}
	return &page{name: "learner", title: data.Learner, section: "learners", command: "homeroom learner why " + data.Learner, data: data}, nil
}
