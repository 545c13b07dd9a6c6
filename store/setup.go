package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// The buckets.
const (
	BucketProfiles     = "homeroom_profiles"
	BucketStanding     = "homeroom_standing"
	BucketRulesets     = "homeroom_rulesets"
	BucketSends        = "homeroom_sends"
	BucketSuppressions = "homeroom_suppressions"
	BucketControl      = "homeroom_control"
	BucketLinks        = "homeroom_links"
	BucketRetired      = "homeroom_retired"
	BucketLearned      = "homeroom_learned"
)

// NudgesAge is how long nudges wait for the platform to fetch them.
const NudgesAge = 30 * 24 * time.Hour

// AuditAge is how long it is kept who did what.
const AuditAge = 400 * 24 * time.Hour

// NudgesWindow is how long a nudge that is announced again is recognized: longer than a delivery is put off at first.
const NudgesWindow = time.Hour

// DuplicatesWindow is how long the streams recognize a message id that comes again.
const DuplicatesWindow = 2 * time.Minute

// Options say how [Setup] creates what is missing. The zero value suits a single server.
type Options struct {
	Replicas int // of every stream and bucket, 1 to 5; 0 means 1
	// MaxAge is how long events, dead letters and decisions are kept; 0: forever. The stream of events is also the
	// history that rules are tried on, and what a learner's standing could be rebuilt from.
	MaxAge time.Duration
	// SendsAge is how long the send ledger remembers; 0 means 90 days. It must be longer than any run can wait.
	SendsAge time.Duration
	Memory   bool // keep everything in memory: for trying things
}

// Setup creates the streams and buckets that are missing; it may run any number of times and from several processes at
// once. What exists is left as it is, whatever its replicas, limits and age; if it has another shape, so that Homeroom
// would not work with it, the error says in what it differs and what to do. It never rewrites anything.
func Setup(ctx context.Context, js jetstream.JetStream, o Options) error {
	if o.MaxAge > 0 && o.MaxAge < leastEventsAge && !o.Memory {
		return fmt.Errorf("events would be kept for %s: keep them for %s or longer, so that nothing is lost before it is read", o.MaxAge, leastEventsAge)
	}
	var problems []error
	for _, want := range o.Streams() {
		if err := ensureStream(ctx, js, want); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// Streams returns the streams that [Setup] creates, those behind the buckets (KV_…) among them. [Differences] compares an
// existing stream with one of these.
func (o Options) Streams() []jetstream.StreamConfig {
	replicas := max(1, o.Replicas)
	storage := jetstream.FileStorage
	if o.Memory {
		storage = jetstream.MemoryStorage
	}
	sendsAge := o.SendsAge
	if sendsAge == 0 {
		sendsAge = 90 * 24 * time.Hour
	}
	stream := func(name, about, subject string, age time.Duration) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name:        name,
			Description: about,
			Subjects:    []string{subject},
			Retention:   jetstream.LimitsPolicy,
			MaxAge:      age,
			Duplicates:  duplicatesWindow(age),
			Storage:     storage,
			Replicas:    replicas,
			AllowDirect: true,
		}
	}
	events := stream(subjects.Stream, "what learners do, as published", subjects.TransformSource, o.MaxAge)
	events.SubjectTransform = &jetstream.SubjectTransformConfig{
		Source:      subjects.TransformSource,
		Destination: subjects.TransformDestination,
	}
	bucket := func(name, about string, history int64, age time.Duration) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name:              "KV_" + name,
			Description:       about,
			Subjects:          []string{"$KV." + name + ".>"},
			Retention:         jetstream.LimitsPolicy,
			MaxMsgsPerSubject: history,
			MaxAge:            age,
			Duplicates:        duplicatesWindow(age),
			Discard:           jetstream.DiscardNew,
			AllowRollup:       false, // with it, a header of whoever may write one key empties the bucket
			DenyDelete:        true,
			Storage:           storage,
			Replicas:          replicas,
			AllowDirect:       false, // a replica may be behind: reads go to the leader
		}
	}
	setAside := stream(subjects.SetAsideStream, "events of learners who are set aside, until they are handed over", subjects.AllSetAside, 0)
	setAside.AllowDirect = false // a replica may be behind: whether anything still waits is asked of the leader
	audit := stream(subjects.AuditStream, "who did what to the installation, from which way in", subjects.AllAudit, AuditAge)
	audit.DenyDelete = true
	audit.DenyPurge = true // no record is taken back
	nudges := stream(subjects.NudgeStream, "nudges for the platform to show", subjects.AllNudges, NudgesAge)
	nudges.Duplicates = NudgesWindow
	return []jetstream.StreamConfig{
		events,
		stream(subjects.DeadStream, "events that were refused, with the reason", subjects.AllDead, o.MaxAge),
		setAside,
		stream(subjects.DecisionStream, "what Homeroom decided, and why", subjects.AllDecisions, o.MaxAge),
		nudges,
		audit,
		bucket(BucketProfiles, "learners as persons: address, name, zone, consent, traits", 1, 0),
		bucket(BucketStanding, "activity and progress per learner", 1, 0),
		bucket(BucketRulesets, "rule revisions by hash; current points to the one in force", 64, 0),
		bucket(BucketSends, "how far each send has come", 1, sendsAge),
		bucket(BucketSuppressions, "addresses that must not be written to, as keyed hashes", 1, 0),
		bucket(BucketDrafts, "folders that somebody edits and that are not in force yet", 10, 0),
		bucket(BucketWriteKeys, "hashes of the keys with which events are posted over HTTP", 1, 0),
		bucket(BucketLinks, "what lies behind share and referral links", 1, 0),
		bucket(BucketRetired, "what is remembered of learners whose workflow has ended because nothing was due", 1, 0),
		bucket(BucketLearned, "what was counted of all learners together: what they did next in a course", 1, 0),
		bucket(BucketControl, "the kill switch, how far each partition was handed over, and who is set aside", 1, 0),
	}
}

// duplicatesWindow is the duplicates window: never longer than messages are kept, which the server would refuse.
func duplicatesWindow(age time.Duration) time.Duration {
	if age > 0 && age < DuplicatesWindow {
		return age
	}
	return DuplicatesWindow
}

func ensureStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) error {
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody was faster
			stream, err = js.Stream(ctx, want.Name)
		}
	}
	if err != nil {
		return setupError(ctx, js, want, err)
	}
	if diffs := Differences(want, stream.CachedInfo().Config); len(diffs) > 0 {
		return fmt.Errorf("the NATS stream %s exists and is not as Homeroom needs it: %s; %s", want.Name, JoinDifferences(diffs), DifferencesAdvice(diffs))
	}
	return nil
}

func setupError(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig, err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == codeSubjectsOverlap {
		if other, lookup := js.StreamNameBySubject(ctx, want.Subjects[0]); lookup == nil {
			return fmt.Errorf("create the NATS stream %s: the stream %s already takes %s: rename its subjects, or point Homeroom at another NATS account: %w",
				want.Name, other, want.Subjects[0], err)
		}
	}
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return fmt.Errorf("the NATS server or account has no JetStream: start it with JetStream enabled (nats-server -js): %w", err)
	}
	return fmt.Errorf("set up the NATS stream %s: %w", want.Name, err)
}

// codeSubjectsOverlap is JetStream's error code for a subject that another stream has.
const codeSubjectsOverlap jetstream.ErrorCode = 10065

// Difference is one thing in which a stream that exists differs from the one that is needed.
type Difference struct {
	Says string // in words
	Do   string // what ends it and loses nothing; empty: Homeroom knows nothing, for the stream was made for something else
}

// String returns both as a person reads them.
func (d Difference) String() string {
	if d.Do == "" {
		return d.Says
	}
	return d.Says + ": " + d.Do
}

// JoinDifferences returns the differences of a stream in words.
func JoinDifferences(diffs []Difference) string {
	texts := make([]string, 0, len(diffs))
	for _, d := range diffs {
		texts = append(texts, d.String())
	}
	return strings.Join(texts, "; ")
}

// DifferencesAdvice returns what to do about the differences of one stream or of several. To remove a stream is to lose what is in it, so nobody is told to where
// something else ends the difference.
func DifferencesAdvice(diffs []Difference) string {
	const named = "do what is named, as the operator, and remove nothing else: the events would be lost with the stream"
	if slices.ContainsFunc(diffs, func(d Difference) bool { return d.Do == "" }) {
		return named + "; where nothing is named the stream was not made by Homeroom: point Homeroom at another NATS account, or back the stream up (`nats stream backup`) and remove it"
	}
	return named
}

// Differences says in what a stream that exists differs from the one that is needed; empty: it will do. What
// an operator may tune (replicas, storage, age, limits, placement, compression) does not count, except where the stream of events
// could lose what nobody has read.
func Differences(want, have jetstream.StreamConfig) []Difference {
	var diffs []Difference
	edit := func(flag string) string { return "`nats stream edit " + have.Name + " " + flag + "`" }
	differ := func(what string, have, want any, do string) {
		diffs = append(diffs, Difference{Says: fmt.Sprintf("%s is %v, needed is %v", what, have, want), Do: do})
	}
	if !slices.Equal(have.Subjects, want.Subjects) {
		differ("subjects", have.Subjects, want.Subjects, "")
	}
	if h, w := describeTransform(have.SubjectTransform), describeTransform(want.SubjectTransform); h != w {
		differ("subject transform", h, w, "")
	}
	if have.Retention != want.Retention {
		differ("retention", have.Retention, want.Retention, "")
	}
	if w := duplicatesWindow(have.MaxAge); have.Duplicates < w {
		differ("duplicates window", have.Duplicates, "at least "+w.String(), edit("--dupe-window="+w.String()))
	}
	if want.MaxMsgsPerSubject > 0 && have.MaxMsgsPerSubject > 0 && have.MaxMsgsPerSubject < want.MaxMsgsPerSubject { // -1: no limit
		differ("history per key", have.MaxMsgsPerSubject, fmt.Sprintf("at least %d", want.MaxMsgsPerSubject), edit(fmt.Sprintf("--max-msgs-per-subject=%d", want.MaxMsgsPerSubject)))
	}
	if want.MaxMsgsPerSubject == 0 && have.MaxMsgsPerSubject > 0 {
		differ("limit of messages per subject", have.MaxMsgsPerSubject, "none", edit("--max-msgs-per-subject=-1"))
	}
	if !want.AllowDirect && have.AllowDirect && have.Replicas > 1 {
		differ("allow direct (reads from replicas)", true, false, edit("--no-allow-direct"))
	}
	if want.Name == subjects.Stream {
		diffs = append(diffs, lossDifferences(want, have, edit)...)
	}
	if have.Mirror != nil || len(have.Sources) > 0 {
		differ("origin", "another stream (mirror or sources)", "none", "")
	}
	if have.Sealed {
		diffs = append(diffs, Difference{Says: "it is sealed, so nothing can be stored"})
	}
	if have.NoAck {
		diffs = append(diffs, Difference{Says: "it does not acknowledge, so nothing can be stored safely", Do: edit("--ack")})
	}
	return diffs
}

// The least that the stream of events must take and keep, so that nothing is lost before it was read: a message of the size that
// the documents promise, and a day for an operator to notice that nobody reads.
const (
	leastMessageSize = 1 << 20
	leastEventsAge   = 24 * time.Hour
)

// lossDifferences says by which of its settings a stream of events can lose events that nobody has read. edit returns the command that sets a flag.
func lossDifferences(want, have jetstream.StreamConfig, edit func(flag string) string) []Difference {
	var diffs []Difference
	addLimit := func(limit, flag string) {
		diffs = append(diffs, Difference{Says: limit + ", so events can be lost before they are read", Do: edit(flag)})
	}
	if have.MaxBytes > 0 {
		addLimit(fmt.Sprintf("max_bytes is %d", have.MaxBytes), "--max-bytes=-1")
	}
	if have.MaxMsgs > 0 {
		addLimit(fmt.Sprintf("max_msgs is %d", have.MaxMsgs), "--max-msgs=-1")
	}
	if have.MaxAge > 0 && have.MaxAge < leastEventsAge && have.MaxAge != want.MaxAge {
		addLimit(fmt.Sprintf("max_age is %s", have.MaxAge), "--max-age=30d")
	}
	if have.MaxMsgSize > 0 && have.MaxMsgSize < leastMessageSize {
		addLimit(fmt.Sprintf("max_msg_size is %d", have.MaxMsgSize), "--max-msg-size=-1")
	}
	if have.Storage == jetstream.MemoryStorage && want.Storage != jetstream.MemoryStorage {
		diffs = append(diffs, Difference{
			Says: "storage is memory, so events are lost with the server",
			Do:   "back the stream up (`nats stream backup`), remove it and restore it with storage file",
		})
	}
	return diffs
}

// UnneededHeaders names the features of a stream by which a header of whoever may write one message removes or adds others, and
// which Homeroom does not use. Buckets that earlier versions made allow roll-up.
func UnneededHeaders(have jetstream.StreamConfig) []string {
	var names []string
	for _, feature := range []struct {
		name    string
		allowed bool
	}{
		{"rollup", have.AllowRollup},
		{"msg-ttl", have.AllowMsgTTL},
		{"schedules", have.AllowMsgSchedules},
		{"counter", have.AllowMsgCounter},
		{"batch", have.AllowAtomicPublish || have.AllowBatchPublish},
	} {
		if feature.allowed {
			names = append(names, feature.name)
		}
	}
	return names
}

func describeTransform(t *jetstream.SubjectTransformConfig) string {
	if t == nil {
		return "none"
	}
	return t.Source + " → " + t.Destination
}
