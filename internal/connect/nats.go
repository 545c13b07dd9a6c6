// Package connect opens connections to NATS and Temporal, with errors that say what to do. It knows nothing of what is
// asked over them.
package connect

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATSOptions say which NATS to connect to. Paths and names may be empty.
type NATSOptions struct {
	URL             string // servers, separated by commas
	CredentialsFile string
	CAFile          string // certificates to trust
	CertFile        string // client certificate, with KeyFile
	KeyFile         string
}

// NATS returns a connection that reconnects by itself, and its JetStream. The name is what the server's monitoring shows.
func NATS(name string, o NATSOptions) (*nats.Conn, jetstream.JetStream, error) {
	opts := []nats.Option{
		nats.Name(name),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // a password that is wrong for a while, as when it is changed, ends no connection for good
		nats.Timeout(5 * time.Second),
	}
	if o.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(o.CredentialsFile))
	}
	if o.CAFile != "" {
		opts = append(opts, nats.RootCAs(o.CAFile))
	}
	if o.CertFile != "" || o.KeyFile != "" {
		opts = append(opts, nats.ClientCert(o.CertFile, o.KeyFile))
	}
	nc, err := nats.Connect(o.URL, opts...)
	if err != nil {
		return nil, nil, o.explainRefusal(err, opts)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, nil, fmt.Errorf("JetStream at %s: %w", o.Address(), err)
	}
	return nc, js, nil
}

// explainRefusal says what to do about a connection that could not be made.
func (o NATSOptions) explainRefusal(err error, opts []nats.Option) error {
	var unread *url.Error
	if errors.As(err, &unread) { // it repeats the address, and with it the password
		err = unread.Err
	}
	if errors.Is(err, nats.ErrNoServers) {
		err = o.refusalOfOne(err, opts)
	}
	if isRefusal(err) {
		return fmt.Errorf("NATS refused the user or password: at %s: %w; look at the user and password or token in --nats (HOMEROOM_NATS_URL), or the credentials in --nats-creds", o.Address(), err)
	}
	return fmt.Errorf("no NATS at %s: %w; start one, try everything at once with `go run ./dev --live`, or name yours with --nats", o.Address(), err)
}

// refusalOfOne returns the refusal of the first server that refuses, or err if none does: of several servers the client returns the
// error of the last one, so that a last server that cannot be reached hides the refusal of one before it.
func (o NATSOptions) refusalOfOne(err error, opts []nats.Option) error {
	servers := strings.Split(o.URL, ",")
	if len(servers) == 1 {
		return err
	}
	for _, server := range servers {
		nc, refusal := nats.Connect(strings.TrimSpace(server), opts...)
		if refusal == nil {
			nc.Close()
			continue
		}
		if isRefusal(refusal) {
			return refusal
		}
	}
	return err
}

func isRefusal(err error) bool {
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAuthRevoked) || errors.Is(err, nats.ErrAccountAuthExpired)
}

// User returns whom NATS knows the connection as: the name or the token in the address of the first server, or else what is in the
// credentials file. It is compared by its fingerprint and not printed; empty: nobody in particular.
func (o NATSOptions) User() string {
	first, _, _ := strings.Cut(o.URL, ",")
	if u, err := url.Parse(first); err == nil && u.User.Username() != "" {
		return u.User.Username()
	}
	if o.CredentialsFile == "" {
		return ""
	}
	credentials, err := os.ReadFile(o.CredentialsFile)
	if err != nil {
		return ""
	}
	return string(credentials)
}

// Address returns the servers' addresses without the names, passwords and tokens in them.
func (o NATSOptions) Address() string {
	servers := strings.Split(o.URL, ",")
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
