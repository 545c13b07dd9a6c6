package console

import (
	"homeroom/admin"
)

func (c *Console) showLift(req *request) (*page, error) {
	answer, err := c.o.Installation.Report(req.Context(), admin.ReportOptions{})
	if err != nil {
		return nil, err
	}
	return &page{name: "lift", title: "Lift", section: "lift", command: "homeroom report", data: answer}, nil
}
