package console

// peopleData is who may do what, how they sign in, and the settings in force.
type peopleData struct {
	You          Person     `json:"you"`
	Ways         []LoginWay `json:"ways"`
	Roles        []roleData `json:"roles"`
	Approvals    int        `json:"approvals"`     // how many others must approve a draft
	FromSettings bool       `json:"from_settings"` // settings.yaml says how many
	Settings     string     `json:"settings"`      // settings.yaml in force; empty: there is none
}

// roleData is a role in words.
type roleData struct {
	Role Role   `json:"role"`
	May  string `json:"may"`
}

func describeRoles() []roleData {
	return []roleData{
		{RoleViewer, "look at rules, messages, drafts, revisions and the lift, and comment on proposals; everybody who signs in may"},
		{RoleEditor, "write drafts and propose them"},
		{RoleApprover, "approve, publish, roll back, stop and resume sending, see who did what"},
		{RolePeople, "look learners up, try rules on their events, publish refused events again, see who did what; each look is recorded"},
	}
}

func (c *Console) showPeople(req *request) (*page, error) {
	settings, err := c.o.Installation.SettingsInForce(req.Context())
	if err != nil {
		return nil, err
	}
	data := peopleData{
		You:          req.person,
		Ways:         c.o.People.Ways(),
		Roles:        describeRoles(),
		Approvals:    settings.ApprovalsOr(c.o.Approvals),
		FromSettings: settings.Approvals != nil,
		Settings:     settings.Text,
	}
	return &page{name: "people", title: "People and settings", section: "people", command: "homeroom console --help", data: data}, nil
}
