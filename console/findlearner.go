package console

import (
	"fmt"
	"strings"

	"homeroom/admin"
)

// findData is the page on which a learner is looked for.
type findData struct {
	// Searched reports whether an address was looked for.
	Searched bool                   `json:"searched"`
	Owners   []admin.AddressOwner   `json:"owners"`   // whose profile has it
	Requests []admin.LearnerRequest `json:"requests"` // that wait for an operator
}

// findLearner shows the page, or leads to the learner with an id.
func (c *Console) findLearner(req *request) (*page, error) {
	if id := strings.TrimSpace(req.FormValue("id")); id != "" {
		return c.goTo(req, joinPath([]string{"/learners", id}), "")
	}
	return c.findPage(req, findData{Owners: []admin.AddressOwner{}})
}

func (c *Console) findPage(req *request, data findData) (*page, error) {
	var err error
	data.Requests, err = c.o.Installation.LearnerRequests(req.Context())
	if err != nil {
		return nil, err
	}
	return &page{name: "learners", title: "Learners", section: "learners", command: "homeroom learner why ID", data: data}, nil
}

// findByAddress lists whose an address is. It comes by a form that is posted, so that no address stands in a link, a log or the browser's history.
func (c *Console) findByAddress(req *request) (*page, error) {
	owners, err := c.as(req).FindByAddress(req.Context(), strings.TrimSpace(req.PostFormValue("address")))
	if err != nil {
		return nil, err
	}
	return c.findPage(req, findData{Searched: true, Owners: owners})
}

// personalData is the page about what is held of a learner.
type personalData struct {
	Learner string                `json:"learner"`
	Export  *admin.LearnerRequest `json:"export,omitempty"` // that waits
	Erase   *admin.LearnerRequest `json:"erase,omitempty"`  // that waits
}

func (c *Console) showLearnerData(req *request) (*page, error) {
	data := personalData{Learner: req.PathValue("learner")}
	requests, err := c.o.Installation.LearnerRequests(req.Context())
	if err != nil {
		return nil, err
	}
	for n := range requests {
		switch r := &requests[n]; {
		case r.Learner != data.Learner:
		case r.Kind == admin.RequestExport:
			data.Export = r
		case r.Kind == admin.RequestErase:
			data.Erase = r
		}
	}
	return &page{name: "learnerdata", title: "Data of " + data.Learner, section: "learners", command: "homeroom learner requests", data: data}, nil
}

// askForLearner leaves a request to export or to erase a learner.
func (c *Console) askForLearner(req *request) (*page, error) {
	learner := req.PathValue("learner")
	kind := admin.RequestKind(req.PostFormValue("kind"))
	if err := c.as(req).AskForLearner(req.Context(), kind, learner, strings.TrimSpace(req.PostFormValue("confirm"))); err != nil {
		return nil, err
	}
	return c.goTo(req, joinPath([]string{"/learners", learner, "data"}), fmt.Sprintf("An operator is asked to %s %s.", kind, learner))
}

func (c *Console) takeBackRequest(req *request) (*page, error) {
	learner := req.PathValue("learner")
	if err := c.as(req).TakeBackRequest(req.Context(), admin.RequestKind(req.PostFormValue("kind")), learner); err != nil {
		return nil, err
	}
	return c.goTo(req, joinPath([]string{"/learners", learner, "data"}), "The request is taken back.")
}
