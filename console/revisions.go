package console

import (
	"errors"
	"fmt"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/narrate"
)

func (c *Console) showRevisions(req *request) (*page, error) {
	history, err := c.o.Installation.PublicationHistory(req.Context())
	if err != nil {
		return nil, err
	}
	return &page{name: "revisions", title: "Revisions", section: "revisions", command: "homeroom rules history", data: history}, nil
}

// revisionData is how a revision differs from what is in force.
type revisionData struct {
	Revision string             `json:"revision"`
	Hash     string             `json:"hash"`
	Diff     admin.RevisionDiff `json:"diff"`
	InForce  bool               `json:"in_force"`
	CanPut   bool               `json:"-"`
}

func (c *Console) showRevision(req *request) (*page, error) {
	data := revisionData{Revision: req.PathValue("revision"), CanPut: req.person.May(RoleApprover)}
	chosen, err := c.o.Installation.Revision(req.Context(), data.Revision)
	if err != nil {
		return nil, err
	}
	current, err := c.o.Installation.CurrentAcademy(req.Context())
	if err != nil {
		return nil, err
	}
	data.Hash = chosen.Ruleset.Hash
	data.InForce = data.Hash == current.Ruleset.Hash
	data.Diff = admin.CompareAcademies(current, chosen)
	return &page{name: "revision", title: "Revision " + narrate.ShortHash(data.Revision), section: "revisions", command: "homeroom rules diff current " + narrate.ShortHash(data.Revision), data: data}, nil
}

// describePublished says what was put in force, and how many learners go by it already.
func describePublished(p *admin.Publication) string {
	if p.Published == nil || p.Swept == nil {
		return p.Outcome()
	}
	if p.Swept.Signaled() == 0 {
		return fmt.Sprintf("No. %d is in force. Nobody was under way in what changed.", p.Published.Number)
	}
	return fmt.Sprintf("No. %d is in force, and %s updated: %d under way in what changed, %d who wait for something else now.",
		p.Published.Number, narrate.Count(p.Swept.Signaled(), "learner"), p.Swept.LiveRuns, p.Swept.Woken)
}

// describeRunPolicy says what those do who were under way when something was published, in the words in which that is chosen.
func describeRunPolicy(policy string) string {
	switch engine.RunPolicy(policy) {
	case engine.RunPolicyMigrate:
		return "go on with the new rules"
	case engine.RunPolicyCancel:
		return "leave the changed rules"
	case engine.RunPolicyFinish:
	}
	return "finish on the rules they began with"
}

// rollBack publishes a revision once more.
func (c *Console) rollBack(req *request) (*page, error) {
	policy, err := runPolicy(req.PostFormValue("in_flight"))
	if err != nil {
		return nil, err
	}
	chosen, err := c.o.Installation.Revision(req.Context(), req.PathValue("revision"))
	if err != nil {
		return nil, err
	}
	note := req.PostFormValue("note")
	if note == "" {
		return nil, &admin.InputError{Err: errors.New("say why: the reason stands in the history")}
	}
	publication, err := c.o.Installation.PreparePublication(req.Context(), chosen, admin.PrepareOptions{RunPolicy: policy})
	if err != nil {
		return nil, err
	}
	if err := c.as(req).Publish(req.Context(), publication, admin.PublishOptions{Author: req.person.Name, Note: note, RollBack: true}); err != nil {
		return nil, err
	}
	return c.goTo(req, "/revisions", describePublished(publication))
}
