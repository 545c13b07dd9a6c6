package activities

import (
	"context"
	"slices"
	"time"

	"homeroom/engine"
)

// tellTimeout leaves most of an attempt's time to the decision itself.
const tellTimeout = 2 * time.Second

// tell publishes decisions and returns the ids of those that are out. That their stream is away must not hold up what is to be
// decided: they are told another time.
func (d *Decide) tell(ctx context.Context, untold []engine.Decision) []string {
	if len(untold) == 0 || d.o.Decisions == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	if err := d.o.Decisions.Publish(ctx, untold); err != nil {
		return nil
	}
	ids := make([]string, len(untold))
	for i := range untold {
		ids[i] = untold[i].ID
	}
	return ids
}

func delivers(e engine.Effect) bool { return e.Kind == engine.EffectDeliver }

// without leaves out the decisions with these ids.
func without(decisions []engine.Decision, ids []string) []engine.Decision {
	return slices.DeleteFunc(slices.Clone(decisions), func(d engine.Decision) bool { return slices.Contains(ids, d.ID) })
}
