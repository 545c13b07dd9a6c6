package cli

import (
	"errors"
	"fmt"
	"os"

	"homeroom/app"
)

// SendGridAccountFlags say which account of SendGrid's is asked, and where.
type SendGridAccountFlags struct {
	SendGridKey  string `name:"sendgrid-key-file" env:"HOMEROOM_SENDGRID_KEY_FILE" type:"existingfile" help:"File with the SendGrid API key. Default: the environment's SENDGRID_API_KEY." placeholder:"FILE"`
	SendGridHost string `name:"sendgrid-host" env:"HOMEROOM_SENDGRID_HOST" default:"https://api.sendgrid.com" help:"SendGrid's API; for EU subusers https://api.eu.sendgrid.com. Default: ${default}." placeholder:"URL"`
}

// SendGridFlags say how to hand mails to SendGrid.
type SendGridFlags struct {
	SendGridAccountFlags
	Sandbox bool `name:"sendgrid-sandbox" env:"HOMEROOM_SENDGRID_SANDBOX" help:"SendGrid checks every mail and delivers none."`
}

// newSender returns the sender of mails. The key comes from a file or the environment, never from a flag.
func (f SendGridFlags) newSender() (app.MailSender, error) { return f.newAccountSender(f.Sandbox) }

// newAccountSender is newSender for who sends no mail, or says whether SendGrid only checks it.
func (f SendGridAccountFlags) newAccountSender(sandbox bool) (app.MailSender, error) {
	sender, err := app.NewSendGridSender(app.SendGridOptions{
		Key:     os.Getenv("SENDGRID_API_KEY"),
		KeyFile: f.SendGridKey,
		Host:    f.SendGridHost,
		Sandbox: sandbox,
	})
	if errors.Is(err, app.ErrNoSendGridKey) {
		return nil, usage(fmt.Errorf("%w: set SENDGRID_API_KEY, or name a file with --sendgrid-key-file", err))
	}
	return sender, err
}
