package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"homeroom/app"
	"homeroom/rules"
)

// ServeCmd is `homeroom serve`.
type ServeCmd struct {
	Academy string `type:"existingdir" env:"HOMEROOM_ACADEMY" help:"The growth team's folder, put in force at the start if nothing is, and as --publish-on-start says." placeholder:"DIR"`
	OnStart string `name:"publish-on-start" env:"HOMEROOM_PUBLISH_ON_START" enum:"new,always,never" default:"new" help:"Put the folder in force although others are: new (unless it was in force before, so that a restart never undoes a publication), always or never. Default: ${default}." placeholder:"WHEN"`
	NATSFlags
	Roles     []string `env:"HOMEROOM_ROLES" default:"triggers,worker,edge" help:"What this process serves: triggers, worker, edge, and api, which takes events over HTTP. Default: ${default}." placeholder:"ROLE"`
	PublicURL string   `required:"" env:"HOMEROOM_PUBLIC_URL" help:"Where learners reach Homeroom's pages; the links in messages begin with it." placeholder:"URL"`
	EdgeFlags
	APIFlags
	Secrets []string `name:"secret-file" env:"HOMEROOM_SECRET_FILE" type:"existingfile" help:"Keys links and hashed addresses; given again, older ones that it replaced. Default: made at the first start and kept in NATS." placeholder:"FILE"`
	Keys    []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"Encrypts what Temporal stores; given again, older keys that still decrypt. See docs/privacy.md." placeholder:"FILE"`

	AllowFlags
	SendGridFlags
	TargetFlags
	PushFlags
	Rate   float64       `name:"deliveries-per-second" env:"HOMEROOM_DELIVERIES_PER_SECOND" help:"At most so many, over all workers. Default: no limit." placeholder:"N"`
	Settle time.Duration `name:"settle-after" env:"HOMEROOM_SETTLE_AFTER" default:"15m" help:"Send a mail whose fate is uncertain again, once, after so long, if the provider's reports show that it was not taken. 0: never. Default: ${default}." placeholder:"DURATION"`

	Replicas int           `name:"nats-replicas" env:"HOMEROOM_NATS_REPLICAS" default:"1" help:"Of streams and buckets that are made; 3 in production."`
	Keep     time.Duration `name:"keep-events" env:"HOMEROOM_KEEP_EVENTS" help:"For how long streams that are made keep events. Default: forever." placeholder:"DURATION"`
	OpsFlags
}

// Help is shown by `homeroom serve --help`.
func (*ServeCmd) Help() string {
	return `Connects to NATS and Temporal, makes the streams, buckets and search attributes that are missing, puts the folder's
rules in force and serves until it is told to stop. Rules that are published meanwhile (homeroom rules publish) are taken
over without a restart. Without --academy it serves what was published.

Only the worker needs SendGrid's key; with --roles, the others do without. The role api takes events over HTTP, for platforms that
do not speak NATS; it needs a write key (homeroom keys create), and by itself no Temporal.

Temporal is found by the SDK's own variables: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…
or a profile of its configuration file (TEMPORAL_PROFILE).

Example:
  export SENDGRID_API_KEY=… TEMPORAL_ADDRESS=temporal.internal:7233
  homeroom serve --academy academy --nats nats://nats.internal:4222 --public-url https://learn.example.org`
}

// Run serves until ctx ends.
func (c *ServeCmd) Run(ctx context.Context, o IO) error {
	log := c.logger(o)
	var academy *rules.Academy
	if c.Academy != "" {
		var err error
		if academy, err = loadAcademy(c.Academy); err != nil {
			return err
		}
	}
	roles, err := rolesOf(c.Roles)
	if err != nil {
		return err
	}
	var sender app.MailSender
	var targets app.TargetOptions
	var push app.PushOptions
	if slices.Contains(roles, app.RoleWorker) {
		if targets, err = c.targetOptions(); err != nil {
			return err
		}
		if push, err = c.pushOptions(); err != nil {
			return err
		}
		if sender, err = c.newSender(); err != nil {
			return err
		}
	}
	secrets, err := readSecrets(c.Secrets)
	if err != nil {
		return err
	}
	if err := c.checkAllow(); err != nil {
		return err
	}
	connections, err := app.ConnectNATS(c.natsOptions())
	if err != nil {
		return err
	}
	defer connections.Close()
	operators, err := c.OpsFlags.open(ctx, o, log)
	if err != nil {
		return err
	}
	defer operators.close(log)
	if !slices.Equal(roles, []app.Role{app.RoleAPI}) { // which needs no workflows
		err = connections.DialTemporal(ctx, c.Keys, log, operators.Telemetry)
	}
	if err != nil {
		return usageOfConfiguration(err)
	}
	var pages *app.EdgeOptions
	if slices.Contains(roles, app.RoleEdge) {
		if pages, err = c.EdgeFlags.options(); err != nil {
			return err
		}
		defer pages.Listener.Close()
	}
	var posts *app.APIOptions
	if slices.Contains(roles, app.RoleAPI) {
		if posts, err = c.APIFlags.options(); err != nil {
			return err
		}
		defer posts.Listener.Close()
	}
	opts := app.Options{
		Academy:             academy,
		OnStart:             app.OnStart(c.OnStart),
		Sender:              sender,
		Targets:             targets,
		Push:                push,
		SuppressionLists:    sender,
		Author:              currentUser(),
		Store:               app.StoreOptions{Replicas: c.Replicas, MaxAge: c.Keep},
		Log:                 log,
		PublicURL:           c.PublicURL,
		Secrets:             secrets,
		Roles:               roles,
		Edge:                pages,
		API:                 posts,
		Telemetry:           operators.Telemetry,
		Allow:               c.Allow,
		DeliveriesPerSecond: c.Rate,
		SettleAfter:         c.Settle,
	}
	connections.ApplyTo(&opts)
	homeroom, err := app.New(ctx, opts)
	if err != nil {
		return err
	}
	defer homeroom.Stop()
	if err := homeroom.Start(ctx); err != nil {
		return err
	}
	if pages != nil {
		log.Info("learners' pages", "listen", pages.Listener.Addr().String(), "public_url", c.PublicURL, "webhook", pages.WebhookKey != nil)
	}
	if posts != nil {
		log.Info("events over HTTP", "listen", posts.Listener.Addr().String())
	}
	operators.markReady(connections.ReadinessChecks(homeroom))
	log.Info("serving", "operators", operators.addr, "roles", roles, "ruleset", homeroom.Swap().Ruleset, "nats", connections.NATSAddress(), "namespace", connections.Namespace())
	select {
	case err := <-homeroom.Failed():
		return err
	case <-ctx.Done():
		operators.markStopping()
		log.Info("stopping: what is under way is finished first; a second signal leaves at once")
		return nil
	}
}

// readSecrets reads secret files in their order. A secret that is too short is an error of usage.
func readSecrets(files []string) ([][]byte, error) {
	secrets, err := app.ReadSecretFiles(files)
	if errors.Is(err, app.ErrSecretTooShort) {
		return nil, usage(err)
	}
	return secrets, err
}
