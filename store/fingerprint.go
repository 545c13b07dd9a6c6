package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// What instances compare; each is the name of a fingerprint, but for DifferentNamespace.
const (
	FingerprintSecret     = "secret"     // of the secrets, the one in use first
	FingerprintEncryption = "encryption" // of the keys for Temporal's payloads, the one in use first
	FingerprintPublicURL  = "public_url"
	FingerprintWebhook    = "webhook" // of the provider's public key
	FingerprintNATSUser   = "nats_user"
	// FingerprintInstallation is not compared between instances: it names their installation to who asks an edge.
	FingerprintInstallation = "installation"
	// DifferentNamespace is compared as it is: see Instance.TemporalNamespace.
	DifferentNamespace = "temporal_namespace"
)

// fingerprintKey is the key, in the control bucket, of the key of the fingerprints.
const fingerprintKey = "fingerprint_key"

// fingerprintSize is the size of a fingerprint, in bytes: enough to see a difference. Its key lies in the same bucket, so a secret that is a word of a dictionary can be found
// by whoever reads the bucket, as it can by a link in a mail; see SECURITY.md.
const fingerprintSize = 4

// Fingerprints returns for each name what an instance says of its values, in their order. What they say cannot be turned back into the
// values. A name without a value is left out.
func Fingerprints(ctx context.Context, js jetstream.JetStream, values map[string][][]byte) (map[string][]string, error) {
	key, err := ensureKey(ctx, js, fingerprintKey)
	if err != nil {
		return nil, err
	}
	prints := map[string][]string{}
	for name, list := range values {
		for _, value := range list {
			if len(value) == 0 {
				continue
			}
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(name + "\x00"))
			mac.Write(value)
			prints[name] = append(prints[name], hex.EncodeToString(mac.Sum(nil)[:fingerprintSize]))
		}
	}
	return prints, nil
}

// ensureKey returns a random key that the control bucket keeps under a name, and makes it if there is none.
func ensureKey(ctx context.Context, js jetstream.JetStream, name string) ([]byte, error) {
	bucket, err := openSecretBucket(ctx, js)
	if err != nil {
		return nil, err
	}
	fresh := make([]byte, sha256.Size)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("make the key %s: %w", name, err)
	}
	if _, err := bucket.Create(ctx, name, fresh); err == nil {
		return fresh, nil
	} else if !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, fmt.Errorf("keep the key %s: %w", name, err)
	}
	entry, err := bucket.Get(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read the key %s: %w", name, err)
	}
	return entry.Value(), nil
}

// Disagreement says that two live instances run with different values of one thing.
type Disagreement struct {
	What     string // one of the Fingerprint names, or DifferentNamespace
	Instance string // the one that started later
	Other    string
	// Difference says who has what, where that is no secret; empty: it is one.
	Difference string
	// Consequence is what does not work, and Do what to look at.
	Consequence string
	Do          string
}

// comparison says between whom a thing must agree and what does not work otherwise.
type comparison struct {
	what        string
	roles       []string // of which both have one; nil: any
	sameRole    bool     // whether only instances that share a role are compared
	consequence string
	do          string
}

func comparisons() []comparison {
	return []comparison{
		{FingerprintSecret, nil, false, "links that one makes are refused by the other, and suppressions of one are not found by the other", "give every process the same --secret-file, the one in use first"},
		{FingerprintEncryption, []string{"triggers", "worker"}, false, "workflow tasks fail, because what one encrypts the other cannot read", "give triggers and workers the same --encryption-key-file"},
		{FingerprintPublicURL, nil, false, "links lead to different places", "give every process the same --public-url"},
		{FingerprintWebhook, []string{"edge"}, false, "the provider's reports are refused by one of them", "give every edge the same --sendgrid-webhook-key"},
		{FingerprintNATSUser, nil, true, "one of them may lack rights, or have too many", "give processes of one role the same NATS user"},
	}
}

// Disagreements compares the live instances, as of now by the store's clock. During a replacement of secrets or keys the new one stands
// before the old one, which the others still use: that is no disagreement.
func Disagreements(instances []Instance, now time.Time) []Disagreement {
	live := slices.DeleteFunc(slices.Clone(instances), func(i Instance) bool { return !i.Live(now) || i.Fingerprints == nil })
	slices.SortStableFunc(live, func(a, b Instance) int { return a.Started.Compare(b.Started) })
	found := namespaceDisagreements(live)
	for _, c := range comparisons() {
		for n, later := range live {
			for _, earlier := range live[:n] {
				if !isCompared(c.roles, c.sameRole, earlier, later) || printsAgree(earlier.Fingerprints[c.what], later.Fingerprints[c.what]) {
					continue
				}
				found = append(found, Disagreement{
					What:        c.what,
					Instance:    later.Name,
					Other:       earlier.Name,
					Consequence: c.consequence,
					Do:          c.do,
				})
				break // one is enough
			}
		}
	}
	return found
}

// namespaceDisagreements compares the Temporal namespaces of instances, of which those that started earlier come first. An instance
// without one agrees with all.
func namespaceDisagreements(live []Instance) []Disagreement {
	var found []Disagreement
	for n, later := range live {
		differs := func(earlier Instance) bool {
			return earlier.TemporalNamespace != "" && earlier.TemporalNamespace != later.TemporalNamespace
		}
		other := slices.IndexFunc(live[:n], differs)
		if later.TemporalNamespace == "" || other < 0 {
			continue
		}
		found = append(found, Disagreement{
			What:        DifferentNamespace,
			Instance:    later.Name,
			Other:       live[other].Name,
			Difference:  describeNamespace(later) + ", and " + describeNamespace(live[other]),
			Consequence: "what one hands over, no worker of the other sees",
			Do:          "give every process the same TEMPORAL_NAMESPACE",
		})
	}
	return found
}

// describeNamespace returns in words which instance is in which Temporal namespace. An instance's name begins with its host.
func describeNamespace(i Instance) string {
	return fmt.Sprintf("%s (%s) is in the Temporal namespace %q", i.Name, strings.Join(i.Roles, ", "), i.TemporalNamespace)
}

func isCompared(roles []string, sameRole bool, a, b Instance) bool {
	within := func(i Instance) bool {
		return roles == nil || slices.ContainsFunc(i.Roles, func(r string) bool { return slices.Contains(roles, r) })
	}
	shares := slices.ContainsFunc(a.Roles, func(r string) bool { return slices.Contains(b.Roles, r) })
	return within(a) && within(b) && (!sameRole || shares)
}

// printsAgree reports whether one of them knows the value that the other uses.
func printsAgree(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return slices.Contains(b, a[0]) || slices.Contains(a, b[0])
}

// String says what disagrees, in words.
func (d Disagreement) String() string {
	if d.Difference != "" {
		return d.Difference + ": " + d.Consequence
	}
	return fmt.Sprintf("%s and %s have another %s: %s", d.Instance, d.Other, strings.ReplaceAll(d.What, "_", " "), d.Consequence)
}
