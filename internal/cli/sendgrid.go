package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"homeroom/delivery/sendgrid"
)

// SendGridFlags say how to reach SendGrid.
type SendGridFlags struct {
	SendGridKey  string `name:"sendgrid-key-file" env:"HOMEROOM_SENDGRID_KEY_FILE" type:"existingfile" help:"File with the SendGrid API key. Default: the environment's SENDGRID_API_KEY." placeholder:"FILE"`
	SendGridHost string `name:"sendgrid-host" env:"HOMEROOM_SENDGRID_HOST" default:"https://api.sendgrid.com" help:"SendGrid's API; for EU subusers https://api.eu.sendgrid.com." placeholder:"URL"`
	Sandbox      bool   `name:"sendgrid-sandbox" env:"HOMEROOM_SENDGRID_SANDBOX" help:"SendGrid checks every mail and delivers none."`
}

// newSender makes the SendGrid adapter. The key comes from a file or the environment, never from a flag.
func (f SendGridFlags) newSender() (*sendgrid.Sender, error) {
	key := os.Getenv("SENDGRID_API_KEY")
	if f.SendGridKey != "" {
		raw, err := os.ReadFile(f.SendGridKey)
		if err != nil {
			return nil, fmt.Errorf("reading the SendGrid key: %w", err)
		}
		key = strings.TrimSpace(string(raw))
	}
	if key == "" {
		return nil, usage(errors.New("no SendGrid key: set SENDGRID_API_KEY, or name a file with --sendgrid-key-file"))
	}
	return sendgrid.New(sendgrid.Options{APIKey: key, Host: f.SendGridHost, Sandbox: f.Sandbox, Now: time.Now})
}
