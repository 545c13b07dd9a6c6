package backtest

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"

	"homeroom/engine"
)

// maxShapes bounds how many shapes of one message are kept; those with the lowest hashes are.
const maxShapes = 64

// shapes are samples of messages to be rendered, by message and shape. Whether a message can be rendered depends on its language and on
// which properties, traits and variables there are and which of them are empty, hardly on their values: messages that agree in these have
// one shape, and one of each is rendered.
type shapes map[string]map[uint64]*shape

// shape is one sample and how many messages it stands for.
type shape struct {
	send    engine.Send
	profile engine.Profile
	count   int
}

func (s shapes) noteMessage(send *engine.Send, p *engine.Profile) {
	hash := shapeHash(send, p)
	known := s.shapesOf(send.Rule + " " + send.Message)
	if one := known[hash]; one != nil {
		one.count++
		if send.ID < one.send.ID {
			one.takeSample(send, p)
		}
		return
	}
	one := &shape{count: 1}
	one.takeSample(send, p)
	known[hash] = one
	dropHighest(known)
}

func (s shapes) shapesOf(key string) map[uint64]*shape {
	known := s[key]
	if known == nil {
		known = map[uint64]*shape{}
		s[key] = known
	}
	return known
}

// takeSample makes a message the sample of its shape.
func (s *shape) takeSample(send *engine.Send, p *engine.Profile) {
	s.send = *send
	s.profile = *p
	s.profile.Traits = maps.Clone(p.Traits)
}

// dropHighest keeps no more than maxShapes. One that is dropped never comes back, for the bound only falls.
func dropHighest(known map[uint64]*shape) {
	for len(known) > maxShapes {
		delete(known, slices.Max(slices.Collect(maps.Keys(known))))
	}
}

func (s shapes) merge(o shapes) {
	for key, theirs := range o {
		mine := s.shapesOf(key)
		for hash, one := range theirs {
			known := mine[hash]
			if known == nil {
				mine[hash] = one
				continue
			}
			known.count += one.count
			if one.send.ID < known.send.ID {
				known.send = one.send
				known.profile = one.profile
			}
		}
		dropHighest(mine)
	}
}

// shapeHash names the shape of a message.
func shapeHash(send *engine.Send, p *engine.Profile) uint64 {
	h := fnv.New64a()
	note := func(text string) {
		h.Write([]byte(text))
		h.Write([]byte{0})
	}
	note(p.Locale)
	note(describeText(send.Course))
	note(describeText(send.CourseTitle))
	for _, values := range []map[string]any{send.Trigger.Properties, send.Vars, p.Traits} {
		note("-")
		for _, name := range slices.Sorted(maps.Keys(values)) {
			note(name)
			text, isText := values[name].(string)
			if isText {
				note(describeText(text))
			}
		}
	}
	return h.Sum64()
}

func describeText(text string) string {
	if text == "" {
		return "empty"
	}
	return "some"
}

// renderSamples renders a sample of each shape and returns how many there were and those that failed, sorted.
func (s shapes) renderSamples(side string, render func(engine.Send, engine.Profile) error) (rendered int, failed []Unrendered) {
	for _, known := range s {
		for _, one := range known {
			rendered++
			if err := render(one.send, one.profile); err != nil {
				failed = append(failed, Unrendered{
					Side:     side,
					Rule:     one.send.Rule,
					Message:  one.send.Message,
					Locale:   one.profile.Locale,
					Problem:  err.Error(),
					Messages: one.count,
					Learner:  one.send.Learner,
				})
			}
		}
	}
	slices.SortFunc(failed, func(a, b Unrendered) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Locale, b.Locale), cmp.Compare(a.Problem, b.Problem), cmp.Compare(a.Learner, b.Learner))
	})
	return rendered, joinUnrendered(failed)
}

// joinUnrendered makes one of the equal problems that follow one another.
func joinUnrendered(sorted []Unrendered) []Unrendered {
	var joined []Unrendered
	for _, u := range sorted {
		if n := len(joined); n > 0 {
			last := &joined[n-1]
			if last.Rule == u.Rule && last.Message == u.Message && last.Locale == u.Locale && last.Problem == u.Problem {
				last.Messages += u.Messages
				continue
			}
		}
		joined = append(joined, u)
	}
	return joined
}
