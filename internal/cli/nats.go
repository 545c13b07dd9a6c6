package cli

import (
	"context"
	"errors"

	"homeroom/admin"
	"homeroom/app"
)

// NATSFlags say which NATS to talk to. Passwords belong into the credentials file, not into flags.
type NATSFlags struct {
	URL   string `name:"nats" env:"HOMEROOM_NATS_URL" default:"nats://127.0.0.1:4222" help:"NATS servers, separated by commas." placeholder:"URL"`
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

// connectAdmin connects to the installation; whoever calls it closes it. The name is what NATS's monitoring shows.
func (f NATSFlags) connectAdmin(ctx context.Context, o IO, name string) (*admin.Installation, error) {
	return admin.Connect(ctx, admin.ConnectOptions{Name: name, NATS: f.natsOptions(), Actor: cliActor(), Now: o.Now})
}

// TemporalFlags are those of commands that need Temporal besides NATS, and no secret.
type TemporalFlags struct {
	NATSFlags
	Keys []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"The keys that serve encrypts with, if it does." placeholder:"FILE"`
}

// connectTemporal connects to the installation as connectAdmin does, with the keys for what Temporal stores.
func (f TemporalFlags) connectTemporal(ctx context.Context, o IO, name string) (*admin.Installation, error) {
	return admin.Connect(ctx, admin.ConnectOptions{Name: name, NATS: f.natsOptions(), KeyFiles: f.Keys, Actor: cliActor(), Now: o.Now})
}

// cliActor returns in whose name commands do things.
func cliActor() admin.Actor { return admin.Actor{Name: currentUser(), Way: admin.WayCLI} }

// connectReading connects to the installation without its secret; whoever calls it closes it.
func (f InstallationFlags) connectReading(ctx context.Context, o IO, name string) (*admin.Installation, error) {
	return admin.Connect(ctx, admin.ConnectOptions{Name: name, NATS: f.natsOptions(), KeyFiles: f.Keys, Actor: cliActor(), Now: o.Now})
}

// connectInstallation connects to the installation with its secret; whoever calls it closes it. Cached standings: 0 is the
// default.
func (f InstallationFlags) connectInstallation(ctx context.Context, o IO, name string, cachedStandings int) (*admin.Installation, error) {
	return admin.Connect(ctx, admin.ConnectOptions{
		Name:            name,
		NATS:            f.natsOptions(),
		NeedsSecret:     true,
		SecretFiles:     f.Secrets,
		KeyFiles:        f.Keys,
		Actor:           cliActor(),
		Now:             o.Now,
		CachedStandings: cachedStandings,
	})
}
