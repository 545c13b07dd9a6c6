package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATSFlags say which NATS to talk to. Passwords belong into the credentials file, not into flags.
type NATSFlags struct {
	URL   string `name:"nats" env:"HOMEROOM_NATS_URL" default:"nats://127.0.0.1:4222" help:"NATS servers, separated by commas." placeholder:"URL"`
	Creds string `name:"nats-creds" env:"HOMEROOM_NATS_CREDS" type:"existingfile" help:"Credentials file." placeholder:"FILE"`
	CA    string `name:"nats-ca" env:"HOMEROOM_NATS_CA" type:"existingfile" help:"CA certificates to trust." placeholder:"FILE"`
	Cert  string `name:"nats-cert" env:"HOMEROOM_NATS_CERT" type:"existingfile" help:"Client certificate." placeholder:"FILE"`
	Key   string `name:"nats-key" env:"HOMEROOM_NATS_KEY" type:"existingfile" help:"Client key." placeholder:"FILE"`
}

// connect returns a connection that comes back by itself, and its JetStream.
func (f NATSFlags) connect(name string, opts ...nats.Option) (*nats.Conn, jetstream.JetStream, error) {
	opts = append(opts, nats.Name(name), nats.MaxReconnects(-1), nats.Timeout(5*time.Second))
	if f.Creds != "" {
		opts = append(opts, nats.UserCredentials(f.Creds))
	}
	if f.CA != "" {
		opts = append(opts, nats.RootCAs(f.CA))
	}
	if f.Cert != "" || f.Key != "" {
		opts = append(opts, nats.ClientCert(f.Cert, f.Key))
	}
	nc, err := nats.Connect(f.URL, opts...)
	if err != nil {
		var unread *url.Error
		if errors.As(err, &unread) { // it repeats the address, and with it the password
			err = unread.Err
		}
		return nil, nil, fmt.Errorf("no NATS at %s: %w; start one, try everything at once with `go run ./dev --live`, or name yours with --nats", f.where(), err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, fmt.Errorf("JetStream at %s: %w", f.where(), err)
	}
	return nc, js, nil
}

// where is the servers' addresses without the names, passwords and tokens in them.
func (f NATSFlags) where() string {
	servers := strings.Split(f.URL, ",")
	for i, server := range servers {
		if at := strings.LastIndex(server, "@"); at >= 0 {
			scheme := ""
			if before, _, ok := strings.Cut(server, "://"); ok {
				scheme = before + "://"
			}
			servers[i] = scheme + server[at+1:]
		}
	}
	return strings.Join(servers, ",")
}
