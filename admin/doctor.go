package admin

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/app"
	"homeroom/doctor"
	"homeroom/internal/connect"
)

// What the doctor says, see package doctor.
type (
	Finding       = doctor.Finding
	FindingStatus = doctor.Status
	Mail          = doctor.Mail
	Push          = doctor.Push
)

// The statuses of a finding.
const (
	StatusOK         = doctor.OK
	StatusWarning    = doctor.Warning
	StatusFailed     = doctor.Failed
	StatusNotChecked = doctor.NotChecked
)

// DoctorOptions say how to reach what is looked at. Temporal's address comes from the SDK's environment variables.
type DoctorOptions struct {
	NATS      NATSOptions
	Mail      func() (Mail, error) // the provider's account
	MailHost  string               // the provider's, for words
	Push      func() (Push, error) // the service account of the channel push; nil: there is none
	PublicURL string               // where learners reach the pages; empty: it is not checked
	Now       func() time.Time
}

// DoctorReport is what the doctor found.
type DoctorReport struct {
	Healthy bool      `json:"healthy"` // nothing failed; there may be warnings
	Checks  []Finding `json:"checks"`  // in the order in which they are best read
}

// Doctor reaches everything that a server would reach and says what is wrong and what to do. It changes nothing and sends
// nothing.
func Doctor(ctx context.Context, opts DoctorOptions) DoctorReport {
	findings := doctor.Examine(ctx, doctor.Options{
		NATS: func() (*nats.Conn, jetstream.JetStream, error) {
			return connect.NATS("homeroom doctor", opts.NATS)
		},
		Temporal: func(ctx context.Context) (client.Client, string, error) {
			return connect.Temporal(ctx, connect.TemporalOptions{})
		},
		Mail:             opts.Mail,
		MailHost:         opts.MailHost,
		Push:             opts.Push,
		SearchAttributes: app.SearchAttributes(),
		PublicURL:        opts.PublicURL,
		Now:              opts.Now,
	})
	return DoctorReport{Healthy: doctor.Healthy(findings), Checks: findings}
}
