package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"homeroom/admin"
)

// tryData is what a draft would have done to one learner.
type tryData struct {
	workspace
	Rule    string        `json:"rule"`
	Learner string        `json:"learner"`
	All     bool          `json:"all"`
	Try     *admin.Tryout `json:"tryout,omitempty"`
	Refused string        `json:"refused,omitempty"`
	// CanSave reports whether the person may write a test of it.
	CanSave bool `json:"-"`
}

// Decided reports whether the rules would have decided anything.
func (d tryData) Decided() bool {
	return d.Try != nil && slices.ContainsFunc(d.Try.Lines, func(l admin.TryLine) bool { return l.Decision })
}

// tryAfter is how long the virtual clock runs on after a learner's last event.
const tryAfter = 30 * 24 * time.Hour

func (c *Console) showTryout(req *request) (*page, error) {
	w, err := c.openWorkspace(req)
	if err != nil {
		return nil, err
	}
	return c.tryPage(req, w, "")
}

// tryPage shows what the rules of a draft would have done to a learner, and why something else was refused.
func (c *Console) tryPage(req *request, w workspace, refused string) (*page, error) {
	data := tryData{
		workspace: w,
		Rule:      req.PathValue("rule"),
		Learner:   strings.TrimSpace(req.FormValue("learner")),
		All:       req.FormValue("all") != "",
		Refused:   refused,
		CanSave:   req.person.May(rolesOfTesting),
	}
	if data.Learner != "" {
		options := admin.TryOptions{Learner: data.Learner, Rule: data.Rule, After: tryAfter, AssumeReachable: true}
		if data.All {
			options.Rule = ""
		}
		tryout, err := c.as(req).TryOnLearner(req.Context(), w.folder, options)
		var input *admin.InputError
		switch {
		case errors.As(err, &input):
			data.Refused = err.Error()
		case err != nil:
			return nil, err
		default:
			data.Try = &tryout
		}
	}
	return &page{name: "tryout", title: "Try " + data.Rule, section: "rules", command: "homeroom simulate academy --events FILE --learner ID", data: data}, nil
}

// saveTryout adds a rule test to the draft that shows what was tried.
func (c *Console) saveTryout(req *request) (*page, error) {
	if err := req.ParseForm(); err != nil {
		return nil, err
	}
	draft, err := c.openDraft(req)
	if err != nil {
		return nil, err
	}
	rule := req.PathValue("rule")
	saved, file, err := c.as(req).SaveAsTest(req.Context(), draft, admin.TestOfLearner{
		Learner: strings.TrimSpace(req.PostFormValue("learner")),
		Rule:    rule,
		Name:    req.PostFormValue("name"),
	}, req.person.Name)
	if status := statusOf(err); err != nil && status != http.StatusServiceUnavailable {
		p, lookup := c.tryPage(req, c.newWorkspace(draft, req.person), err.Error())
		if lookup != nil {
			return nil, err
		}
		p.status = status
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	return c.goTo(req, "/files?draft="+saved.ID+"&path="+file, "The test is saved in the draft, and passes.")
}
