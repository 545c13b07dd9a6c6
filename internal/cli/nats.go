package cli

import (
	"context"
	"errors"

	"homeroom/admin"
	"homeroom/app"
)

// NATSFlags say which NATS to talk to. Passwords belong into the credentials file, not into flags.
type NATSFlags struct {
	URL   string `name:"nats" env:"HOMEROOM_NATS_URL" default:"nats://127.0.0.1:4222" help:"NATS servers, separated by commas. Default: ${default}." placeholder:"URL"`
	Creds string `name:"nats-creds" env:"HOMEROOM_NATS_CREDS" type:"existingfile" help:"Credentials file." placeholder:"FILE"`
	CA    string `name:"nats-ca" env:"HOMEROOM_NATS_CA" type:"existingfile" help:"CA certificates to trust." placeholder:"FILE"`
	Cert  string `name:"nats-cert" env:"HOMEROOM_NATS_CERT" type:"existingfile" help:"Client certificate." placeholder:"FILE"`
	Key   string `name:"nats-key" env:"HOMEROOM_NATS_KEY" type:"existingfile" help:"Client key." placeholder:"FILE"`
}

// natsOptions returns the flags as the options of a connection.
func (f NATSFlags) natsOptions() admin.NATSOptions {
	return admin.NATSOptions{
		URL:             f.URL,
		CredentialsFile: f.Creds,
		CAFile:          f.CA,
		CertFile:        f.Cert,
		KeyFile:         f.Key,
	}
}

// usageOfConfiguration makes an error about a configuration one of usage.
func usageOfConfiguration(err error) error {
	var configuration *app.ConfigurationError
	if errors.As(err, &configuration) {
		return usage(err)
	}
	return err
}

// connect implements connector, for commands that need NATS only.
func (f NATSFlags) connect(ctx context.Context, o IO, name string) (*admin.Installation, error) {
	return connectWith(ctx, o, admin.ConnectOptions{Name: name, NATS: f.natsOptions()})
}

// TemporalFlags are those of commands that need Temporal besides NATS, and no secret.
type TemporalFlags struct {
	NATSFlags
	Keys []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"The keys that serve encrypts with, if it does." placeholder:"FILE"`
}

// connect implements connector, with the keys for what Temporal stores.
func (f TemporalFlags) connect(ctx context.Context, o IO, name string) (*admin.Installation, error) {
	return connectWith(ctx, o, admin.ConnectOptions{Name: name, NATS: f.natsOptions(), KeyFiles: f.Keys})
}

// SecretFlags say which secrets an installation was given.
type SecretFlags struct {
	Secrets []string `name:"secret-file" env:"HOMEROOM_SECRET_FILE" type:"existingfile" help:"The file that serve was given as its secret, then the older ones; without it, the secret that is kept in NATS." placeholder:"FILE"`
}

// InstallationFlags say where an installation keeps its data, and its secret.
type InstallationFlags struct {
	NATSFlags
	SecretFlags
	Keys []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"The keys that serve encrypts with, if it does." placeholder:"FILE"`
}

// connect implements connector, with the installation's secret.
func (f InstallationFlags) connect(ctx context.Context, o IO, name string) (*admin.Installation, error) {
	return f.connectCaching(ctx, o, name, 0)
}

// connectCaching is connect with so many standings in memory; 0: as many as by default.
func (f InstallationFlags) connectCaching(ctx context.Context, o IO, name string, standings int) (*admin.Installation, error) {
	return connectWith(ctx, o, admin.ConnectOptions{
		Name:            name,
		NATS:            f.natsOptions(),
		NeedsSecret:     true,
		SecretFiles:     f.Secrets,
		KeyFiles:        f.Keys,
		CachedStandings: standings,
	})
}

// connectWith connects as the person who typed the command.
func connectWith(ctx context.Context, o IO, opts admin.ConnectOptions) (*admin.Installation, error) {
	opts.Actor = admin.Actor{Name: currentUser(), Way: admin.WayCLI}
	opts.Now = o.Now
	return admin.Connect(ctx, opts)
}
