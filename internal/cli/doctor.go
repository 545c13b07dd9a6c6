package cli

import (
	"context"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// DoctorCmd is `homeroom doctor`.
type DoctorCmd struct {
	NATSFlags
	SendGridFlags
	PushFlags
	PublicURL string `env:"HOMEROOM_PUBLIC_URL" help:"Where learners reach Homeroom's pages. Default: not checked." placeholder:"URL"`
	Format    string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom doctor --help`.
func (*DoctorCmd) Help() string {
	return `Reaches everything that serve would reach, with the same flags and variables, and says what is wrong and what to do: NATS,
its streams and consumers, the rules in force and who runs them, the kill switch, dead letters, Temporal, its namespace and
search attributes, SendGrid's key and the sender, and the service account of channel: push if there is one. It changes nothing and sends nothing. It ends with exit code 1 if
something is wrong (✗); warnings (!) are for people.

Example:
  homeroom doctor --nats nats://nats.internal:4222 --public-url https://learn.example.org
  homeroom doctor --format json | jq '.checks[] | select(.verdict != "ok")'`
}

// Run examines and prints.
func (c *DoctorCmd) Run(ctx context.Context, o IO) error {
	report := admin.Doctor(ctx, admin.DoctorOptions{
		NATS: c.natsOptions(),
		Mail: func() (admin.Mail, error) {
			sender, err := c.newSender()
			if err != nil {
				return nil, err
			}
			return sender, nil
		},
		MailHost:  c.SendGridHost,
		Push:      c.pushCheck(),
		PublicURL: c.PublicURL,
		Now:       o.Now,
	})
	if err := o.PrintResult(c.Format, report, printing.DoctorText(o, report.Checks)); err != nil {
		return err
	}
	if !report.Healthy {
		return ExitError{Code: 1}
	}
	return nil
}
