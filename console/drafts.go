package console

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/engine"
)

// draftsData is the list of drafts.
type draftsData struct {
	Drafts []admin.DraftSummary `json:"drafts"`
}

func (c *Console) showDrafts(req *request) (*page, error) {
	drafts, err := c.o.Installation.Drafts(req.Context())
	if err != nil {
		return nil, err
	}
	data := draftsData{Drafts: []admin.DraftSummary{}}
	for i := range drafts {
		data.Drafts = append(data.Drafts, drafts[i].Summary())
	}
	return &page{name: "drafts", title: "Drafts", section: "drafts", data: data}, nil
}

// draftData is one draft and what it would change.
type draftData struct {
	workspace
	Hash      string             `json:"hash"`
	Revision  uint64             `json:"revision"`
	Diff      string             `json:"diff"`
	Tests     []admin.TestResult `json:"tests"`
	Passed    int                `json:"passed"`
	Needed    int                `json:"approvals_needed"`
	Refused   string             `json:"refused,omitempty"`
	CanEdit   bool               `json:"-"`
	CanDecide bool               `json:"-"`
	// ApprovedByMe reports whether the person approved this very content.
	ApprovedByMe bool `json:"-"`
	// NoApproval says why the person cannot approve it; empty: they can.
	NoApproval string `json:"-"`
	// Backtest is what this very content would have changed; nil: nobody asked, or it is not over.
	Backtest *admin.Backtest `json:"-"`
	// Noted is what a backtest of this very content found when it was proposed; nil: there was none.
	Noted *admin.BacktestNote `json:"backtest,omitempty"`
	// Schedule says when it is put in force by itself, or why it was not; nil: nobody scheduled it.
	Schedule *admin.DraftSchedule `json:"schedule,omitempty"`
	// Zone is the time zone in force, in which a time is asked for first.
	Zone string `json:"-"`
	// Plan says what publishing it would do; nil: it was not asked.
	Plan *admin.Publication `json:"plan,omitempty"`
}

// Failed returns how many rule tests fail.
func (d *draftData) Failed() int { return len(d.Tests) - d.Passed }

// NextStep says what to do with the draft next; empty: nothing, or nothing that the person may do.
func (d *draftData) NextStep() string {
	switch {
	case !d.CanEdit && !d.CanDecide:
		return ""
	case d.Errors() > 0 && d.CanEdit:
		return "mend the problems below."
	case d.Failed() > 0 && d.CanEdit:
		return "look at the tests that fail, below."
	case d.Backtest == nil && d.Noted == nil && !d.Summary.Proposed && d.CanEdit:
		return "Backtest says which messages change, and whose. Nothing is sent by it."
	case !d.Summary.Proposed && d.CanEdit:
		return "say why, and propose it, so that somebody else looks at it."
	case d.Summary.Proposed && len(d.Draft.Approvers) < max(d.Needed, 1) && d.NoApproval != "":
		if d.Needed == 0 && d.CanDecide {
			return "somebody else can approve it. It can also be published without: What would publishing do?"
		}
		return "somebody else approves it."
	case d.Summary.Proposed && len(d.Draft.Approvers) < max(d.Needed, 1) && d.CanDecide && !d.ApprovedByMe:
		return "read what changes, then approve exactly this or write a comment."
	case d.CanDecide:
		return "What would publishing do? shows whom it reaches, and leads to Publish now."
	}
	return ""
}

func (c *Console) describeDraft(req *request, draft admin.Draft) (*draftData, error) {
	data := &draftData{
		workspace: c.newWorkspace(draft, req.person),
		Hash:      draft.Hash,
		Revision:  draft.Revision,
		Tests:     []admin.TestResult{},
		CanEdit:   req.person.May(RoleEditor),
		CanDecide: req.person.May(RoleApprover),
	}
	data.Schedule = draft.Schedule
	if err := draft.CheckApproval(req.person.Name); err != nil {
		data.NoApproval = err.Error()
	}
	data.ApprovedByMe = slices.Contains(draft.Approvers, req.person.Name)
	data.Backtest = c.backtestOf(&draft)
	if p := draft.Proposal; p != nil && p.Backtest != nil && p.Backtest.Hash == draft.Hash {
		data.Noted = p.Backtest
	}
	var err error
	if data.Needed, err = c.o.Installation.NeededApprovals(req.Context(), c.o.Approvals); err != nil {
		return nil, err
	}
	if data.Diff, err = c.o.Installation.DraftDiff(req.Context(), draft); err != nil {
		return nil, err
	}
	if data.Tests, err = admin.AllTests(req.Context(), data.folder); err != nil {
		return nil, err
	}
	for _, t := range data.Tests {
		if t.Passed {
			data.Passed++
		}
	}
	return data, nil
}

// draftOf returns the draft that a path names: somebody's, or the person's own although it was never saved.
func (c *Console) draftOf(req *request) (admin.Draft, error) {
	id := req.PathValue("draft")
	if id == admin.DraftID(req.person.Name) {
		return c.o.Installation.DraftOf(req.Context(), req.person.Name)
	}
	return c.o.Installation.Draft(req.Context(), id)
}

func (c *Console) showDraft(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	return c.draftPage(req, draft, "")
}

func (c *Console) draftPage(req *request, draft admin.Draft, refused string) (*page, error) {
	data, err := c.describeDraft(req, draft)
	if err != nil {
		return nil, err
	}
	data.Refused = refused
	return &page{name: "draft", title: "Draft of " + draft.Author, section: "drafts", command: "homeroom rules publish DIR --dry-run", data: data}, nil
}

// seenDraft returns the draft as the form saw it: with the revision that the form names.
func (c *Console) seenDraft(req *request) (admin.Draft, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return admin.Draft{}, err
	}
	seen, err := strconv.ParseUint(req.PostFormValue("revision"), 10, 64)
	if err != nil {
		return admin.Draft{}, errors.New("the form does not say which version of the draft it is about")
	}
	draft.Revision = seen
	return draft, nil
}

// changeDraft does something to a draft and comes back to its page. If it is refused, the page says why and keeps the draft.
func (c *Console) changeDraft(req *request, notice string, change func(admin.Draft) error) (*page, error) {
	draft, err := c.seenDraft(req)
	if err != nil {
		return nil, err
	}
	err = change(draft)
	if err == nil {
		return c.goTo(req, "/drafts/"+draft.ID, notice)
	}
	now, lookup := c.draftOf(req)
	if lookup != nil {
		return nil, err
	}
	p, lookup := c.draftPage(req, now, err.Error())
	if lookup != nil {
		return nil, err
	}
	p.status = statusOf(err)
	return p, nil
}

func (c *Console) proposeDraft(req *request) (*page, error) {
	return c.changeDraft(req, "Proposed. Somebody else can approve it now.", func(d admin.Draft) error {
		_, err := c.as(req).ProposeDraft(req.Context(), d, admin.Proposing{
			By:       req.person.Name,
			Reason:   req.PostFormValue("reason"),
			Backtest: c.backtestOf(&d),
		})
		return err
	})
}

func (c *Console) withdrawDraft(req *request) (*page, error) {
	return c.changeDraft(req, "The proposal is withdrawn; the draft is still here.", func(d admin.Draft) error {
		_, err := c.as(req).WithdrawDraft(req.Context(), d)
		return err
	})
}

func (c *Console) rebaseDraft(req *request) (*page, error) {
	return c.changeDraft(req, "What is in force was taken over into the draft.", func(d admin.Draft) error {
		_, both, err := c.as(req).RebaseDraft(req.Context(), d, req.person.Name)
		if err == nil && len(both) > 0 {
			return &admin.InputError{Err: errors.New("it was taken over, but both sides changed " + strings.Join(both, ", ") + ": the draft's text was kept; look at the difference")}
		}
		return err
	})
}

func (c *Console) commentOnDraft(req *request) (*page, error) {
	return c.changeDraft(req, "", func(d admin.Draft) error {
		_, err := c.o.Installation.CommentOnDraft(req.Context(), d, req.person.Name, req.PostFormValue("comment"))
		return err
	})
}

func (c *Console) approveDraft(req *request) (*page, error) {
	return c.changeDraft(req, "Approved.", func(d admin.Draft) error {
		_, err := c.as(req).ApproveDraft(req.Context(), d, req.PostFormValue("hash"), req.person.Name)
		return err
	})
}

func (c *Console) discardDraft(req *request) (*page, error) {
	draft, err := c.seenDraft(req)
	if err != nil {
		return nil, err
	}
	if draft.Revision > 0 {
		if err := c.as(req).DiscardDraft(req.Context(), draft); err != nil {
			return nil, err
		}
	}
	return c.goTo(req, "/rules", "The draft is discarded. You see what is in force.")
}

// runPolicy returns what is to become of live runs, as a form says it.
func runPolicy(text string) (engine.RunPolicy, error) {
	switch policy := engine.RunPolicy(text); policy {
	case "":
		return engine.RunPolicyFinish, nil
	case engine.RunPolicyFinish, engine.RunPolicyMigrate, engine.RunPolicyCancel:
		return policy, nil
	}
	return "", &admin.InputError{Err: errors.New("live runs can finish, migrate or be cancelled")}
}

// preparePublication counts whom a publication would reach, and changes nothing.
func (c *Console) preparePublication(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	policy, err := runPolicy(req.FormValue("in_flight"))
	if err != nil {
		return nil, err
	}
	data, err := c.describeDraft(req, draft)
	if err != nil {
		return nil, err
	}
	academy, err := data.folder.Compiled()
	if err != nil {
		return nil, &admin.InputError{Err: err}
	}
	data.Zone = time.UTC.String()
	if zone := academy.Ruleset.Settings.Location; zone != nil {
		data.Zone = zone.String()
	}
	if data.Plan, err = c.o.Installation.PreparePublication(req.Context(), academy, admin.PrepareOptions{RunPolicy: policy}); err != nil {
		return nil, err
	}
	return &page{name: "publish", title: "Publish the draft of " + draft.Author, section: "drafts", command: "homeroom rules publish DIR --dry-run", data: data}, nil
}

func (c *Console) publishDraft(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	policy, err := runPolicy(req.PostFormValue("in_flight"))
	if err != nil {
		return nil, err
	}
	published, err := c.as(req).PublishDraft(req.Context(), draft, c.readPublication(req, policy))
	if err != nil {
		return c.refuseDraft(req, draft, err)
	}
	return c.goTo(req, "/revisions", describePublished(published))
}

// readPublication returns how a draft is to be put in force, as a form says it.
func (c *Console) readPublication(req *request, policy engine.RunPolicy) admin.DraftPublication {
	return admin.DraftPublication{
		Seen:            req.PostFormValue("hash"),
		By:              req.person.Name,
		Note:            strings.TrimSpace(req.PostFormValue("note")),
		RunPolicy:       policy,
		Approvals:       c.o.Approvals,
		WithoutApproval: req.PostFormValue("without_approval") != "",
		Untested:        req.PostFormValue("untested") != "",
	}
}

// refuseDraft shows a draft and why something was not done with it, if the request was at fault. Otherwise it returns the error.
func (c *Console) refuseDraft(req *request, draft admin.Draft, err error) (*page, error) {
	var input *admin.InputError
	var conflict *admin.DraftConflictError
	if !errors.As(err, &input) && !errors.As(err, &conflict) {
		return nil, err
	}
	p, lookup := c.draftPage(req, draft, err.Error())
	if lookup != nil {
		return nil, err
	}
	p.status = statusOf(err)
	return p, nil
}
