package activities

import (
	"context"
	"slices"
	"time"

	"homeroom/engine"
)

// publishEarlierTimeout leaves most of an attempt's time to the decision itself.
const publishEarlierTimeout = 2 * time.Second

// publishEarlier publishes decisions of earlier tasks and returns their ids. If their stream cannot be reached, it returns nil: the present decision
// must not wait, and they are published later.
func (d *Decide) publishEarlier(ctx context.Context, unpublished []engine.Decision) []string {
	if len(unpublished) == 0 || d.o.Decisions == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, publishEarlierTimeout)
	defer cancel()
	if err := d.o.Decisions.Publish(ctx, unpublished); err != nil {
		return nil
	}
	ids := make([]string, len(unpublished))
	for i := range unpublished {
		ids[i] = unpublished[i].ID
	}
	return ids
}

func isDelivery(e engine.Effect) bool { return e.Kind == engine.EffectDeliver }

// withoutPublished leaves out the decisions with these ids.
func withoutPublished(decisions []engine.Decision, ids []string) []engine.Decision {
	return slices.DeleteFunc(slices.Clone(decisions), func(d engine.Decision) bool { return slices.Contains(ids, d.ID) })
}
