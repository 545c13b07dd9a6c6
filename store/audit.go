package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

// Audit is the record of who did what to the installation, in the stream HOMEROOM_AUDIT. A record holds no text that a person typed, no
// learner's id and no address.
type Audit struct {
	js  jetstream.JetStream
	key []byte // of the hashes of learners and addresses
}

// Way is which way in somebody used.
type Way string

// The ways in.
const (
	WayConsole Way = "console"
	WayCLI     Way = "cli"
	// WaySchedule is nobody's way in: something happens by itself because the person who is named scheduled it.
	WaySchedule Way = "schedule"
)

// AuditAction is what somebody did.
type AuditAction string

// The actions. Each names what is asked for; a record says with Failed that it did not come about.
const (
	ActionPublish           AuditAction = "publish"             // a folder or a draft was put in force
	ActionRollBack          AuditAction = "roll_back"           // an earlier revision was put in force again
	ActionSweep             AuditAction = "sweep"               // all learners were visited once more
	ActionPropose           AuditAction = "propose"             // a draft was proposed
	ActionWithdraw          AuditAction = "withdraw"            // a proposal was taken back
	ActionApprove           AuditAction = "approve"             // the content with the hash was approved
	ActionDiscard           AuditAction = "discard"             // a draft was deleted
	ActionSchedule          AuditAction = "schedule"            // a time was set at which a draft is put in force by itself
	ActionUnschedule        AuditAction = "unschedule"          // that was cancelled
	ActionBacktest          AuditAction = "backtest"            // a backtest of the content with the hash was begun
	ActionTestMail          AuditAction = "send_test"           // a message was sent to an address of the team
	ActionPause             AuditAction = "pause"               // all sending was stopped
	ActionResume            AuditAction = "resume"              // sending goes on
	ActionBroadcast         AuditAction = "broadcast"           // a rule was started for its audience
	ActionCountBroadcast    AuditAction = "count_broadcast"     // whom a rule would reach was counted
	ActionPauseBroadcast    AuditAction = "pause_broadcast"     // a broadcast was paused
	ActionResumeBroadcast   AuditAction = "resume_broadcast"    // a broadcast went on
	ActionCancelBroadcast   AuditAction = "cancel_broadcast"    // a broadcast was ended
	ActionLift              AuditAction = "lift_suppression"    // a suppressed address may be written to again
	ActionLiftAtProvider    AuditAction = "lift_at_provider"    // an address was taken off the provider's suppression lists
	ActionImportSuppressed  AuditAction = "import_suppressions" // a provider's list was taken in
	ActionExportSuppressed  AuditAction = "export_suppressions" // suppressed addresses were written out
	ActionLookAtAddress     AuditAction = "look_at_address"     // whose an address is was looked up
	ActionLookAtSuppressed  AuditAction = "list_suppressions"   // suppressions were listed with their learners
	ActionReplayDeadLetters AuditAction = "replay_dead_letters" // refused events were published again, mended or not
	ActionPurgeDeadLetters  AuditAction = "purge_dead_letters"  // refused events were deleted
	ActionLookAtDeadLetter  AuditAction = "look_at_dead_letter" // a refused event was shown with its body
	ActionRetryLearner      AuditAction = "retry_learner"       // a learner who is set aside was tried again
	ActionLookAtLearner     AuditAction = "look_at_learner"     // a learner's story was shown, or what happens of them was followed
	ActionListAtRisk        AuditAction = "list_at_risk"        // learners were listed with their risks and what the rules do for them
	ActionTryOnLearner      AuditAction = "try_on_learner"      // rules were tried on a learner's recorded events
	ActionAskExport         AuditAction = "ask_export_learner"  // an operator was asked to export a learner
	ActionAskErase          AuditAction = "ask_erase_learner"   // an operator was asked to erase a learner
	ActionTakeBackRequest   AuditAction = "take_back_request"   // that was taken back
	ActionExportLearner     AuditAction = "export_learner"      // what is held about a learner was written out
	ActionEraseLearner      AuditAction = "erase_learner"       // a learner was erased
	ActionImport            AuditAction = "import"              // learners were imported
	ActionCreateKey         AuditAction = "create_write_key"    // a key for posting events over HTTP was made
	ActionRevokeKey         AuditAction = "revoke_write_key"    // such a key was revoked
)

// What a record says besides its action.
const (
	WithoutApproval = "without_approval" // approvals that the settings ask for were missing
	WithCondition   = "with_condition"   // the broadcast had a condition of its own; it is not recorded, since it may hold an address
	WithFailedTests = "untested"         // rule tests failed, or were not run
	WithoutBase     = "without_base"     // what was in force was not what the folder began from
	Scheduled       = "scheduled"        // it was put in force by itself, at a time that somebody set
	Unscheduled     = "unscheduled"      // a scheduled publication was cancelled with it
	BaseMoved       = "base_moved"       // cancelled: something else was published
	DraftEdited     = "edited"           // cancelled: the draft's content changed
	TooLate         = "too_late"         // cancelled: nobody could put it in force in time
	Refused         = "refused"          // cancelled: it may not or cannot be put in force
)

// AuditRecord is one act. Unknown fields of later versions are passed over.
type AuditRecord struct {
	ID     string      `json:"id"` // of the act; the record of its failure has the same
	At     time.Time   `json:"at"`
	Who    string      `json:"who"` // a name as the console or the operating system knows it
	Way    Way         `json:"way"`
	Action AuditAction `json:"action"`
	Target string      `json:"target,omitempty"` // a draft's name, or the sequence of a dead letter
	Hash   string      `json:"hash,omitempty"`   // of the content that it is about
	Base   string      `json:"base,omitempty"`   // hash of what was in force before
	// Learner and Address are keyed hashes; see [Audit.HashLearner] and [Audit.HashAddress].
	Learner string   `json:"learner,omitempty"`
	Address string   `json:"address,omitempty"`
	Count   int      `json:"count,omitempty"` // how many things it is about
	With    []string `json:"with,omitempty"`  // such as [WithoutApproval]
	Failed  bool     `json:"failed,omitempty"`
}

// auditKey is the key, in the control bucket, of the key of the hashes in audit records.
const auditKey = "audit_key"

// OpenAudit gives access to the audit stream, which [Setup] makes. It makes the key of the hashes if there is none.
func OpenAudit(ctx context.Context, js jetstream.JetStream) (*Audit, error) {
	key, err := ensureKey(ctx, js, auditKey)
	if err != nil {
		return nil, err
	}
	return &Audit{js: js, key: key}, nil
}

// Append stores a record and returns when it is confirmed.
func (a *Audit) Append(ctx context.Context, r AuditRecord) error {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the audit record: %w", err)
	}
	_, err = a.js.Publish(ctx, subjects.Audit(string(r.Action)), body)
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		return fmt.Errorf("there is no stream %s to record who does what: make it with `homeroom setup`: %w", subjects.AuditStream, err)
	}
	if err != nil {
		return fmt.Errorf("write the audit record: %w", err)
	}
	return nil
}

// Read calls each with every record that was stored since, oldest first. It returns how many could not be read.
func (a *Audit) Read(ctx context.Context, reader StreamReader, each func(AuditRecord)) (unreadable int, err error) {
	err = reader.Read(ctx, subjects.AuditStream, []string{subjects.AllAudit}, func(m Message) error {
		var r AuditRecord
		if json.Unmarshal(m.Data, &r) != nil || r.ID == "" {
			unreadable++
			return nil
		}
		each(r)
		return nil
	})
	return unreadable, err
}

// HashLearner returns how a learner stands in the records, in hex. It cannot be turned back into the id without the key.
func (a *Audit) HashLearner(learner string) string { return a.hash("learner", learner) }

// HashAddress returns how an address, in its form for comparison, stands in the records, in hex.
func (a *Audit) HashAddress(address string) string { return a.hash("address", address) }

// auditHashSize is the size of a hash in a record, in bytes.
const auditHashSize = 16

func (a *Audit) hash(kind, text string) string {
	mac := hmac.New(sha256.New, a.key)
	mac.Write([]byte("homeroom audit " + kind + "\x00" + text))
	return hex.EncodeToString(mac.Sum(nil)[:auditHashSize])
}
