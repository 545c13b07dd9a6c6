package console

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/engine"
)

// listedAudit is how many of the newest records the page lists.
const listedAudit = 200

// auditData is who did what.
type auditData struct {
	admin.AuditLog
	Since   string `json:"since"` // a duration
	Who     string `json:"who,omitempty"`
	Action  string `json:"action,omitempty"`
	Learner string `json:"learner,omitempty"`
}

func (c *Console) showAudit(req *request) (*page, error) {
	data := auditData{
		Since:   cmp.Or(strings.TrimSpace(req.FormValue("since")), "30d"),
		Who:     strings.TrimSpace(req.FormValue("who")),
		Action:  strings.ReplaceAll(strings.TrimSpace(req.FormValue("action")), " ", "_"),
		Learner: strings.TrimSpace(req.FormValue("learner")),
	}
	since := time.Time{}
	if data.Since != "all" {
		age, err := engine.ParseDuration(data.Since)
		if err != nil {
			return nil, &admin.InputError{Err: fmt.Errorf("since: %w; or write all", err)}
		}
		since = c.o.Installation.MachineNow().Add(-age)
	}
	var err error
	data.AuditLog, err = c.o.Installation.AuditLog(req.Context(), admin.AuditOptions{
		Since:   since,
		Who:     data.Who,
		Action:  data.Action,
		Learner: data.Learner,
		Limit:   listedAudit,
	})
	if err != nil {
		return nil, err
	}
	return &page{name: "audit", title: "Who did what", section: "audit", command: "homeroom audit --since " + data.Since, data: data}, nil
}
