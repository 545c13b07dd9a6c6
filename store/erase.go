package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
	"homeroom/subjects"
)

// LearnerData finds, reads and removes what NATS holds of one learner, message by message. A key-value bucket is looked at as
// the stream that it is: deleting or purging a key would leave a marker, and its subject is the key.
type LearnerData struct{ js jetstream.JetStream }

// NewLearnerData returns access to what an installation's NATS holds of its learners.
func NewLearnerData(js jetstream.JetStream) *LearnerData { return &LearnerData{js: js} }

// Place is one stream or bucket, and which of its messages are of a learner.
type Place struct {
	Name string // of the stream, or of the bucket
	Held uint64 // how many messages it holds of the learner

	stream  string
	filters []string // subjects, possibly with wildcards; none: it holds nothing
}

// Message is one message or record, as stored.
type Message struct {
	Subject  string
	Key      string // in a bucket: the record's key; else empty
	Sequence uint64
	StoredAt time.Time // by the server's clock
	Header   map[string][]string
	Data     []byte
}

// SearchKeys are what the learner's messages were found by, besides their id.
type SearchKeys struct {
	// Spellings are tokens in the stream of events that mean the learner and are not how their id is escaped; such
	// events are dead letters.
	Spellings []string
	// Sends are ids of sends, from decisions that may be gone by now.
	Sends []string
}

// Locate counts what NATS holds of a learner that an erasure removes. It returns every place, also those that hold nothing, in the order in
// which they are to be emptied. A stream that the installation does not have is left out.
func (d *LearnerData) Locate(ctx context.Context, learner string, t SearchKeys) ([]Place, error) {
	events := []string{subjects.Stored(learner)}
	dead := []string{subjects.DeadOf(learner)}
	for _, token := range t.Spellings {
		events = append(events, "learning.*."+token+".>")
		dead = append(dead, subjects.DeadOf(token))
	}
	slices.Sort(dead) // two spellings may have one form there
	control := []string{
		subjectOfKey(BucketControl, setAsideKey(learner)),
		subjectOfKey(BucketControl, requestKey(RequestExport, learner)),
		subjectOfKey(BucketControl, requestKey(RequestErase, learner)),
	}
	places := []Place{
		{Name: subjects.Stream, filters: events},
		{Name: subjects.SetAsideStream, filters: []string{subjects.SetAside(learner)}},
		{Name: BucketControl, filters: control},
		{Name: subjects.DeadStream, filters: slices.Compact(dead)},
		{Name: subjects.DecisionStream, filters: []string{subjects.DecisionsOf(learner)}},
		{Name: subjects.NudgeStream, filters: []string{subjects.NudgesOf(learner)}},
		{Name: BucketRetired, filters: []string{subjectOfKey(BucketRetired, hashedKey(learner))}},
		{Name: BucketStanding, filters: []string{subjectOfKey(BucketStanding, hashedKey(learner))}},
		{Name: BucketSends},
		{Name: BucketLinks},
		{Name: BucketProfiles, filters: []string{subjectOfKey(BucketProfiles, subjects.Escape(learner))}},
	}
	present := places[:0]
	for _, p := range places {
		p.stream = p.Name
		if strings.HasPrefix(p.Name, "homeroom_") {
			p.stream = "KV_" + p.Name
		}
		err := d.countHeld(ctx, &p, learner, t)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for what %s holds of a learner: %w", p.Name, err)
		}
		present = append(present, p)
	}
	return present, nil
}

// countHeld fills in how much a place holds, and for buckets whose keys do not tell the learner, under which keys.
func (d *LearnerData) countHeld(ctx context.Context, p *Place, learner string, t SearchKeys) error {
	stream, err := d.js.Stream(ctx, p.stream)
	if err != nil {
		return err
	}
	switch p.Name {
	case BucketSends, BucketLinks:
		known := map[string]bool{}
		for _, send := range t.Sends {
			known[subjectOfKey(BucketSends, hashedKey(send))] = true
		}
		return d.eachMessage(ctx, p.stream, nil, func(m Message) error {
			if known[m.Subject] || len(m.Data) > 0 && learnerOfRecord(p.Name, m.Data) == learner {
				p.filters = append(p.filters, m.Subject)
				p.Held++
			}
			return nil
		})
	}
	for _, filter := range p.filters {
		info, err := stream.Info(ctx, jetstream.WithSubjectFilter(filter))
		if err != nil {
			return err
		}
		for _, n := range info.State.Subjects {
			p.Held += n
		}
	}
	return nil
}

// learnerOfRecord returns whom a record of the ledger or of the links is about; empty: it does not say.
func learnerOfRecord(bucket string, data []byte) string {
	if bucket == BucketSends {
		var entry struct {
			Send engine.Send `json:"send"`
		}
		_ = json.Unmarshal(data, &entry) // one that cannot be read says nothing
		return entry.Send.Learner
	}
	var link struct {
		Learner string `json:"learner"`
	}
	_ = json.Unmarshal(data, &link)
	return link.Learner
}

// Read yields what a place holds of the learner, in the order in which it was stored.
func (d *LearnerData) Read(ctx context.Context, p Place, yield func(Message) error) error {
	if p.Held == 0 {
		return nil
	}
	if err := d.eachMessage(ctx, p.stream, p.filters, yield); err != nil {
		return fmt.Errorf("read what %s holds of a learner: %w", p.Name, err)
	}
	return nil
}

// Remove purges what a place holds of the learner by subject, so that no marker stays either.
func (d *LearnerData) Remove(ctx context.Context, p Place) error {
	if p.Held == 0 {
		return nil
	}
	stream, err := d.js.Stream(ctx, p.stream)
	for _, filter := range p.filters {
		if err == nil && p.Name == BucketControl { // whoever follows the bucket is told by a marker, which goes too
			err = d.markPurged(ctx, filter)
		}
		if err == nil {
			err = stream.Purge(ctx, jetstream.WithPurgeSubject(filter))
		}
	}
	if err != nil {
		return fmt.Errorf("remove what %s holds of a learner: %w", p.Name, err)
	}
	return nil
}

// CountSetAside returns how many of a learner's events are set aside.
func (d *LearnerData) CountSetAside(ctx context.Context, learner string) (uint64, error) {
	place := Place{Name: subjects.SetAsideStream, stream: subjects.SetAsideStream, filters: []string{subjects.SetAside(learner)}}
	if err := d.countHeld(ctx, &place, learner, SearchKeys{}); err != nil {
		return 0, fmt.Errorf("count what is set aside of a learner: %w", err)
	}
	return place.Held, nil
}

// markPurged writes the marker of a record that was purged.
func (d *LearnerData) markPurged(ctx context.Context, subject string) error {
	_, err := d.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: nats.Header{"KV-Operation": {"DEL"}}})
	return err
}

// SendIDs returns the ids of the sends that the learner's decisions name.
func (d *LearnerData) SendIDs(ctx context.Context, learner string) ([]string, error) {
	var ids []string
	err := d.eachMessage(ctx, subjects.DecisionStream, []string{subjects.DecisionsOf(learner)}, func(m Message) error {
		var decision engine.Decision
		if json.Unmarshal(m.Data, &decision) == nil && decision.Send != "" {
			ids = append(ids, decision.Send)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which sends a learner's decisions tell of: %w", err)
	}
	return ids, nil
}

// OtherSpellings finds the tokens in the stream of events that mean a learner but are not how their id is escaped, such as
// auth0=7c7 for auth0|7: publishers wrote them, and their events became dead letters. It reads every subject of the
// stream, one partition at a time.
func (d *LearnerData) OtherSpellings(ctx context.Context, learner string) ([]string, error) {
	stream, err := d.js.Stream(ctx, subjects.Stream)
	if err != nil {
		return nil, fmt.Errorf("look for a learner's other spellings: %w", err)
	}
	found := map[string]bool{}
	for p := range subjects.Partitions {
		info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subjects.Partition(p)))
		if err != nil {
			return nil, fmt.Errorf("look for a learner's other spellings in partition %d: %w", p, err)
		}
		for subject := range info.State.Subjects {
			_, token, event, err := subjects.ParseStored(subject)
			if err != nil && event != "" && tokenMeansLearner(token, learner) {
				found[token] = true
			}
		}
	}
	var tokens []string
	for token := range found {
		tokens = append(tokens, token)
	}
	slices.Sort(tokens)
	return tokens, nil
}

// tokenMeansLearner reports whether a token that is no learner's might mean this one: their id as it is, or its bytes written as
// escapes that need none or are in lower case.
func tokenMeansLearner(token, learner string) bool {
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		if token[i] == '=' && i+2 < len(token) {
			if raw, err := hex.DecodeString(token[i+1 : i+3]); err == nil {
				b.Write(raw)
				i += 2
				continue
			}
		}
		b.WriteByte(token[i])
	}
	return token == learner || b.String() == learner
}

// readBatchSize is how many messages are asked for at a time.
const readBatchSize = 500

// eachMessage yields what a stream holds under the filters at this moment.
func (d *LearnerData) eachMessage(ctx context.Context, stream string, filters []string, yield func(Message) error) error {
	consumer, err := d.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		FilterSubjects:    filters,
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: time.Minute,
		MemoryStorage:     true,
	})
	if err != nil {
		return err
	}
	defer DeleteConsumer(ctx, d.js, stream, consumer)
	var delivered uint64
	for left := consumer.CachedInfo().NumPending; left > 0; {
		batch, err := consumer.FetchNoWait(readBatchSize)
		if err != nil {
			return err
		}
		got := uint64(0)
		for msg := range batch.Messages() {
			meta, err := msg.Metadata()
			if err != nil {
				return err
			}
			got = got + 1
			delivered = delivered + 1
			if meta.Sequence.Consumer != delivered {
				return errors.New("a message was lost on the way: try again")
			}
			key, _ := strings.CutPrefix(msg.Subject(), "$KV."+strings.TrimPrefix(stream, "KV_")+".")
			if key == msg.Subject() {
				key = ""
			}
			m := Message{Subject: msg.Subject(), Key: key, Sequence: meta.Sequence.Stream, StoredAt: meta.Timestamp, Header: msg.Headers(), Data: msg.Data()}
			if err := yield(m); err != nil {
				return err
			}
		}
		if err := batch.Error(); err != nil {
			return err
		}
		if got == 0 { // the rest was removed meanwhile
			return ctx.Err()
		}
		left -= min(got, left)
	}
	return nil
}

// Tombstone says that a learner was erased. It is kept under a keyed hash of their id and tells nobody who it was.
type Tombstone struct {
	At time.Time `json:"at"`
	By string    `json:"by,omitempty"` // who erased
}

// TombstoneKey is the keyed hash of a learner's id under which their tombstone is kept, in hex.
func (s *Suppressions) TombstoneKey(learner string) string { return s.hashLearner(learner, 0) }

func (s *Suppressions) hashLearner(learner string, secret int) string {
	mac := hmac.New(sha256.New, s.secrets[secret])
	mac.Write([]byte("learner\x00" + learner)) // no address begins like this
	return hex.EncodeToString(mac.Sum(nil))
}

const tombstonePrefix = "erased."

// WriteTombstone writes a learner's tombstone in the place of an older one.
func (s *Suppressions) WriteTombstone(ctx context.Context, learner string, t Tombstone) error {
	data, err := json.Marshal(t)
	if err == nil {
		_, err = s.kv.Put(ctx, tombstonePrefix+s.TombstoneKey(learner), data)
	}
	if err != nil {
		return fmt.Errorf("write a tombstone: %w", err)
	}
	return nil
}

// Tombstone returns a learner's newest tombstone, and whether there is one.
func (s *Suppressions) Tombstone(ctx context.Context, learner string) (newest Tombstone, found bool, err error) {
	for i := range s.secrets {
		var t Tombstone
		key := tombstonePrefix + s.hashLearner(learner, i)
		revision, err := readRecord(ctx, s.kv, key, &t)
		if isUnreadable(err) {
			t, err = s.tombstoneByTime(ctx, key)
		}
		if err != nil {
			return Tombstone{}, false, fmt.Errorf("look for a tombstone: %w", err)
		}
		if revision > 0 && !t.At.Before(newest.At) {
			newest = t
			found = true
		}
	}
	return newest, found, nil
}

// tombstoneByTime is a tombstone whose record cannot be read: it counts from when the record was stored, which is never before the
// erasure.
func (s *Suppressions) tombstoneByTime(ctx context.Context, key string) (Tombstone, error) {
	entry, err := s.kv.Get(ctx, key)
	if err != nil {
		return Tombstone{}, err
	}
	return Tombstone{At: entry.Created()}, nil
}

func subjectOfKey(bucket, key string) string { return "$KV." + bucket + "." + key }
