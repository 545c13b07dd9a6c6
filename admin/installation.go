package admin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/deadletters"
	"homeroom/internal/clock"
	"homeroom/internal/connect"
	"homeroom/rules"
	"homeroom/store"
)

// NATSOptions say which NATS an installation uses.
type NATSOptions = connect.NATSOptions

// ConnectOptions say how to reach an installation. Temporal's address comes from the SDK's environment variables.
type ConnectOptions struct {
	Name string // what NATS's monitoring shows, such as "homeroom import"
	NATS NATSOptions
	// NeedsSecret reads the installation's secrets: SecretFiles, and the one that is kept in NATS.
	NeedsSecret bool
	SecretFiles []string
	KeyFiles    []string         // with which payloads in Temporal are encrypted; empty: they are not
	Now         func() time.Time // required
	// Real is the machine's clock: by it the records of processes count as live, and what people do is dated. In
	// time-lapse it differs from Now. Nil: Now is taken for it, and the installation's own clock is read from its live processes.
	Real func() time.Time
	// Temporal is a client that the caller keeps, with its Namespace; nil: one is dialed when it is needed, as the SDK's environment
	// variables say.
	Temporal  client.Client
	Namespace string
	// Directly reads streams by direct gets, which the NATS user homeroom-console may, and makes no consumers; see [store.StreamReader].
	Directly bool
	// Actor is in whose name things are done; see [Installation.As]. Without a name nothing that is recorded can be done.
	Actor Actor
	// CachedStandings is how many standings are kept in memory; 0: the store's default.
	CachedStandings int
}

// Installation is one Homeroom with its NATS and Temporal, as an operator reaches it. Temporal is dialed when it is first
// needed.
type Installation struct {
	*shared
	actor Actor
}

// shared is what all who use one connection to an installation share.
type shared struct {
	opts   ConnectOptions
	nc     *nats.Conn
	js     jetstream.JetStream
	store  *store.Store
	owners *store.AddressIndex

	dialing sync.Mutex // held while Temporal is dialed, which may take seconds

	mu        sync.Mutex
	temporal  client.Client // nil until it is needed
	namespace string
	audit     *store.Audit         // nil until it is needed
	academy   *rules.Academy       // the revision that was compiled last; nil: none was
	compiled  string               // its hash
	letters   *deadletters.Counter // of the dead letters, with what it counted so far
}

// Connect connects to an installation's NATS and opens its stores. The installation must be closed.
func Connect(ctx context.Context, opts ConnectOptions) (*Installation, error) {
	nc, js, err := connect.NATS(opts.Name, opts.NATS)
	if err != nil {
		return nil, err
	}
	followsClock := opts.Real == nil
	if followsClock {
		opts.Real = opts.Now
	}
	i := &Installation{
		shared: &shared{
			opts:      opts,
			nc:        nc,
			js:        js,
			owners:    store.NewAddressIndex(js),
			temporal:  opts.Temporal,
			namespace: opts.Namespace,
		},
		actor: opts.Actor,
	}
	if err := i.openStore(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	i.letters = deadletters.NewCounter(i.deadLetters())
	if lived := i.readClock(); followsClock && !lived.IsReal() {
		i.opts.Now = i.followClock(lived)
	}
	return i, nil
}

// followClock returns the time of an installation whose clock is not the machine's, and whose pace may change. When no process of it is alive any more, its clock
// runs on as it did last.
func (i *Installation) followClock(known clock.Clock) func() time.Time {
	var last atomic.Pointer[clock.Clock]
	last.Store(&known)
	return func() time.Time {
		if lived := i.readClock(); !lived.IsReal() {
			last.Store(&lived)
		}
		return last.Load().At(i.opts.Real())
	}
}

// readClock returns the clock on which the installation lives: the machine's, or another one in time-lapse.
func (i *Installation) readClock() clock.Clock {
	return store.ClockOf(i.store.Control.Instances(), i.opts.Real())
}

// Now returns the time in which the installation's learners live.
func (i *Installation) Now() time.Time { return i.opts.Now() }

// MachineNow returns the machine's time, by which what people do is dated: drafts, proposals, publications, a pause, and who did what. It differs from
// Now in time-lapse only.
func (i *Installation) MachineNow() time.Time { return i.opts.Real() }

func (i *Installation) openStore(ctx context.Context) error {
	opts := store.OpenOptions{Cached: i.opts.CachedStandings, Now: i.opts.Now}
	if i.opts.NeedsSecret {
		given, err := store.ReadSecretFiles(i.opts.SecretFiles)
		if err != nil {
			return asInputError(err, store.ErrSecretTooShort)
		}
		secrets, err := store.InstallationSecrets(ctx, i.js, given)
		if err != nil {
			return asInputError(err, store.ErrSecretUnknown)
		}
		opts.Secret = secrets[0]
		opts.OldSecrets = secrets[1:]
	}
	st, err := store.Open(ctx, i.js, opts)
	i.store = st
	return err
}

// CheckConsole returns an error that wraps [store.ErrWrongUser] if the NATS user of this connection may not do what a console needs, and one that wraps
// [store.ErrMissingImport] if its NATS account lacks an import for it.
func (i *Installation) CheckConsole(ctx context.Context) error {
	return store.CheckRole(ctx, i.js, "console")
}

// Connected reports whether NATS can be reached at the moment.
func (i *Installation) Connected() bool { return i.nc.IsConnected() }

// asInputError makes err an [*InputError] if it is the given one.
func asInputError(err, input error) error {
	if errors.Is(err, input) {
		return inputError(err)
	}
	return err
}

// Close closes the connections.
func (i *Installation) Close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.temporal != nil && i.opts.Temporal == nil {
		i.temporal.Close()
	}
	i.store.Control.Close()
	i.nc.Close()
}

// dialTemporal returns the client of the installation's Temporal, and its namespace.
func (i *Installation) dialTemporal(ctx context.Context) (client.Client, string, error) {
	i.dialing.Lock()
	defer i.dialing.Unlock()
	if dialed, namespace := i.dialedTemporal(); dialed != nil {
		return dialed, namespace, nil
	}
	temporal, namespace, err := connect.Temporal(ctx, connect.TemporalOptions{KeyFiles: i.opts.KeyFiles})
	if err != nil {
		return nil, "", configurationAsInput(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.temporal = temporal
	i.namespace = namespace
	return temporal, namespace, nil
}

// dialedTemporal returns the client if there is one, or nil.
func (i *Installation) dialedTemporal() (client.Client, string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.temporal, i.namespace
}

// configurationAsInput makes an error about a configuration an [*InputError].
func configurationAsInput(err error) error {
	var configuration *connect.ConfigurationError
	if errors.As(err, &configuration) {
		return inputError(err)
	}
	return err
}

// ErrNoRules says that nothing has been published yet.
var ErrNoRules = errors.New("no rules are in force yet: publish some with `homeroom rules publish`, or start `homeroom serve` with a folder")

// CurrentAcademy compiles the revision in force. Without one the error is [ErrNoRules].
func (i *Installation) CurrentAcademy(ctx context.Context) (*rules.Academy, error) {
	current, err := i.store.Rulesets.Current(ctx)
	if err != nil {
		return nil, err
	}
	if current.Hash == "" {
		return nil, ErrNoRules
	}
	bundle, err := i.store.Rulesets.Get(ctx, current.Hash)
	if err != nil {
		return nil, err
	}
	academy, problems := i.compileRevision(current.Hash, bundle.Files)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("the rules in force do not compile with this version of Homeroom: %w", err)
	}
	return academy, nil
}

// compileRevision compiles the files of a revision. The last one that compiled is kept, since the one in force is asked for often.
func (i *Installation) compileRevision(hash string, files map[string][]byte) (*rules.Academy, rules.Problems) {
	if kept := i.keptAcademy(hash); kept != nil {
		return kept, nil
	}
	academy, problems := rules.FromBundle(files)
	if problems.Err() == nil {
		i.mu.Lock()
		i.academy = academy
		i.compiled = hash
		i.mu.Unlock()
	}
	return academy, problems
}

// keptAcademy returns the revision that was compiled last if it is the one with this hash, or nil.
func (i *Installation) keptAcademy(hash string) *rules.Academy {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.compiled != hash {
		return nil
	}
	return i.academy
}
