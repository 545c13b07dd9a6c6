package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"homeroom/api"
	"homeroom/catalog"
	"homeroom/internal/guard"
	"homeroom/store"
)

// APIOptions are how events are taken over HTTP.
type APIOptions struct {
	// Listener is what the API accepts from; it is closed by Stop. Required.
	Listener net.Listener
	// Secrets are those with which bodies for sources may be signed.
	Secrets SourceSecrets
}

// Roles returns all roles, in the order in which people read them.
func Roles() []Role { return []Role{RoleTriggers, RoleWorker, RoleEdge, RoleAPI} }

// isAPIOnly reports whether the process takes events over HTTP and does nothing else. Then it needs no Temporal and makes no secret.
func (o *Options) isAPIOnly() bool { return len(o.Roles) == 1 && o.Roles[0] == RoleAPI }

// setUpFor makes what is missing for the roles of a process, and returns the installation's secrets. name is that of this instance.
func setUpFor(ctx context.Context, o Options, name string) (secrets [][]byte, err error) {
	if !o.isAPIOnly() {
		if err := Setup(ctx, o.JetStream, o.Temporal, o.Namespace, o.Store); err != nil {
			return nil, err
		}
		return ensureSecrets(ctx, o, name)
	}
	if err := store.Setup(ctx, o.JetStream, o.Store); err != nil {
		return nil, fmt.Errorf("setting up NATS: %w", err)
	}
	secrets, err = store.InstallationSecrets(ctx, o.JetStream, o.Secrets)
	if errors.Is(err, store.ErrSecretUnknown) {
		return nil, fmt.Errorf("the role api makes no secret: start a process of another role first, or give --secret-file: %w", err)
	}
	return secrets, err
}

// apiServer serves the API.
type apiServer struct {
	server   *http.Server
	listener net.Listener
	keys     *store.WriteKeys
}

// newAPIServer builds the HTTP server for events. Close it if it is not served.
func newAPIServer(ctx context.Context, revs *revisions, o Options) (*apiServer, error) {
	keys, err := store.OpenWriteKeys(ctx, o.JetStream)
	if err != nil {
		return nil, err
	}
	batches, err := store.NewBatches(o.JetStream)
	if err != nil {
		keys.Close()
		return nil, err
	}
	builtIn, err := catalog.Default()
	if err != nil {
		keys.Close()
		return nil, err
	}
	handler, err := api.New(api.Options{
		Keys:      writeKeys{keys},
		Publisher: eventBatches{batches},
		Catalog:   func() *catalog.Catalog { return cmp.Or(revs.catalogInForce(), builtIn) },
		Source:    func(name string) (api.Source, bool) { return findSource(revs, o.API.Secrets, name) },
		Now:       o.Clock.Now,
		Count:     func(status api.Status, n int) { o.Telemetry.CountPosted(string(status), n) },
		OnFault:   guard.LogTo(o.Log, "a request that posts events panicked", guard.LogPath),
	})
	if err != nil {
		keys.Close()
		return nil, err
	}
	return &apiServer{
		server: &http.Server{
			Handler:           o.Telemetry.API(handler),
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       30 * time.Second, // who sends a body more slowly is told so
			WriteTimeout:      time.Minute,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    32 << 10,
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		},
		listener: o.API.Listener,
		keys:     keys,
	}, nil
}

// serve serves requests until shutdown.
func (s *apiServer) serve() error {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the API stopped serving at %s: %w", s.listener.Addr(), err)
	}
	return nil
}

// apiGrace is how long shutdown waits for requests whose events are being stored.
const apiGrace = 15 * time.Second

// shutdown takes no more requests and answers those that are under way.
func (s *apiServer) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), apiGrace)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close()
	}
}

// close stops following the keys and closes the listener. It may be called again.
func (s *apiServer) close() {
	_ = s.listener.Close()
	s.keys.Close()
}

// writeKeys finds write keys in the form that the API needs.
type writeKeys struct{ store *store.WriteKeys }

// FindKey implements api.Keys.
func (k writeKeys) FindKey(id string) (api.Key, bool) {
	found, ok := k.store.Find(id)
	return api.Key{
		ID:        found.ID,
		Hash:      found.Hash,
		Scopes:    found.Scopes,
		PerSecond: found.PerSecond,
		Revoked:   !found.RevokedAt.IsZero(),
	}, ok
}

// eventBatches publishes in the form that the API needs.
type eventBatches struct{ batches *store.Batches }

// PublishAll implements api.Publisher.
func (b eventBatches) PublishAll(ctx context.Context, messages []api.Message) []api.Outcome {
	converted := make([]store.BatchMessage, len(messages))
	for i, m := range messages {
		converted[i] = store.BatchMessage(m)
	}
	outcomes := make([]api.Outcome, len(messages))
	for i, outcome := range b.batches.PublishAll(ctx, converted) {
		outcomes[i] = api.Outcome(outcome)
	}
	return outcomes
}
