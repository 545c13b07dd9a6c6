package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"homeroom/internal/narrate"
	"homeroom/publish"
	"homeroom/rules"
	"homeroom/store"
)

// PublicationHistory is what was published, the newest first.
type PublicationHistory struct {
	Publications []store.Pointer `json:"publications"` // at most the last 64
}

// PublicationHistory lists the last publications.
func (i *Installation) PublicationHistory(ctx context.Context) (PublicationHistory, error) {
	history, err := i.store.Rulesets.Publications(ctx)
	if err != nil {
		return PublicationHistory{}, err
	}
	slices.Reverse(history)
	return PublicationHistory{Publications: append([]store.Pointer{}, history...)}, nil
}

// Revision compiles a published revision: a number, a hash (at least six letters), or "current".
func (i *Installation) Revision(ctx context.Context, ref string) (*rules.Academy, error) {
	bundle, err := publish.FindRevision(ctx, i.store.Rulesets, ref)
	if err != nil {
		var unknown *publish.RevisionError
		if errors.As(err, &unknown) {
			return nil, inputError(err)
		}
		return nil, err
	}
	return publish.CompileRevision(bundle)
}

// RevisionDiff is how two revisions or folders differ.
type RevisionDiff struct {
	Change publish.Change `json:"change"`
	Diff   string         `json:"diff"` // unified
}

// CompareAcademies finds how b differs from a.
func CompareAcademies(a, b *rules.Academy) RevisionDiff {
	return RevisionDiff{Change: publish.Compare(a, b), Diff: publish.UnifiedDiff(a, b)}
}

// RulesStatus is what is in force, who runs it, and how many learners are under way.
type RulesStatus struct {
	Current   store.Pointer    `json:"current"` // without a hash: nothing is in force
	Instances []InstanceStatus `json:"instances"`
	Live      map[string]int64 `json:"live"` // learners with a live run, by rule
}

// InstanceStatus is one process of homeroom serve.
type InstanceStatus struct {
	store.Instance
	Alive bool      `json:"alive"`
	Seen  time.Time `json:"seen"` // when it last reported
}

// RulesStatus looks at the revision in force, the instances and the live runs.
func (i *Installation) RulesStatus(ctx context.Context) (RulesStatus, error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return RulesStatus{}, err
	}
	current, err := i.store.Rulesets.Current(ctx)
	if err != nil {
		return RulesStatus{}, err
	}
	status := RulesStatus{Current: current, Instances: i.listInstances()}
	status.Live, err = publish.CountLiveRuns(ctx, i.store.Rulesets, temporal)
	return status, err
}

// LiveRuns counts the learners with a live run, by rule, as far as Temporal's visibility knows.
func (i *Installation) LiveRuns(ctx context.Context) (map[string]int64, error) {
	temporal, _, err := i.dialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	return publish.CountLiveRuns(ctx, i.store.Rulesets, temporal)
}

// Word says in words how the instance's last swap went.
func (s InstanceStatus) Word() string {
	switch {
	case !s.Alive:
		return "gone, last seen " + s.Seen.UTC().Format(time.RFC3339)
	case s.Outcome == store.SwapRefused:
		return "refused " + narrate.ShortHash(s.Swap) + ": " + s.Problem
	default:
		return "swap " + string(s.Outcome)
	}
}

// DescribeRules says by which rules a process that is alive goes, in words that a growth team knows.
func (s InstanceStatus) DescribeRules() string {
	switch s.Outcome {
	case store.SwapRefused:
		return "cannot read the rules in force, and goes by those before them: " + s.Problem
	case store.SwapNone:
		return "waits for the first rules"
	case store.SwapDone:
	}
	return "goes by the rules in force"
}
