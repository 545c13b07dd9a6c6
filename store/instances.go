package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/clock"
	"homeroom/subjects"
)

// SwapOutcome is how an instance's last swap to another revision ended.
type SwapOutcome string

// The outcomes of a swap.
const (
	SwapNone    SwapOutcome = "none"    // nothing is in force yet
	SwapDone    SwapOutcome = "done"    // the instance runs the revision in force
	SwapRefused SwapOutcome = "refused" // the revision does not compile here; the instance stays with the one before
)

// Instance is one running Homeroom process, and which rules it runs. The record is renewed every few seconds.
type Instance struct {
	Name    string   `json:"instance"`
	Roles   []string `json:"roles"`
	Running string   `json:"running,omitempty"` // the revision it runs
	Listens []string `json:"listens,omitempty"` // the revisions whose events it hears; the running one among them
	// Of the last swap: the publication's number, the revision meant, how it ended, why it was refused, and when.
	Number  int         `json:"number,omitempty"`
	Swap    string      `json:"swap,omitempty"`
	Outcome SwapOutcome `json:"outcome"`
	Problem string      `json:"problem,omitempty"`
	At      time.Time   `json:"at,omitzero"`
	// Refused are revisions that do not compile here, with the reason.
	Refused map[string]string `json:"refused,omitempty"`
	// Fingerprints are of what all instances must agree in, by the names of [Fingerprints]; nil: of an earlier version. Started is when
	// the instance began.
	Fingerprints map[string][]string `json:"fingerprints,omitempty"`
	Started      time.Time           `json:"started,omitzero"`
	// TemporalNamespace is the namespace whose workflows the instance runs or feeds; empty: it needs no Temporal, or is of an earlier
	// version. All instances that have one must agree in it.
	TemporalNamespace string `json:"temporal_namespace,omitempty"`
	// Refusals are the channels whose provider refused this instance's account when it called last.
	Refusals []ProviderRefusal `json:"provider_refuses,omitempty"`
	// MissingRights are the rights in NATS that this instance has lost since it started.
	MissingRights []MissingRight `json:"missing_rights,omitempty"`
	// NotStarted is why the process did not start; empty: it started. Its name is then that of [RefusedName].
	NotStarted string `json:"not_started,omitempty"`
	// Clock is the clock that the instance runs on; nil: the machine's. It is another one in time-lapse.
	Clock *clock.Clock `json:"clock,omitempty"`
	// StandIn is true on a developer's machine, where mail goes to a stand-in of the provider.
	StandIn bool `json:"stand_in,omitempty"`
	// Seen is when the record was renewed last, by the store's clock.
	Seen time.Time `json:"-"`
}

// ProviderRefusal says that a provider refuses the account that an instance uses, since when and in which words.
type ProviderRefusal struct {
	Channel string    `json:"channel"`
	Since   time.Time `json:"since"`
	Last    time.Time `json:"last"`
	Detail  string    `json:"detail,omitempty"`
}

// MissingRight says what a role of an instance may no longer do in NATS, and what to do about it.
type MissingRight struct {
	Role    string    `json:"role"`
	Since   time.Time `json:"since"` // when the instance found it
	Problem string    `json:"problem"`
	Do      string    `json:"do"`
}

// InstanceTTL is after how long without a renewal an instance counts as gone.
const InstanceTTL = 15 * time.Second

// Live reports whether the instance has shown a sign of life, as of now by the store's clock.
func (i Instance) Live(now time.Time) bool {
	return i.NotStarted == "" && now.Sub(i.Seen) < InstanceTTL
}

// RefusedName returns the name of the record about starts that failed on a host: one, however often processes of these roles try.
func RefusedName(host string, roles []string) string { return host + "-" + strings.Join(roles, "-") }

// RecordNotStarted records that a process of a host did not start, and why; for the doctor.
func RecordNotStarted(ctx context.Context, js jetstream.JetStream, host string, roles []string, why error) error {
	bucket, err := openSecretBucket(ctx, js)
	if err != nil {
		return err
	}
	return (&Control{kv: bucket}).PublishInstance(ctx, Instance{
		Name:       RefusedName(host, roles),
		Roles:      roles,
		Outcome:    SwapNone,
		NotStarted: why.Error(),
	})
}

// ClockOf returns the clock of the live instances as of now by the store's clock: the first that is not the machine's, or the machine's.
func ClockOf(instances []Instance, now time.Time) clock.Clock {
	for _, i := range instances {
		if i.Clock != nil && !i.Clock.IsReal() && i.Live(now) {
			return *i.Clock
		}
	}
	return clock.Real()
}

const instancePrefix = "swap."

func instanceKey(instance string) string { return instancePrefix + subjects.Escape(instance) }

// PublishInstance writes or renews an instance's record.
func (c *Control) PublishInstance(ctx context.Context, i Instance) error {
	data, err := json.Marshal(i)
	if err == nil {
		_, err = c.kv.Put(ctx, instanceKey(i.Name), data)
	}
	if err != nil {
		return fmt.Errorf("tell which rules %s runs: %w", i.Name, err)
	}
	return nil
}

// RemoveInstance removes an instance's record. What is not there is not an error.
func (c *Control) RemoveInstance(ctx context.Context, instance string) error {
	if err := c.kv.Delete(ctx, instanceKey(instance)); err != nil {
		return fmt.Errorf("forget the instance %s: %w", instance, err)
	}
	return nil
}

// Instances are the records by name as last heard of, those of instances that are gone among them; see
// [Instance.Live]. They come from following the bucket: listing its keys can miss one that is just being renewed.
func (c *Control) Instances() []Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := make([]Instance, 0, len(c.instances))
	for _, i := range c.instances {
		found = append(found, i)
	}
	slices.SortFunc(found, func(a, b Instance) int { return strings.Compare(a.Name, b.Name) })
	return found
}

// ReadInstances reads the records by name from the store, those of instances that are gone among them. It is for who must not miss an
// instance that began a moment ago; [Control.Instances] may be a tenth of a second behind.
func (c *Control) ReadInstances(ctx context.Context) ([]Instance, error) {
	entries, err := newFollower(c.bucket, c.kv.Bucket(), instancePrefix+">").readNewest(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the instances from %s: %w", c.kv.Bucket(), err)
	}
	found := []Instance{}
	for _, e := range entries {
		var i Instance
		if e.deleted || decodeRecord(e.value, &i) != nil {
			continue
		}
		i.Seen = e.created
		found = append(found, i)
	}
	slices.SortFunc(found, func(a, b Instance) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// applyInstance takes a record in. The caller holds the lock.
func (c *Control) applyInstance(e entry) {
	var i Instance
	if e.deleted || decodeRecord(e.value, &i) != nil {
		delete(c.instances, e.key)
		return
	}
	i.Seen = e.created
	c.instances[e.key] = i
}
