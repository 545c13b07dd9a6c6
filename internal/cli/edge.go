package cli

import (
	"fmt"
	"net"
	"slices"
	"time"

	"homeroom/app"
)

// EdgeFlags say how the learners' pages and the webhook are served.
type EdgeFlags struct {
	Listen        string        `env:"HOMEROOM_LISTEN" default:":8080" help:"Where the learners' pages and the webhook listen, for plain HTTP behind a proxy that has the certificate. Default: ${default}." placeholder:"[HOST]:PORT"`
	WebhookKey    string        `name:"sendgrid-webhook-key" env:"HOMEROOM_SENDGRID_WEBHOOK_KEY" help:"The public key that SendGrid's settings show for its signed event webhook, which is to post to PUBLIC-URL/webhooks/sendgrid. Without it no webhook is taken." placeholder:"KEY"`
	WebhookMaxAge time.Duration `name:"webhook-max-age" env:"HOMEROOM_WEBHOOK_MAX_AGE" help:"Refuse webhooks signed longer ago. Default: any age, because it is not documented whether SendGrid signs a repeated post anew." placeholder:"DURATION"`
	TrustProxy    bool          `env:"HOMEROOM_TRUST_PROXY" help:"A proxy in front always sets X-Forwarded-For and X-Forwarded-Proto: believe it."`
}

// options opens the listener.
func (f EdgeFlags) options() (*app.EdgeOptions, error) {
	o := &app.EdgeOptions{WebhookMaxAge: f.WebhookMaxAge, TrustProxy: f.TrustProxy}
	if f.WebhookKey != "" {
		var err error
		if o.WebhookKey, err = app.ParseWebhookKey(f.WebhookKey); err != nil {
			return nil, usage(fmt.Errorf("--sendgrid-webhook-key: %w", err))
		}
	}
	var err error
	if o.Listener, err = net.Listen("tcp", f.Listen); err != nil {
		return nil, fmt.Errorf("listening on %s for the learners' pages: %w; choose another address with --listen", f.Listen, err)
	}
	return o, nil
}

// rolesOf reads what a process is to serve.
func rolesOf(names []string) ([]app.Role, error) {
	all := app.Roles()
	roles := make([]app.Role, 0, len(all))
	for _, name := range names {
		role := app.Role(name)
		if !slices.Contains(all, role) {
			return nil, usage(fmt.Errorf("--roles: there is no role %q; there are triggers, worker, edge and api", name))
		}
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles, nil
}
