package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/narrate"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// storeChecks are the checks of what is kept in the store.
var storeChecks = slices.Concat(controlChecks, []string{"write-keys", "dead-letters", "records"})

// checkStore looks at what is kept in the buckets.
func (e *examination) checkStore(ctx context.Context, js jetstream.JetStream) {
	if e.mayAsk(controlChecks[0], controlChecks[1:]...) {
		e.checkControl(ctx, js)
	}
	if e.mayAsk("write-keys") {
		e.checkWriteKeys(ctx, js)
	}
	e.checkDeadLetters(ctx, js)
	if e.mayAsk("records") {
		e.checkRecords(ctx, js)
	}
}

// checkControl looks at the rules and at what the control bucket holds.
func (e *examination) checkControl(ctx context.Context, js jetstream.JetStream) {
	st, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		e.reportFailure(controlChecks[0], err.Error(), runSetup)
		e.reportNotChecked("the store could not be opened", controlChecks[1:]...)
		return
	}
	defer st.Control.Close()
	current := e.checkRules(ctx, st)
	triggersLive := e.checkInstances(st, current)
	e.checkMissingRights(st)
	e.checkSecret(ctx, st)
	e.checkProvider(st)
	e.checkProviderLists(ctx, st)
	e.checkKillSwitch(ctx, st)
	e.checkWatermarks(st, triggersLive)
	e.checkSetAside(st)
	e.checkRewinds(ctx, st)
}

// maxSetAsideNamed is how many learners who are set aside the doctor names.
const maxSetAsideNamed = 5

// checkSetAside names the learners whose events wait because they could not be handed over.
func (e *examination) checkSetAside(st *store.Store) {
	learners := st.Control.SetAside()
	if len(learners) == 0 {
		e.reportOK("set-aside", "no learner is set aside")
		return
	}
	var named []string
	for _, s := range learners[:min(len(learners), maxSetAsideNamed)] {
		named = append(named, fmt.Sprintf("%s since %s (%s: %s)", s.Learner, s.Since.Format(time.RFC3339), s.Step, s.Error))
	}
	if more := len(learners) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("%d more", more))
	}
	e.reportWarning("set-aside", fmt.Sprintf("%s set aside, with events that wait: %s", narrate.Count(len(learners), "learner"), strings.Join(named, "; ")),
		"mend what the error says, then `homeroom learner retry ID`; `homeroom learner stuck` lists all")
}

// rewindReportedFor is for how long the doctor reports a stream that went back in time.
const rewindReportedFor = 7 * 24 * time.Hour

// checkRewinds looks whether NATS went back to older files lately.
func (e *examination) checkRewinds(ctx context.Context, st *store.Store) {
	rewinds, err := st.Control.Rewinds(ctx)
	if err != nil {
		e.reportFailure("rewinds", err.Error(), "")
		return
	}
	now := e.opts.Now().Add(e.skew)
	rewinds = slices.DeleteFunc(rewinds, func(r store.Rewind) bool { return now.Sub(r.At) > rewindReportedFor })
	if len(rewinds) == 0 {
		e.reportOK("rewinds", "NATS has not gone back to older files in the last seven days")
		return
	}
	var partitions []string
	last := rewinds[0]
	for _, r := range rewinds {
		partitions = append(partitions, fmt.Sprint(r.Partition))
		if r.At.After(last.At) {
			last = r
		}
	}
	e.reportWarning("rewinds", fmt.Sprintf("NATS went back to older files at %s: in partition %s the sequence %d was given out again after %d", last.At.Format(time.RFC3339), strings.Join(partitions, ", "), last.To, last.From),
		"what was acknowledged and is lost, the platform has to publish again (repeats are recognized); then see docs/operations.md, NATS durability")
}

// checkRules looks at the revision in force, and whether this version of Homeroom can run it.
func (e *examination) checkRules(ctx context.Context, st *store.Store) (current store.Pointer) {
	current, err := st.Rulesets.Current(ctx)
	if err != nil {
		e.reportFailure("rules", err.Error(), "look at the bucket "+store.BucketRulesets)
		return current
	}
	if current.Hash == "" {
		e.reportWarning("rules", "none are in force: every event waits", "publish a folder with `homeroom rules publish DIR`, or give `homeroom serve` one with --academy")
		return current
	}
	about := fmt.Sprintf("no. %d, %s, by %s at %s", current.Number, narrate.ShortHash(current.Hash), current.Author, current.At.Format(time.RFC3339))
	bundle, err := st.Rulesets.Get(ctx, current.Hash)
	if err != nil {
		e.reportFailure("rules", about+" cannot be read: "+err.Error(), "publish a folder again with `homeroom rules publish DIR`")
		return current
	}
	academy, problems := rules.FromBundle(bundle.Files)
	if problems.Err() != nil {
		e.reportFailure("rules", about+" does not compile with this version of Homeroom: "+problems.Error(), "publish one that does (`homeroom rules check DIR` tells), or go back with `homeroom rules rollback`")
		return current
	}
	e.senders = senderAddresses(academy.Library.Site())
	e.reportOK("rules", about+"; rules in force: "+fmt.Sprint(len(academy.Ruleset.Rules)))
	return current
}

func (e *examination) checkKillSwitch(ctx context.Context, st *store.Store) {
	pause, err := st.Control.PauseState(ctx)
	switch {
	case err != nil:
		e.reportFailure("kill-switch", err.Error(), "as long as it cannot be asked nothing goes out")
	case pause.Paused:
		says := fmt.Sprintf("on: nothing goes out. By %s at %s", pause.By, pause.At.Format(time.RFC3339))
		if pause.Note != "" {
			says += ": " + pause.Note
		}
		e.reportWarning("kill-switch", says, "`homeroom resume` lifts it")
	default:
		e.reportOK("kill-switch", "off: messages go out")
	}
}

// How old the watermark of a partition may be.
const (
	watermarkWarnsAfter = 15 * time.Second
	watermarkFailsAfter = 5 * time.Minute
)

// checkWatermarks looks at how far the partitions have been handed over: what falls due later than that waits.
func (e *examination) checkWatermarks(st *store.Store, triggers bool) {
	now := e.clock.At(e.opts.Now().Add(e.skew))
	var oldest time.Duration
	var late, unknown []string // partitions
	for p := range subjects.Partitions {
		watermark := st.Control.Watermark(p)
		if watermark.IsZero() {
			unknown = append(unknown, fmt.Sprint(p))
			continue
		}
		if age := e.clock.Wait(now.Sub(watermark)); age > watermarkWarnsAfter {
			late = append(late, fmt.Sprint(p))
			oldest = max(oldest, age)
		}
	}
	says := fmt.Sprintf("of partition %s: handed over up to %s ago", strings.Join(late, ", "), oldest.Round(time.Second))
	const do = "look at the triggers' logs for an event that cannot be handed over, and at the backlog; until then nothing falls due for these learners"
	switch {
	case !triggers:
		e.reportNotChecked("no instance serves the triggers", "marks")
	case len(unknown) > 0:
		e.reportWarning("marks", "not known yet of partition "+strings.Join(unknown, ", "), "the triggers tell within seconds after their start, or when they have caught up")
	case oldest > watermarkFailsAfter:
		e.reportFailure("marks", says, do)
	case len(late) > 0:
		e.reportWarning("marks", says, do)
	default:
		e.reportOK("marks", "every partition is handed over up to the moment")
	}
}

func (e *examination) checkDeadLetters(ctx context.Context, js jetstream.JetStream) {
	stream, err := js.Stream(ctx, subjects.DeadStream)
	if err != nil {
		e.reportFailure("dead-letters", err.Error(), runSetup)
		return
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 {
		e.reportOK("dead-letters", "none")
		return
	}
	e.reportWarning("dead-letters", fmt.Sprintf("%d, the last one of %s", state.Msgs, state.LastTime.UTC().Format(time.RFC3339)),
		"`homeroom deadletters list` says why; fix what it names, then `homeroom deadletters replay`")
}

// recordsTime bounds the search for damaged records.
const recordsTime = 8 * time.Second

// checkRecords looks for records that cannot be read.
func (e *examination) checkRecords(ctx context.Context, js jetstream.JetStream) {
	scan, err := store.FindDamage(ctx, js, recordsTime)
	if err != nil {
		e.addFinding("records", NotChecked, err.Error(), "")
		return
	}
	says := fmt.Sprintf("%d records can be read", scan.Read-len(scan.Damages))
	if !scan.Whole {
		says += fmt.Sprintf("; the others were not looked at within %s", recordsTime)
	}
	if len(scan.Damages) == 0 {
		e.reportOK("records", says)
		return
	}
	lines := []string{says}
	var advice []string
	for _, d := range scan.Damages {
		lines = append(lines, fmt.Sprintf("%s %s (revision %d, of %s): %s. Meanwhile %s.", d.Bucket, d.Key, d.Revision, d.StoredAt.UTC().Format(time.RFC3339), d.Why, d.Effect))
		if do := d.Bucket + " " + d.Key + ": " + d.Do; !slices.Contains(advice, do) {
			advice = append(advice, do)
		}
	}
	e.reportFailure("records", strings.Join(lines, "\n"), strings.Join(advice, "\n"))
}

// missingNames lists the names of want that have lacks, sorted.
func missingNames[V, W any](want map[string]V, have map[string]W) []string {
	var missing []string
	for name := range want {
		if _, ok := have[name]; !ok {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}
