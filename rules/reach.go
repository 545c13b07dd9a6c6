package rules

import (
	"slices"
	"strings"

	"homeroom/catalog"
	"homeroom/engine"
)

// checkReach warns where the way that an event is matched reaches no run, or changes nothing.
func (c *compiler) checkReach(d *decoder, m *matchSpec, ev *catalog.Event, per []string, from origin) {
	shared := c.sharedKeys(ev, per, from)
	switch {
	case m.mode == engine.MatchAny && len(per) == 0 && len(shared) == 0:
		d.Warn(m.modeAt, LintMatchIdle, "take it out",
			"any changes nothing: runs of this rule are the learner's, and %s has no key in common with them", ev.Name)
	case m.mode == engine.MatchAny:
	case len(shared) == 0 && m.mode == engine.MatchOther:
		d.Warn(m.event.At, LintNeverMatches, "use match: any if every such event of the learner is meant, or take it out",
			"%s and the run have no key in common that could differ, so this %s reaches no run", ev.Name, m.what)
	case len(shared) == 0 && len(per) > 0:
		d.Warn(m.event.At, LintNeverMatches, "add match: any if every such event of the learner is meant, or take it out",
			"%s does not say which %s it belongs to, so this %s reaches no run", ev.Name, strings.Join(per, " and "), m.what)
	case m.mode == engine.MatchOther && len(per) == 0:
		d.Warn(m.modeAt, LintOtherWithoutPer, "add per: "+shared[0]+" if a run is about one of them",
			"the rule has no per, so another %s than the trigger's is meant", strings.Join(shared, " or "))
	}
}

// sharedKeys are the keys that an event may have in common with the runs of a rule: of its per, or else of its trigger.
func (c *compiler) sharedKeys(ev *catalog.Event, per []string, from origin) []string {
	theirs := c.keysOf(ev)
	carries := func(key string) bool {
		_, carried := ev.Property(key)
		return carried || slices.Contains(theirs, key)
	}
	keep := func(keys []string) (shared []string) {
		for _, key := range keys {
			if carries(key) {
				shared = append(shared, key)
			}
		}
		return shared
	}
	if shared := keep(per); len(shared) > 0 {
		return shared
	}
	return slices.DeleteFunc(keep(from.keys), func(key string) bool { return !slices.Contains(theirs, key) })
}
