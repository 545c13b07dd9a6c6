package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
	"homeroom/internal/links"
	"homeroom/subjects"
)

// Damage is one record that cannot be read.
type Damage struct {
	Bucket   string    `json:"bucket"`
	Key      string    `json:"key"`
	Revision uint64    `json:"revision"` // the store's version of the record
	StoredAt time.Time `json:"stored_at"`
	Learner  string    `json:"learner,omitempty"` // whose record it is, where the key says so
	Why      string    `json:"why"`
	Effect   string    `json:"effect"` // what Homeroom does meanwhile
	Do       string    `json:"do"`     // what mends it
}

// DamageScan is how far a search for damaged records came.
type DamageScan struct {
	Damages []Damage
	Read    int  // records
	Whole   bool // every record was read
}

// maxDamages bounds how many damaged records are listed.
const maxDamages = 100

// FindDamage reads the records of all buckets, those of the whole installation first, until `within` has passed; the buckets
// with a record a learner or a send may be large. The error is of a bucket that cannot be read.
func FindDamage(ctx context.Context, js jetstream.JetStream, within time.Duration) (DamageScan, error) {
	limited, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	scan := DamageScan{Whole: true}
	for _, bucket := range []string{
		BucketControl, BucketRulesets, BucketWriteKeys, BucketSuppressions, BucketLinks, BucketLearned, BucketProfiles, BucketRetired, BucketStanding, BucketSends,
	} {
		err := scan.readBucket(limited, js, bucket)
		switch {
		case err != nil && limited.Err() != nil && ctx.Err() == nil, len(scan.Damages) >= maxDamages:
			scan.Whole = false
			return scan, nil
		case err != nil:
			return scan, fmt.Errorf("look for damaged records in %s: %w", bucket, err)
		}
	}
	return scan, nil
}

func (s *DamageScan) readBucket(ctx context.Context, js jetstream.JetStream, bucket string) error {
	kv, err := js.KeyValue(ctx, bucket)
	if err != nil {
		return err
	}
	options := []jetstream.WatchOpt{jetstream.IgnoreDeletes()}
	if bucket == BucketRulesets { // the earlier values count there
		options = append(options, jetstream.IncludeHistory())
	}
	watcher, err := kv.WatchAll(ctx, options...)
	if err != nil {
		return err
	}
	defer func() { _ = watcher.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry, open := <-watcher.Updates():
			if !open {
				return errWatchEnded
			}
			if entry == nil {
				return nil
			}
			s.Read++
			s.examineEntry(entry)
		}
	}
}

// examineEntry lists an entry if it cannot be read.
func (s *DamageScan) examineEntry(entry jetstream.KeyValueEntry) {
	kind := findKind(entry.Bucket(), entry.Key())
	if kind == nil || len(s.Damages) >= maxDamages {
		return
	}
	err := kind.decode(entry.Key(), entry.Value())
	if err == nil {
		return
	}
	d := Damage{
		Bucket:   entry.Bucket(),
		Key:      entry.Key(),
		Revision: entry.Revision(),
		StoredAt: entry.Created(),
		Why:      err.Error(),
		Effect:   kind.effect,
		Do:       kind.mend,
	}
	if entry.Bucket() == BucketProfiles {
		d.Learner, _ = subjects.Unescape(entry.Key())
	}
	if errors.Is(err, ErrNewer) {
		d.Do = "upgrade the processes that are older, or put the newer version back"
	}
	s.Damages = append(s.Damages, d)
}

// recordKind is one kind of record: where it lies, how it is read, and what follows if it cannot be.
type recordKind struct {
	bucket string
	prefix string // of its keys
	decode func(key string, data []byte) error
	effect string
	mend   string
}

// findKind returns the kind of a record; nil: it is none of Homeroom's.
func findKind(bucket, key string) *recordKind {
	for _, kind := range recordKinds() {
		if kind.bucket == bucket && strings.HasPrefix(key, kind.prefix) {
			return &kind
		}
	}
	return nil
}

const restore = "put the record back from a backup (`nats kv put`)"

// recordKinds are all kinds of records; of two whose prefixes fit a key the first counts.
func recordKinds() []recordKind {
	return []recordKind{
		{BucketControl, pauseKey, decodeAs[Pause], "nothing goes out", "`homeroom resume` or `homeroom pause` writes it anew"},
		{BucketControl, instancePrefix, decodeAs[Instance], "publishing does not wait for this instance", "the instance writes it anew within seconds; if it is gone, nothing needs to be done"},
		{BucketControl, watermarkPrefix, decodeWatermark, "what falls due for the learners of this partition waits", "the triggers write it anew within seconds"},
		{BucketControl, rewindPrefix, decodeAs[Rewind], "`homeroom doctor` does not tell of this rewind", "remove the record (`nats kv del`)"},
		{BucketControl, lookKey, decodeAs[delivery.LookRecord], "the provider's suppression lists are read from their beginning", "nothing: a worker writes it anew when it looks next"},
		{BucketControl, usedSecretsKey, decodeAs[usedSecrets], "a process with another secret than before starts all the same", "nothing: the next worker or triggers that start write it anew, with the secret that they have"},
		{BucketControl, secretCopyKey, decodeSecretCopy, "the secret itself is used", "remove the record (`nats kv del`) and restart one process: it writes the copy anew"},
		{BucketControl, secretKey, decodeSecret, "the copy in the record secret_copy is used; without one no process starts", restore},
		{BucketRulesets, currentKey, decodeAs[Pointer], "the newest publication that can be read is in force", "publish the folder again with `homeroom rules publish`"},
		{BucketRulesets, proposedKey, decodeAs[Proposal], "nobody listens for the revision that it named", "nothing, or publish the folder again"},
		{BucketRulesets, bundlePrefix, decodeBundle, "an older copy or the revision before is used; runs that started with this one end", "publish the same folder again with `homeroom rules publish`: it writes the revision anew"},
		{BucketSuppressions, tombstonePrefix, decodeAs[Tombstone], "the learner counts as erased when the record was stored", "erase the learner again with `homeroom learner erase`, or leave it"},
		{BucketSuppressions, "", decodeAs[Suppression], "the address is not written to", restore + ", or `homeroom suppressions lift ADDRESS`"},
		{BucketLinks, referralPrefix, decodeAs[links.Referred], "who follows the link finds nothing there", "the learner's next message with a referral link writes it anew"},
		{BucketLinks, "", decodeAs[links.Shared], "who follows the link finds nothing there", restore},
		{BucketLearned, pathsPrefix, decodeAs[pathRecord], "what comes next in this course is not known from counts", "nothing: the next learner who goes on begins it anew"},
		{BucketLearned, weightsPrefix, decodeAs[weightsRecord], "learners who come to the split now are drawn by the weights that the rule says", "nothing: the next daily run begins the record anew"},
		{BucketWriteKeys, "", decodeAs[WriteKey], "who posts with this key is refused", "remove the record (`nats kv del`) and make another key with `homeroom keys create`"},
		{BucketProfiles, "", decodeAs[Profile], "the learner is written nothing and their events wait", restore + ": removed, it would forget what the learner does not want"},
		{BucketRetired, "", decodeAs[retiredRecord], "the learner's events wait", restore + "; removed, the learner counts as new and caps do not know what they got"},
		{BucketStanding, "", decodeAs[standingRecord], "the learner's events wait", restore + "; removed, silences and progress count from the next event"},
		{BucketSends, "", decodeAs[delivery.Entry], "the send counts as uncertain and is not sent again", "nothing; the provider's activity list tells whether it went out"},
	}
}

func decodeAs[T any](_ string, data []byte) error {
	var v T
	return decodeRecord(data, &v)
}

func decodeWatermark(_ string, data []byte) error {
	var at time.Time
	return at.UnmarshalText(data)
}

func decodeSecret(_ string, data []byte) error {
	if len(data) != madeSecretSize {
		return fmt.Errorf("%w: it has %d bytes, not %d", ErrDamaged, len(data), madeSecretSize)
	}
	return nil
}

func decodeSecretCopy(_ string, data []byte) error {
	if openSecretCopy(data) == nil {
		return fmt.Errorf("%w: its checksum does not fit", ErrDamaged)
	}
	return nil
}

func decodeBundle(key string, data []byte) error {
	if _, err := unpackBundle(data, strings.TrimPrefix(key, bundlePrefix)); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// openSecretCopy returns the secret that a copy holds; nil if the copy is damaged.
func openSecretCopy(data []byte) []byte {
	var kept secretCopy
	if json.Unmarshal(data, &kept) != nil || len(kept.Secret) != madeSecretSize || !kept.fits() {
		return nil
	}
	return kept.Secret
}
