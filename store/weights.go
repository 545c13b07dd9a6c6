package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/engine"
)

const (
	// weightsPrefix begins the keys of the weights of adaptive splits.
	weightsPrefix = "weights."
	// keptWeights is how many versions of a split's weights are kept: at most one is added a day, so that they reach back two months.
	keptWeights = 60
)

// Weights keeps the weights of adaptive splits, a record a split. A record names no learner.
type Weights struct{ kv jetstream.KeyValue }

// WeightsVersion is one version of a split's weights, with the outcomes that they follow.
type WeightsVersion struct {
	Version int         `json:"version"` // from 1
	From    time.Time   `json:"from"`    // runs that start from then on are drawn by it
	Arms    []ArmWeight `json:"arms"`    // sorted by name
}

// ArmWeight is the weight of one arm, with the learners of the arm whose time for the goal was over.
type ArmWeight struct {
	Arm     string  `json:"arm"`
	People  int     `json:"people"`
	Reached int     `json:"reached"`
	Percent float64 `json:"percent"`
}

// weightsRecord is what is stored of a split.
type weightsRecord struct {
	Rule     string           `json:"rule"`
	Split    string           `json:"split"`
	Versions []WeightsVersion `json:"versions"` // oldest first
}

// check reports whether the versions are such as [Weights.Add] writes.
func (r *weightsRecord) check() bool {
	for i, v := range r.Versions {
		total := 0.0
		for _, arm := range v.Arms {
			if !(arm.Percent > 0) {
				return false
			}
			total += arm.Percent
		}
		if !(total > 99.9 && total < 100.1) || i > 0 && v.Version <= r.Versions[i-1].Version {
			return false
		}
	}
	return len(r.Versions) > 0
}

// Add writes the next version of a split's weights and returns it with its number. If the arms and their outcomes are those of the last version, that is returned, and
// nothing is written. A record that is damaged is begun anew.
func (w *Weights) Add(ctx context.Context, rule, split string, from time.Time, arms []ArmWeight) (WeightsVersion, error) {
	var newest WeightsVersion
	err := modifyOrReplace(ctx, w.kv, weightsKey(rule, split), func(r *weightsRecord, _ bool) (bool, error) {
		newest = WeightsVersion{Version: 1, From: from, Arms: arms}
		if n := len(r.Versions); n > 0 {
			last := r.Versions[n-1]
			if slices.Equal(last.Arms, arms) || !from.After(last.From) {
				newest = last
				return false, nil
			}
			newest.Version = last.Version + 1
		}
		r.Rule = rule
		r.Split = split
		r.Versions = append(r.Versions, newest)
		r.Versions = r.Versions[max(0, len(r.Versions)-keptWeights):]
		return true, nil
	})
	return newest, err
}

// InForce returns the weights of a split that were in force at an instant: the oldest that are kept, if that is earlier. false: none were, or the record is
// damaged or of a newer version.
func (w *Weights) InForce(ctx context.Context, rule, split string, at time.Time) (engine.SplitWeights, bool, error) {
	var r weightsRecord
	if _, err := readRecord(ctx, w.kv, weightsKey(rule, split), &r); isUnreadable(err) || err == nil && len(r.Versions) == 0 {
		return engine.SplitWeights{}, false, nil
	} else if err != nil {
		return engine.SplitWeights{}, false, err
	}
	found := -1
	for i := range r.Versions {
		if !r.Versions[i].From.After(at) {
			found = i
		}
	}
	if found < 0 {
		if r.Versions[0].Version == 1 {
			return engine.SplitWeights{}, false, nil
		}
		found = 0
	}
	v := &r.Versions[found]
	weights := engine.SplitWeights{Version: v.Version, Percent: map[string]float64{}}
	for _, arm := range v.Arms {
		weights.Percent[arm.Arm] = arm.Percent
	}
	return weights, true, nil
}

// History returns the versions of a split's weights that are kept, oldest first.
func (w *Weights) History(ctx context.Context, rule, split string) ([]WeightsVersion, error) {
	var r weightsRecord
	if _, err := readRecord(ctx, w.kv, weightsKey(rule, split), &r); err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	return r.Versions, nil
}

// weightsKey is the key of a split's record.
func weightsKey(rule, split string) string { return weightsPrefix + hashedKey(rule+"\x00"+split) }
