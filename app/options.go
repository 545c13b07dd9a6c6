package app

import (
	"homeroom/delivery"
	"homeroom/delivery/email"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/telemetry"
)

// Role is a part of Homeroom that a process may serve by itself.
type Role string

// The roles.
const (
	RoleTriggers Role = "triggers" // from the stream to the learners' workflows
	RoleWorker   Role = "worker"   // the workflows, their decisions and deliveries
	RoleEdge     Role = "edge"     // what comes from outside: webhooks, and the pages behind the links in messages
	RoleAPI      Role = "api"      // events that are posted over HTTP
)

// OnStart says when the start of a process puts its academy in force. If nothing is in force every one of them does.
type OnStart string

// When an academy is put in force.
const (
	PublishNew    OnStart = "new"    // unless it was in force before: a restart never undoes a publication
	PublishAlways OnStart = "always" // whenever it is not what is in force
	PublishNever  OnStart = "never"
)

// StoreOptions say how missing streams and buckets are made.
type StoreOptions = store.Options

// ErrSecretTooShort says that a file holds too few bytes for a secret.
var ErrSecretTooShort = store.ErrSecretTooShort

// ReadSecretFiles reads one secret from each file and returns them in the order of the files. The errors are those of reading
// and [ErrSecretTooShort].
func ReadSecretFiles(files []string) ([][]byte, error) { return store.ReadSecretFiles(files) }

// Options are what Homeroom needs from outside. Fields without a default are required.
type Options struct {
	JetStream jetstream.JetStream
	Temporal  client.Client
	Namespace string         // Temporal namespace, for the search attributes; default "default"
	Academy   *rules.Academy // put in force as OnStart says; nil: the rules in force stay
	OnStart   OnStart        // default: PublishNew
	Sender    email.Sender   // how mail goes out; only the worker needs it
	StandIn   bool           // the Sender reaches a stand-in on a developer's machine; told to who asks for a provider's key
	Targets   TargetOptions  // how messages are posted by the channel webhook; only the worker needs it
	Push      PushOptions    // how messages are handed to apps by the channel push; only the worker needs it
	// SuppressionLists are the provider's, which a worker reads once a day; nil: they are not read.
	SuppressionLists delivery.ProviderLists

	Author string // who put the academy in force, for its history
	Roles  []Role // what this process serves; empty: everything, the edge only if there is Edge, the API only if there is API
	Edge   *EdgeOptions
	API    *APIOptions

	Store store.Options // how missing streams and buckets are made
	Clock clock.Clock   // default: real time
	Log   *slog.Logger  // default: none
	// Telemetry measures what this process does; nil: nothing is measured.
	Telemetry *telemetry.Telemetry
	// OnStep, if not nil, is called before each step of a learner with its inputs and its instant, in Homeroom's time. It must not block.
	OnStep func(inputs []engine.Input, now time.Time)

	// PublicURL is where learners reach the edge: the links in messages begin with it. Required.
	PublicURL string
	// Secrets key the links and the hashes of suppressed addresses. The first is in use; those after it are the ones that it
	// replaced, and what was made with them still counts. Default: one made at the first start and kept in the control
	// bucket.
	Secrets [][]byte
	// EncryptionKeys are the keys with which the Temporal client encrypts, the one in use first, and NATSUser is whom NATS knows this process
	// as. Both are only compared with those of the other instances. Default: none.
	EncryptionKeys [][]byte
	NATSUser       string
	// Allow lists the addresses ("ada@example.org") and domains ("example.org") that may be written to; empty: all.
	Allow []string
	// SettleAfter is how long after an uncertain call a mail is sent again if the provider took others of that minute and not this one (ADR 15); 0: it stays
	// uncertain. A worker cannot know whether the edge hears webhooks; without them nothing is sent again, but the run waits.
	SettleAfter time.Duration
	// DeliveriesPerSecond limits how many calls all workers together make to the provider in a second; 0: no limit.
	DeliveriesPerSecond float64

	// Grace, RestAfter and RetireAfter are in Homeroom's time; see package activities for their defaults.
	Grace, RestAfter, RetireAfter time.Duration
	// Prompt publishes at once also that a run has begun, was put off or has ended; otherwise the learner's next decision or
	// delivery takes it along.
	Prompt bool
	// MarkEvery and MarkMargin are in real time; see package triggers for their defaults.
	MarkEvery, MarkMargin time.Duration
	// RightsEvery is about how often the process tries whether NATS still lets its roles do what they need, in real time. Default: a minute.
	RightsEvery time.Duration
	// SetAsideAfter is in real time; see package triggers for its default.
	SetAsideAfter time.Duration
	// AckWait is in real time; see package triggers for its default. What a dead process had received is taken up by another after so long.
	AckWait time.Duration
}
