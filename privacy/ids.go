package privacy

import (
	"context"
	"fmt"
	"slices"

	"homeroom/subjects"
)

// otherIDs returns the other ids of a learner: those that were merged, and last the one under which the learner goes on, unless that is the learner's own. Who
// is merged names that one, and that one names all the others, so an erasure that empties them in this order and then the learner's own finds what is left
// when it is run again.
func (p *Privacy) otherIDs(ctx context.Context, learner string) ([]string, error) {
	if learner == subjects.NoLearner {
		return nil, nil
	}
	standings := p.opts.Store.Standings
	into, err := standings.MergedInto(ctx, learner)
	if err != nil {
		return nil, fmt.Errorf("look for the learner's other ids: %w", err)
	}
	root := learner
	if into != "" {
		root = into
	}
	st, err := standings.Get(ctx, root)
	if err != nil {
		return nil, fmt.Errorf("look for the learner's other ids: %w", err)
	}
	var ids []string
	for _, previous := range st.Previous {
		if previous.ID == learner || previous.ID == root {
			continue
		}
		belongs := previous.Merged
		if !belongs { // a merge that is under way, or one that was refused
			end, err := standings.MergedInto(ctx, previous.ID)
			if err != nil {
				return nil, fmt.Errorf("look for the learner's other ids: %w", err)
			}
			belongs = end == root
		}
		if belongs && !slices.Contains(ids, previous.ID) {
			ids = append(ids, previous.ID)
		}
	}
	if root != learner {
		ids = append(ids, root)
	}
	return ids, nil
}

// addReceipt adds what was done about another id of the same learner.
func (r *ErasureReceipt) addReceipt(other *ErasureReceipt) {
	r.OtherIDs++
	r.Complete = r.Complete && other.Complete
	r.Rounds = max(r.Rounds, other.Rounds)
	r.Suppressed += other.Suppressed
	r.Removed = addCounts(r.Removed, other.Removed)
	r.Remaining = addCounts(r.Remaining, other.Remaining)
	for _, warning := range other.Warnings {
		if !slices.Contains(r.Warnings, warning) {
			r.Warnings = append(r.Warnings, warning)
		}
	}
}

// addCounts adds counts up by place.
func addCounts(counts, more []Count) []Count {
	for _, c := range more {
		i := slices.IndexFunc(counts, func(known Count) bool { return known.Place == c.Place })
		if i < 0 {
			counts = append(counts, c)
			continue
		}
		counts[i].Count += c.Count
	}
	return counts
}
