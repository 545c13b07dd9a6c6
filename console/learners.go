package console

import (
	"errors"
	"strconv"
	"time"

	"homeroom/admin"
)

// learnerData is one learner's story, and why they have not been sent something, if that was asked.
type learnerData struct {
	admin.LearnerStory
	Rule string `json:"rule,omitempty"`
	// Asked says by which rules why not was asked: "in force", or a draft's id; empty: it was not asked.
	Asked  string        `json:"asked,omitempty"`
	WhyNot *admin.WhyNot `json:"why_not,omitempty"`
	// Refused says why it could not be answered.
	Refused string `json:"refused,omitempty"`
	Earlier int    `json:"earlier_runs,omitempty"` // that are not shown
	Newest  int    `json:"-"`                      // events that were asked for
	Further int    `json:"-"`                      // events to ask for next; 0: there are no more
	// WhyNotFurther is how many events to ask for so that why not looks at all it can; 0: it did.
	WhyNotFurther int                  `json:"-"`
	Rules         []string             `json:"-"` // in force, to choose from
	Drafts        []admin.DraftSummary `json:"-"`
}

// inForce stands where otherwise a draft's id stands: the rules in force are asked.
const inForce = "in force"

func (c *Console) showLearner(req *request) (*page, error) {
	data := learnerData{Rule: req.FormValue("rule"), Asked: req.FormValue("not")}
	data.Newest = newestAsked(req.FormValue("events"))
	var err error
	data.LearnerStory, err = c.as(req).LearnerStory(req.Context(), admin.StoryOptions{
		Learner:    req.PathValue("learner"),
		Rule:       data.Rule,
		TemporalUI: c.o.TemporalUI,
		Newest:     data.Newest,
		Patience:   storyPatience,
	})
	if err != nil {
		return nil, err
	}
	data.leaveOutOldest()
	if err := c.listChoices(req, &data); err != nil {
		return nil, err
	}
	p := &page{name: "learner", title: data.Learner, section: "learners", command: "homeroom learner why " + data.Learner, data: &data}
	if data.Asked == "" {
		return p, nil
	}
	p.command = whyNotCommand(&data)
	return p, c.askWhyNot(req, &data)
}

const (
	// storyPatience is how long a learner's workflow is given to answer each question.
	storyPatience = 2 * time.Second
	// storyEvents is how many of a learner's events, and of the decisions about them, the page reads first, and storyMost how many at most.
	storyEvents = 2_000
	storyMost   = 100_000
	// storyFurther is how many times more are read by whoever looks further back.
	storyFurther = 5
	// storyRuns is how many runs the page shows for each storyEvents that it reads.
	storyRuns = 100
	// whyNotEvents is how many of a learner's events are looked at for why not, unless somebody looks further back: a busy learner's of a year.
	whyNotEvents = 10_000
)

// newestAsked returns how many events are asked for.
func newestAsked(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return storyEvents
	}
	return max(storyEvents, min(n, storyMost))
}

// leaveOutOldest leaves out the oldest runs of a story that has very many, and says how to look further back.
func (d *learnerData) leaveOutOldest() {
	d.Earlier = max(0, len(d.Runs)-d.Newest/storyEvents*storyRuns)
	d.Runs = d.Runs[d.Earlier:]
	if d.Newest < storyMost && (d.LeftOut > 0 || d.Earlier > 0) {
		d.Further = min(d.Newest*storyFurther, storyMost)
	}
}

// listChoices lists the rules and the drafts by which why not can be asked.
func (c *Console) listChoices(req *request, data *learnerData) error {
	academy, err := c.o.Installation.CurrentAcademy(req.Context())
	if err != nil && !errors.Is(err, admin.ErrNoRules) {
		return err
	}
	if academy != nil {
		for _, rule := range academy.Ruleset.Rules {
			data.Rules = append(data.Rules, rule.Name)
		}
	}
	drafts, err := c.o.Installation.Drafts(req.Context())
	if err != nil {
		return err
	}
	for i := range drafts {
		if len(drafts[i].Changed) > 0 {
			data.Drafts = append(data.Drafts, drafts[i].Summary())
		}
	}
	return nil
}

// askWhyNot asks why the learner has not been sent what the rules send. A question that cannot be answered is said on the page.
func (c *Console) askWhyNot(req *request, data *learnerData) error {
	options := admin.WhyNotOptions{
		Learner: data.Learner,
		Rule:    data.Rule,
		Newest:  max(whyNotEvents, data.Newest),
	}
	if data.Asked != inForce {
		draft, err := c.o.Installation.Draft(req.Context(), data.Asked)
		if err != nil {
			return err
		}
		options.Folder = draft.Folder()
	}
	answer, err := c.as(req).WhyNot(req.Context(), options)
	var input *admin.InputError
	switch {
	case errors.As(err, &input), errors.Is(err, admin.ErrNoRules):
		data.Refused = err.Error()
	case err != nil:
		return err
	default:
		data.WhyNot = &answer
		if answer.LeftOut > 0 && options.Newest < storyMost {
			data.WhyNotFurther = storyMost
		}
	}
	return nil
}

// whyNotCommand is the question as a command.
func whyNotCommand(data *learnerData) string {
	command := "homeroom learner why " + data.Learner + " --not"
	if data.Rule != "" {
		command += " --rule " + data.Rule
	}
	if data.Asked != inForce {
		command += " --rules DIR"
	}
	return command
}
