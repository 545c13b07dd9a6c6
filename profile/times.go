package profile

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// traitAt is the time of the newest update about a trait; zero: never heard of.
func (p *Profile) traitAt(name string) time.Time {
	if at, ok := p.TraitsAt[name]; ok {
		return at
	}
	if p.hasTrait(name) {
		return p.UpdatedAt
	}
	return time.Time{}
}

// stampTraits sets the times after an update at `at` that was the newest about the named traits; was is the profile before.
// Most profiles come from one source that says everything at once, so that TraitsAt stays empty. Consent is not in it: it
// has a time of its own.
func (p *Profile) stampTraits(was Profile, newest []string, at time.Time) {
	if at.After(was.UpdatedAt) {
		p.UpdatedAt = at
	}
	times := maps.Clone(was.TraitsAt)
	if times == nil {
		times = make(map[string]time.Time)
	}
	for name := range p.AllTraits() {
		if p.hasTrait(name) {
			times[name] = was.traitAt(name)
		}
	}
	for _, name := range newest {
		times[name] = at
	}
	maps.DeleteFunc(times, func(name string, at time.Time) bool { return p.hasTrait(name) && at.Equal(p.UpdatedAt) })
	p.trimTimes(times)
	p.TraitsAt = nil
	if len(times) > 0 {
		p.TraitsAt = times
	}
}

// trimTimes bounds how many deleted traits are remembered: as many as there may be living ones, the newest.
func (p *Profile) trimTimes(times map[string]time.Time) {
	var gone []string
	for name := range times {
		if !p.hasTrait(name) {
			gone = append(gone, name)
		}
	}
	slices.SortFunc(gone, func(a, b string) int {
		return cmp.Or(times[a].Compare(times[b]), cmp.Compare(a, b))
	})
	for _, name := range gone[:max(0, len(gone)-MaxTraits)] {
		delete(times, name)
	}
}
