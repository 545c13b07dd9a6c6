package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// stored are the checks of what is kept in the store.
var stored = []string{"rules", "instances", "kill-switch", "marks", "dead-letters"}

// store looks at what is kept in the buckets.
func (e *examination) store(ctx context.Context, js jetstream.JetStream) {
	st, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		e.fail("rules", err.Error(), runSetup)
		e.notChecked("the store could not be opened", stored[1:]...)
		return
	}
	defer st.Control.Close()
	current := e.rules(ctx, st)
	triggersLive := e.instances(st, current)
	e.killSwitch(ctx, st)
	e.marks(st, triggersLive)
	e.deadLetters(ctx, js)
}

// rules looks at the revision in force, and whether this version of Homeroom can run it.
func (e *examination) rules(ctx context.Context, st *store.Store) (current store.Pointer) {
	current, err := st.Rulesets.Current(ctx)
	if err != nil {
		e.fail("rules", err.Error(), "look at the bucket "+store.BucketRulesets)
		return current
	}
	if current.Hash == "" {
		e.warn("rules", "none are in force: every event waits", "publish a folder with `homeroom rules publish DIR`, or give `homeroom serve` one with --academy")
		return current
	}
	about := fmt.Sprintf("no. %d, %s, by %s at %s", current.Number, short(current.Hash), current.Author, current.At.Format(time.RFC3339))
	bundle, err := st.Rulesets.Get(ctx, current.Hash)
	if err != nil {
		e.fail("rules", about+" cannot be read: "+err.Error(), "publish a folder again with `homeroom rules publish DIR`")
		return current
	}
	academy, problems := rules.FromBundle(bundle.Files)
	if problems.Err() != nil {
		e.fail("rules", about+" does not compile with this version of Homeroom: "+problems.Error(), "publish one that does (`homeroom rules check DIR` tells), or go back with `homeroom rules rollback`")
		return current
	}
	e.sender = academy.Library.Site().Sender.From
	e.fine("rules", about+"; rules in force: "+fmt.Sprint(len(academy.Ruleset.Rules)))
	return current
}

func short(hash string) string { return hash[:min(12, len(hash))] }

// instances looks at who is running and with which rules. It tells whether anybody serves the triggers.
func (e *examination) instances(st *store.Store, current store.Pointer) (triggers bool) {
	now := e.o.Now().Add(e.skew) // records are stamped by the store
	roles := map[string]int{}
	var refused, behind []string
	live := 0
	for _, i := range st.Control.Instances() {
		if !i.Live(now) {
			continue
		}
		live++
		for _, role := range i.Roles {
			roles[role]++
		}
		switch {
		case i.Outcome == store.SwapRefused:
			refused = append(refused, fmt.Sprintf("%s refused %s and stays with %s: %s", i.Name, short(i.Swap), short(i.Running), i.Problem))
		case current.Hash != "" && i.Running != current.Hash:
			behind = append(behind, fmt.Sprintf("%s runs %s", i.Name, short(i.Running)))
		}
	}
	var absent []string
	for _, role := range []string{"triggers", "worker", "edge"} {
		if roles[role] == 0 {
			absent = append(absent, role)
		}
	}
	says := fmt.Sprintf("%d live: %d with triggers, %d with worker, %d with edge", live, roles["triggers"], roles["worker"], roles["edge"])
	switch {
	case len(refused) > 0:
		e.fail("instances", strings.Join(refused, "\n"), "these processes are older than the rules: upgrade them, or publish rules that they know")
	case len(behind) > 0:
		e.warn("instances", strings.Join(behind, "\n")+", and in force is "+short(current.Hash), "they follow within seconds; if not, look at their logs")
	case live == 0:
		e.warn("instances", "no instance of Homeroom is running", "start `homeroom serve`")
	case len(absent) > 0:
		e.warn("instances", says+"; nobody serves "+strings.Join(absent, " or "), "start `homeroom serve --roles "+strings.Join(absent, ",")+"`")
	default:
		e.fine("instances", says+"; all run the rules in force")
	}
	return roles["triggers"] > 0
}

func (e *examination) killSwitch(ctx context.Context, st *store.Store) {
	pause, err := st.Control.PauseState(ctx)
	switch {
	case err != nil:
		e.fail("kill-switch", err.Error(), "as long as it cannot be asked nothing goes out")
	case pause.Paused:
		says := fmt.Sprintf("on: nothing goes out. By %s at %s", pause.By, pause.At.Format(time.RFC3339))
		if pause.Note != "" {
			says += ": " + pause.Note
		}
		e.warn("kill-switch", says, "`homeroom resume` lifts it")
	default:
		e.fine("kill-switch", "off: messages go out")
	}
}

// How old the mark of a partition may be.
const (
	markWarns = 15 * time.Second
	markFails = 5 * time.Minute
)

// marks looks at how far the partitions have been handed over: what falls due later than that waits.
func (e *examination) marks(st *store.Store, triggers bool) {
	now := e.o.Now().Add(e.skew)
	var oldest time.Duration
	var which, none []string
	for p := range subjects.Partitions {
		mark := st.Control.Watermark(p)
		if mark.IsZero() {
			none = append(none, fmt.Sprint(p))
			continue
		}
		if age := now.Sub(mark); age > markWarns {
			which = append(which, fmt.Sprint(p))
			oldest = max(oldest, age)
		}
	}
	says := fmt.Sprintf("of partition %s: handed over up to %s ago", strings.Join(which, ", "), oldest.Round(time.Second))
	const do = "look at the triggers' logs for an event that cannot be handed over, and at the backlog; until then nothing falls due for these learners"
	switch {
	case !triggers:
		e.notChecked("no instance serves the triggers", "marks")
	case len(none) > 0:
		e.warn("marks", "not known yet of partition "+strings.Join(none, ", "), "the triggers tell within seconds after their start, or when they have caught up")
	case oldest > markFails:
		e.fail("marks", says, do)
	case len(which) > 0:
		e.warn("marks", says, do)
	default:
		e.fine("marks", "every partition is handed over up to the moment")
	}
}

func (e *examination) deadLetters(ctx context.Context, js jetstream.JetStream) {
	stream, err := js.Stream(ctx, subjects.DeadStream)
	if err != nil {
		e.fail("dead-letters", err.Error(), runSetup)
		return
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 {
		e.fine("dead-letters", "none")
		return
	}
	e.warn("dead-letters", fmt.Sprintf("%d, the last one of %s", state.Msgs, state.LastTime.UTC().Format(time.RFC3339)),
		"`homeroom deadletters list` says why; fix what it names, then `homeroom deadletters replay`")
}

// missingOf lists the names of want that have lacks, sorted.
func missingOf[V, W any](want map[string]V, have map[string]W) []string {
	var missing []string
	for name := range want {
		if _, ok := have[name]; !ok {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}
