package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/internal/links"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// damages are what may be found in the place of a record. A record of a newer version has a member that says so.
var damages = []struct {
	name string
	do   func(good []byte) []byte
}{

	{"empty", func([]byte) []byte { return []byte{} }},
	{"cut", func(good []byte) []byte { return good[:len(good)/2] }},
	{"null", func([]byte) []byte { return []byte("null") }},
	{"an empty object", func([]byte) []byte { return []byte("{}") }},
	{"another object", func([]byte) []byte { return []byte(`{"hello":{"world":1}}`) }},
	{"a list", func([]byte) []byte { return []byte(`[{"paused":true,"hash":"abcdef123456"}]`) }},
	{"members of other types", func([]byte) []byte {
		return []byte(`{"paused":"no","standing":7,"state":[],"hash":9,"phase":{},"reason":1,"at":true,"email":[],"instance":0,"send":{},"learner":[]}`)
	}},
	{"a newer version", func(good []byte) []byte { return []byte(`{"v":3,` + strings.TrimPrefix(string(good), "{")) }},
	{"bytes", func([]byte) []byte { return []byte{0, 0xff, 0x1f, 0x8b, 8, 0} }},
}

// kept is an installation in which everything is recorded of the learner u_1.
type kept struct {
	js jetstream.JetStream
	st *store.Store
}

const (
	damagedMail = "ada@example.org"
	healthyMail = "bob@example.org"
	oldHash     = "aaaaaaaaaaaa"
	newHash     = "bbbbbbbbbbbb"
)

// TestDamagedRecords damages each kind of record in each way. holds says what must be so then, for the learner and for others.
func TestDamagedRecords(t *testing.T) {
	for _, kind := range []struct {
		name   string
		bucket string
		key    string // its beginning; the first record under it is damaged
		effect string // part of what is said about it
		holds  func(ctx context.Context, k kept, newer bool) error
	}{
		{"pause: nothing goes out until it is written anew", store.BucketControl, "paused", "nothing goes out", pauseHolds},
		{"watermark: the next one is written over it", store.BucketControl, "mark.3", "waits", watermarkHolds},
		{"instance: it is left out, the others are listed", store.BucketControl, "swap.", "does not wait", instanceHolds},
		{"rewind: it is left out", store.BucketControl, "rewound.", "does not tell", rewindHolds},
		{"look: the lists are read from their beginning, but a newer one is left alone", store.BucketControl, "provider_lists", "from their beginning", lookHolds},
		{"current: the newest good publication counts, and the next replaces it", store.BucketRulesets, "current", "newest publication that can be read", currentHolds},
		{"proposal: the others are listed", store.BucketRulesets, "proposed", "nobody listens", proposalHolds},
		{"revision: its error names it, the others are read, publishing mends it", store.BucketRulesets, "rev." + newHash, "older copy", bundleHolds},
		{"suppression: the address stays suppressed until an operator lifts it", store.BucketSuppressions, "hash of the address", "not written to", suppressionHolds},
		{"tombstone: the learner stays erased", store.BucketSuppressions, "erased.", "counts as erased", tombstoneHolds},
		{"profile: an error for this learner, nothing is forgotten by a write", store.BucketProfiles, "u_1", "written nothing", profileHolds},
		{"standing: an error for this learner", store.BucketStanding, "", "events wait", standingHolds},
		{"retired state: an error for this learner, the next retirement writes it anew", store.BucketRetired, "", "events wait", retiredHolds},
		{"paths: nothing is known of what comes next, the next move begins the counts anew", store.BucketLearned, "paths.", "not known from counts", pathsHold},
		{"weights of a split: the rule's own hold, the next run begins them anew", store.BucketLearned, "weights.", "by the weights that the rule says", weightsHold},
		{"ledger: uncertain, never sent again", store.BucketSends, "", "uncertain", ledgerHolds},
		{"share link: nothing is there, the same send writes it anew", store.BucketLinks, links.Key("s_1"), "finds nothing", shareHolds},
		{"referral code: nothing is there, the learner's next link writes it anew", store.BucketLinks, "ref.", "finds nothing", referralHolds},
	} {
		t.Run(kind.name, func(t *testing.T) {
			for _, damage := range damages {
				t.Run(damage.name, func(t *testing.T) {
					ctx := t.Context()
					k := keepEverything(t)
					putDamage(t, k, kind.bucket, kind.key, damage.do)
					if damage.name != "a newer version" || kind.bucket != store.BucketControl || kind.key != "mark.3" {
						checkFound(t, k, kind.bucket, kind.effect)
					}
					if err := kind.holds(ctx, k, damage.name == "a newer version"); err != nil {
						t.Error(err)
					}
					opened, err := store.Open(ctx, k.js, store.OpenOptions{Secret: []byte("test")})
					if err != nil {
						t.Fatalf("a process does not start: %v", err)
					}
					opened.Control.Close()
				})
			}
		})
	}
}

// keepEverything records something of every kind, of u_1 and of the healthy u_2.
func keepEverything(t *testing.T) kept {
	t.Helper()
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	at := time.Now().UTC().Add(-time.Hour)
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	_, lookErr := st.Control.PutLook(ctx, delivery.LookRecord{By: "w", Lists: map[string]delivery.ListCursor{"bounces": {From: at}}}, 0)
	note(lookErr)
	for i, hash := range []string{oldHash, newHash} {
		note(st.Rulesets.Put(ctx, store.Bundle{Hash: hash, Files: map[string][]byte{"settings.yaml": []byte(hash)}}))
		_, err := st.Rulesets.Propose(ctx, store.Proposal{Hash: hash})
		note(err)
		current, err := st.Rulesets.Current(ctx)
		note(err)
		_, err = st.Rulesets.SetCurrent(ctx, store.Pointer{Number: i + 1, Hash: hash, Revision: current.Revision})
		note(err)
	}
	note(st.Control.Resume(ctx, "ada", "", at))
	note(st.Control.PublishWatermark(ctx, 3, at))
	note(st.Control.PublishInstance(ctx, store.Instance{Name: "host-1"}))
	for _, partition := range []int{4, 5} {
		_, err := st.Control.NoteRewind(ctx, partition, 7, 3, at.Add(-time.Hour), at)
		note(err)
	}
	note(st.Suppressions.Add(ctx, damagedMail, store.ReasonComplained, at))
	note(st.Suppressions.WriteTombstone(ctx, "u_9", store.Tombstone{At: at}))
	for learner, mail := range map[string]string{"u_1": damagedMail, "u_2": healthyMail} {
		_, err := st.Profiles.Merge(ctx, learner, map[string]any{"email": mail}, at)
		note(err)
	}
	note(st.Standings.Update(ctx, "u_1", func(*engine.Standing, []uint64) (bool, []uint64) { return true, nil }))
	note(st.Paths.Count(ctx, 3, 0, []engine.Move{{Course: "c", From: "a", To: "b", Seq: 1}}))
	_, weightsErr := st.Weights.Add(ctx, "retry", "tone", at, []store.ArmWeight{{Arm: "a", Percent: 40}, {Arm: "b", Percent: 60}})
	note(weightsErr)
	_, err := st.Retired.Put(ctx, "u_1", engine.State{Version: engine.StateVersion, Learner: "u_1"}, at)
	note(err)
	_, err = st.Sends.Put(ctx, "s_1", delivery.Entry{Phase: delivery.PhaseCalling, Send: engine.Send{ID: "s_1", Learner: "u_1"}})
	note(err)
	note(st.Links.KeepShared(ctx, links.Shared{Learner: "u_1", Send: "s_1"}))
	note(st.Links.KeepReferral(ctx, "abcdefgh", links.Referred{Learner: "u_1", Target: "https://academy.example"}))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return kept{js, st}
}

// putDamage writes a damaged value in the place of a record.
func putDamage(t *testing.T, k kept, bucket, prefix string, damage func([]byte) []byte) {
	t.Helper()
	ctx := t.Context()
	kv, err := k.js.KeyValue(ctx, bucket)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kv.Keys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		fits := strings.HasPrefix(key, prefix) && key != "secret_copy"
		if prefix == "hash of the address" {
			fits = !strings.HasPrefix(key, "erased.")
		}
		if !fits {
			continue
		}
		entry, err := kv.Get(ctx, key)
		if err == nil {
			_, err = kv.Put(ctx, key, damage(entry.Value()))
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("there is no record under %q in %s", prefix, bucket)
}

// checkFound holds the search for damage to what was damaged.
func checkFound(t *testing.T, k kept, bucket, effect string) {
	t.Helper()
	scan, err := store.FindDamage(t.Context(), k.js, time.Minute)
	if err != nil || len(scan.Damages) != 1 || !scan.Whole {
		t.Fatalf("the search found %+v, %v; want one damaged record", scan, err)
	}
	d := scan.Damages[0]
	if d.Bucket != bucket || d.Key == "" || d.Why == "" || d.Do == "" || !strings.Contains(d.Effect, effect) {
		t.Errorf("the search says %+v", d)
	}
}

func pauseHolds(ctx context.Context, k kept, _ bool) error {
	if paused, err := k.st.Control.Paused(ctx); err == nil {
		return fmt.Errorf("the kill switch says %v without an error: mails go out", paused)
	}
	if err := awaitFollowed(ctx, k.st.Control); err != nil {
		return err
	}
	if !k.st.Control.LastKnownPause().Paused {
		return errors.New("pages and metrics do not say that nothing goes out")
	}
	if err := k.st.Control.Resume(ctx, "ada", "", time.Now()); err != nil {
		return err
	}
	if paused, err := k.st.Control.Paused(ctx); paused || err != nil {
		return fmt.Errorf("after resume: %v, %w", paused, err)
	}
	return nil
}

func watermarkHolds(ctx context.Context, k kept, _ bool) error {
	fresh, err := store.Open(ctx, k.js, store.OpenOptions{Secret: []byte("test")})
	if err != nil {
		return err
	}
	defer fresh.Control.Close()
	at := time.Now().UTC().Truncate(time.Millisecond)
	if err := fresh.Control.PublishWatermark(ctx, 3, at); err != nil {
		return fmt.Errorf("the partition stands still: %w", err)
	}
	if got := fresh.Control.AwaitHandedOver(ctx, 3, at, time.Minute); !got.Equal(at) {
		return fmt.Errorf("the watermark is %s, want %s", got, at)
	}
	return nil
}

func instanceHolds(ctx context.Context, k kept, _ bool) error {
	if err := k.st.Control.PublishInstance(ctx, store.Instance{Name: "host-2"}); err != nil {
		return err
	}
	if err := awaitFollowed(ctx, k.st.Control); err != nil {
		return err
	}
	names := ""
	for _, i := range k.st.Control.Instances() {
		names += i.Name + " "
	}
	if names != "host-2 " {
		return fmt.Errorf("the instances are %q", names)
	}
	return nil
}

// awaitFollowed returns when the control has read everything that its bucket holds by now: the bucket is read in order, and a watermark is written last.
func awaitFollowed(ctx context.Context, c *store.Control) error {
	const partition = 15 // of no learner here
	at := time.Now().UTC().Truncate(time.Millisecond)
	if err := c.PublishWatermark(ctx, partition, at); err != nil {
		return err
	}
	if got := c.AwaitHandedOver(ctx, partition, at, time.Minute); got.Before(at) {
		return fmt.Errorf("the control bucket is not followed: the watermark is %s, want %s", got, at)
	}
	return nil
}

func rewindHolds(ctx context.Context, k kept, _ bool) error {
	rewinds, err := k.st.Control.Rewinds(ctx)
	if err != nil || len(rewinds) != 1 || rewinds[0].Partition != 5 {
		return fmt.Errorf("rewinds %+v, %w; want the other one", rewinds, err)
	}
	return nil
}

func currentHolds(ctx context.Context, k kept, _ bool) error {
	current, err := k.st.Rulesets.Current(ctx)
	if err != nil || current.Hash != newHash || current.Number != 2 {
		return fmt.Errorf("in force is %+v, %w; want the newest good one", current, err)
	}
	history, err := k.st.Rulesets.Publications(ctx)
	if err != nil || len(history) != 2 {
		return fmt.Errorf("history %+v, %w", history, err)
	}
	current.Number++
	current.Hash = oldHash
	if _, err := k.st.Rulesets.SetCurrent(ctx, current); err != nil {
		return fmt.Errorf("nothing can be published any more: %w", err)
	}
	if current, err = k.st.Rulesets.Current(ctx); err != nil || current.Hash != oldHash {
		return fmt.Errorf("after publishing: %+v, %w", current, err)
	}
	return nil
}

func proposalHolds(ctx context.Context, k kept, _ bool) error {
	proposed, err := k.st.Rulesets.Proposed(ctx)
	if err != nil || len(proposed) != 2 {
		return fmt.Errorf("proposed %+v, %w", proposed, err)
	}
	return nil
}

func bundleHolds(ctx context.Context, k kept, _ bool) error {
	// The bucket keeps the value before, which is as good.
	if b, err := k.st.Rulesets.Get(ctx, newHash); err != nil || b.Hash != newHash {
		return fmt.Errorf("the copy before: %+v, %w", b, err)
	}
	kv, err := k.js.KeyValue(ctx, store.BucketRulesets)
	if err != nil {
		return err
	}
	entry, err := kv.Get(ctx, "rev."+newHash)
	if err != nil {
		return err
	}
	stream, err := k.js.Stream(ctx, "KV_"+store.BucketRulesets)
	if err != nil {
		return err
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject("$KV."+store.BucketRulesets+".rev."+newHash)); err != nil { // the copies before are gone
		return err
	}
	if _, err := kv.Put(ctx, "rev."+newHash, entry.Value()); err != nil {
		return err
	}
	if _, err := k.st.Rulesets.Get(ctx, newHash); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), newHash) {
		return fmt.Errorf("the damaged revision: %w", err)
	}
	if _, err := k.st.Rulesets.Get(ctx, oldHash); err != nil {
		return err
	}
	if err := k.st.Rulesets.Put(ctx, store.Bundle{Hash: newHash}); err != nil {
		return err
	}
	if _, err := k.st.Rulesets.Get(ctx, newHash); err != nil {
		return fmt.Errorf("publishing the folder again does not mend it: %w", err)
	}
	return nil
}

// writtenAnew holds a write over a damaged record to its success, and one over a newer record to its refusal.
func writtenAnew(err error, newer bool) error {
	if newer && errors.Is(err, store.ErrNewer) {
		return nil
	}
	return err
}

func isUnreadable(err error, newer bool) bool {
	if newer {
		return errors.Is(err, store.ErrNewer)
	}
	return errors.Is(err, store.ErrDamaged)
}

// TestDamagedSecret: the secret of an installation is found in its copy; without one nobody starts, because under another secret no
// suppression would be found.
func TestDamagedSecret(t *testing.T) {
	for _, damage := range damages {
		t.Run(damage.name, func(t *testing.T) {
			_, js, _ := natstest.Open(t)
			ctx := t.Context()
			made, err := store.EnsureSecrets(ctx, js, nil)
			if err != nil {
				t.Fatal(err)
			}
			k := kept{js: js}
			putDamage(t, k, store.BucketControl, "secret", func([]byte) []byte { return damage.do([]byte(`{"a":"b"}`)) })
			found, err := store.EnsureSecrets(ctx, js, nil)
			if err != nil || string(found[0]) != string(made[0]) {
				t.Errorf("found %d secrets, %v; want the one that was made", len(found), err)
			}
			kv, err := js.KeyValue(ctx, store.BucketControl)
			if err == nil {
				err = kv.Delete(ctx, "secret_copy")
			}
			if err == nil {
				_, err = kv.Put(ctx, "secret", damage.do([]byte(`{"a":"b"}`)))
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, given := range [][][]byte{nil, {[]byte("a secret from a file")}} {
				if _, err := store.EnsureSecrets(ctx, js, given); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("with %d secrets given it goes on without the one that suppressions are kept under: %v", len(given), err)
				}
			}
		})
	}
}

// TestRecordsOfToday holds every record that is written today to be readable, also without a version.
func TestRecordsOfToday(t *testing.T) {
	k := keepEverything(t)
	scan, err := store.FindDamage(t.Context(), k.js, time.Minute)
	if err != nil || len(scan.Damages) > 0 || !scan.Whole || scan.Read < 14 {
		t.Errorf("the search found %+v, %v; want nothing damaged", scan, err)
	}
}
