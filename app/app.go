package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"homeroom/delivery"
	"homeroom/internal/clock"
	"homeroom/store"
	"homeroom/triggers"
	"homeroom/worker"
)

// App is Homeroom, put together.
type App struct {
	name      string // of this instance
	store     *store.Store
	revisions *revisions
	triggers  *triggers.Triggers
	worker    *worker.Worker
	// broadcastWorker serves the activities of broadcasts, in the role triggers.
	broadcastWorker *worker.BroadcastWorker
	listLook        *delivery.ListLook // nil: the provider's lists are not read here
	clock           clock.Clock
	rewinds         func() int64              // of the stream, as the worker saw them; nil: no worker runs here
	refusals        func() []delivery.Refusal // of the providers' accounts; nil: nothing is delivered here
	edge            *http.Server              // nil: not served here
	flushEdge       func()                    // publishes what the edge holds back
	edgeListener    net.Listener
	api             *apiServer // nil: not served here
	folder          *folder    // to be put in force at the start; nil: none
	log             *slog.Logger
	roles           []Role
	schedules       client.ScheduleClient
	scheduled       bool // the schedule that adapts splits is there, as far as this process knows

	standIn      bool                // mail goes to a stand-in of the provider
	fingerprints map[string][]string // of what all instances must agree in
	namespace    string              // of Temporal; empty: this process needs none
	started      time.Time
	refused      []store.ProviderRefusal // as logged last
	rights       *rightsWatch

	live       context.Context // ends with Stop
	cancel     context.CancelFunc
	running    chan struct{} // closed when the triggers have ended
	background sync.WaitGroup
	failed     chan error // at most one error that ends the service
	stop       sync.Once
}

// New refuses a NATS user that may not do what the roles need, makes what is missing in NATS and Temporal (streams, buckets, search attributes), puts the academy in force if
// nothing is, and wires everything. Nothing runs before Start; after an error nothing is left open.
func New(ctx context.Context, o Options) (*App, error) {
	if err := o.completeOptions(); err != nil {
		return nil, err
	}
	for _, role := range o.Roles {
		if err := store.CheckRole(ctx, o.JetStream, string(role)); err != nil {
			return nil, err
		}
	}
	name, err := instanceName()
	if err != nil {
		return nil, err
	}
	secrets, err := setUpFor(ctx, o, name)
	if err != nil {
		recordNotStarted(ctx, o, err)
		return nil, err
	}
	o.Secrets = secrets
	st, err := store.Open(ctx, o.JetStream, store.OpenOptions{Secret: secrets[0], OldSecrets: secrets[1:], Now: o.Clock.Now})
	if err != nil {
		return nil, err
	}
	a := &App{name: name, store: st, log: o.Log, clock: o.Clock, roles: o.Roles, standIn: o.StandIn, running: make(chan struct{}), failed: make(chan error, 1)}
	a.rights = &rightsWatch{
		roles: o.Roles,
		every: o.RightsEvery,
		check: func(ctx context.Context, role string) error {
			return store.CheckServingRole(ctx, o.JetStream, role)
		},
		log:       o.Log,
		reconnect: o.JetStream.Conn().ForceReconnect,
	}
	if o.Temporal != nil { // the role api alone does without
		a.schedules = o.Temporal.ScheduleClient()
		a.namespace = o.Namespace
	}
	a.started = time.Now()
	if a.fingerprints, err = store.Fingerprints(ctx, o.JetStream, valuesToAgree(o)); err == nil {
		err = a.wireRoles(ctx, o)
	}
	if err != nil {
		if a.api != nil {
			a.api.close()
		}
		st.Control.Close()
		return nil, err
	}
	return a, nil
}

// installationID names the installation that this process is of; see edge.Options.
func (a *App) installationID() string {
	return strings.Join(a.fingerprints[store.FingerprintInstallation], "")
}

// valuesToAgree are the values in which all instances must agree.
func valuesToAgree(o Options) map[string][][]byte {
	values := map[string][][]byte{
		store.FingerprintSecret:     o.Secrets,
		store.FingerprintEncryption: o.EncryptionKeys,
		store.FingerprintPublicURL:  {[]byte(strings.TrimRight(o.PublicURL, "/"))},
		store.FingerprintNATSUser:   {[]byte(o.NATSUser)},
		// The same for all who share the key of the fingerprints.
		store.FingerprintInstallation: {[]byte(store.FingerprintInstallation)},
	}
	if o.Edge != nil && o.Edge.WebhookKey != nil {
		if raw, err := x509.MarshalPKIXPublicKey(o.Edge.WebhookKey); err == nil {
			values[store.FingerprintWebhook] = [][]byte{raw}
		}
	}
	return values
}

// CheckAgreement returns an error if this process has another secret, encryption key or Temporal namespace than one that started
// earlier. A difference in something else is reported by the doctor and a metric, and does not keep a process from serving.
func (a *App) CheckAgreement(context.Context) error {
	serious := []string{store.FingerprintSecret, store.FingerprintEncryption, store.DifferentNamespace}
	for _, d := range store.Disagreements(a.store.Control.Instances(), time.Now()) {
		if d.Instance == a.name && slices.Contains(serious, d.What) {
			return fmt.Errorf("%s; %s", d, d.Do)
		}
	}
	return nil
}

func (o *Options) completeOptions() error {
	for _, need := range []struct {
		name    string
		missing bool
	}{
		{"JetStream", o.JetStream == nil}, {"Temporal", o.Temporal == nil && !o.isAPIOnly()},
		{"PublicURL", o.PublicURL == ""},
	} {
		if need.missing {
			return fmt.Errorf("app: Options.%s is missing", need.name)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.isAPIOnly() && o.Academy != nil {
		return errors.New("app: a process of the role api alone puts no academy in force: leave it out, or serve another role too")
	}
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	o.RightsEvery = cmp.Or(o.RightsEvery, defaultRightsEvery)
	if len(o.Roles) == 0 {
		o.Roles = []Role{RoleTriggers, RoleWorker}
		if o.Edge != nil {
			o.Roles = append(o.Roles, RoleEdge)
		}
		if o.API != nil {
			o.Roles = append(o.Roles, RoleAPI)
		}
	}
	for _, role := range o.Roles {
		if !slices.Contains(Roles(), role) {
			return fmt.Errorf("app: there is no role %q; the roles are %v", role, Roles())
		}
	}
	if slices.Contains(o.Roles, RoleWorker) && o.Sender == nil {
		return errors.New("app: the role worker needs Options.Sender")
	}
	if slices.Contains(o.Roles, RoleEdge) && (o.Edge == nil || o.Edge.Listener == nil) {
		return errors.New("app: the role edge needs Options.Edge with a Listener")
	}
	if slices.Contains(o.Roles, RoleAPI) && (o.API == nil || o.API.Listener == nil) {
		return errors.New("app: the role api needs Options.API with a Listener")
	}
	return nil
}

// Start serves. It returns when the worker polls, the triggers are about to listen and the academy is in force, if it is
// to be; see Failed for what comes later.
func (a *App) Start(ctx context.Context) error {
	if err := a.startRoles(ctx); err != nil {
		return err
	}
	if a.folder != nil {
		a.putInForce(ctx)
	}
	return nil
}

func (a *App) startRoles(ctx context.Context) error {
	var seen uint64
	if err := a.keepUp(ctx, &seen); err != nil { // from here on publishers wait for this instance
		return err
	}
	if a.hasRole(RoleWorker) {
		if err := a.worker.Start(); err != nil {
			return err
		}
	}
	ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	a.live = ctx
	a.background.Go(func() { a.followRules(ctx, seen) })
	a.background.Go(func() { a.rights.keepTrying(ctx) })
	if a.listLook != nil {
		a.background.Go(func() { a.lookAtLists(ctx) })
	}
	if a.edge != nil {
		a.serveEdge(a.edgeListener)
	}
	if a.api != nil {
		a.background.Go(func() {
			if err := a.api.serve(); err != nil {
				a.reportFailure(err)
			}
		})
	}
	if !a.hasRole(RoleTriggers) {
		close(a.running)
		return nil
	}
	if err := a.broadcastWorker.Start(); err != nil {
		close(a.running)
		return fmt.Errorf("starting the Temporal worker for broadcasts: %w", err)
	}
	go func() {
		defer close(a.running)
		if err := a.triggers.Run(ctx); err != nil {
			a.reportFailure(fmt.Errorf("the triggers could not begin: %w", err))
		}
	}()
	return nil
}

func (a *App) hasRole(r Role) bool { return slices.Contains(a.roles, r) }

// Failed yields the error that ends the service, if one ever does.
func (a *App) Failed() <-chan error { return a.failed }

func (a *App) reportFailure(err error) {
	select {
	case a.failed <- err:
	default: // the first one is reported
	}
}

// Store is the store that the app works on.
func (a *App) Store() *store.Store { return a.store }

// Stats count what the triggers have done: nothing, in a process without that role.
func (a *App) Stats() triggers.Stats {
	if a.triggers == nil {
		return triggers.Stats{}
	}
	return a.triggers.Stats()
}

// Stop takes no more events, finishes what is in flight, and closes. It is bounded by the grace of triggers and worker, and may be
// called again.
func (a *App) Stop() {
	a.stop.Do(func() {
		if a.cancel != nil {
			a.cancel()
			<-a.running
			if a.edge != nil {
				a.stopEdge()
			}
			if a.api != nil {
				a.api.shutdown()
			}
			a.background.Wait()
			if a.hasRole(RoleTriggers) {
				a.broadcastWorker.Stop()
			}
			if a.hasRole(RoleWorker) {
				a.worker.Stop()
			}
			a.removeRecord() // last: until here it decides by the rules it has
		}
		if a.api != nil {
			a.api.close()
		}
		a.store.Control.Close()
	})
}
