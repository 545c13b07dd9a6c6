package console

import (
	"homeroom/admin"
)

// scheduleDraft has a draft put in force at the time that a form says.
func (c *Console) scheduleDraft(req *request) (*page, error) {
	draft, err := c.draftOf(req)
	if err != nil {
		return nil, err
	}
	policy, err := runPolicy(req.PostFormValue("in_flight"))
	if err != nil {
		return nil, err
	}
	scheduled, err := c.as(req).ScheduleDraft(req.Context(), draft, admin.Scheduling{
		At:               req.PostFormValue("at"),
		Zone:             req.PostFormValue("zone"),
		DraftPublication: c.readPublication(req, policy),
	})
	if err != nil {
		return c.refuseDraft(req, draft, err)
	}
	return c.goTo(req, "/drafts/"+draft.ID, "The draft is "+admin.DescribeSchedule(scheduled.Schedule)+". An edit cancels that, and so does another publication.")
}

// unscheduleDraft cancels a draft's scheduled publication, or takes away why it was cancelled.
func (c *Console) unscheduleDraft(req *request) (*page, error) {
	return c.changeDraft(req, "The draft is not put in force by itself.", func(d admin.Draft) error {
		_, err := c.as(req).UnscheduleDraft(req.Context(), d)
		return err
	})
}
