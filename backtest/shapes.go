package backtest

import (
	"hash/fnv"
	"maps"
	"slices"
	"unicode/utf8"

	"homeroom/engine"
)

// maxShapes bounds how many shapes of one message are kept; those with the lowest hashes are.
const maxShapes = 64

// messageKey is a message of a rule.
type messageKey struct {
	rule    string
	message string
}

// shapes are samples of messages to be rendered, by message and shape. Whether a message can be rendered depends on its language and on
// which properties, traits and variables there are and which of them are empty, hardly on their values: messages that agree in these have
// one shape, and one of each is rendered.
type shapes map[messageKey]map[uint64]*shape

// shape is one sample and how many messages it stands for.
type shape struct {
	send    engine.Send
	profile engine.Profile
	order   uint64 // of the sample: the message with the lowest is taken
	count   int
}

func (s shapes) noteMessage(send *engine.Send, p *engine.Profile) {
	hash := shapeHash(send, p)
	order := hashOf(send.ID)
	key := messageKey{rule: send.Rule, message: send.Message}
	known := s[key]
	if known == nil {
		known = map[uint64]*shape{}
		s[key] = known
	}
	if one := known[hash]; one != nil {
		one.count++
		if order < one.order {
			one.takeSample(send, p, order)
		}
		return
	}
	one := &shape{count: 1}
	one.takeSample(send, p, order)
	known[hash] = one
	dropHighest(known)
}

// takeSample makes a message the sample of its shape.
func (s *shape) takeSample(send *engine.Send, p *engine.Profile, order uint64) {
	s.send = *send
	s.profile = *p
	s.profile.Traits = maps.Clone(p.Traits)
	s.order = order
}

// dropHighest keeps the maxShapes lowest hashes. One that is dropped never comes back: the highest that is kept only falls. So what is kept does not depend on the order.
func dropHighest[T any](known map[uint64]T) {
	for len(known) > maxShapes {
		highest := uint64(0)
		//workflowcheck:ignore The highest does not depend on the order.
		for hash := range known {
			highest = max(highest, hash)
		}
		delete(known, highest)
	}
}

func (s shapes) merge(o shapes) {
	for key, theirs := range o {
		mine := s[key]
		if mine == nil {
			s[key] = theirs
			continue
		}
		for hash, one := range theirs {
			known := mine[hash]
			if known == nil {
				mine[hash] = one
				continue
			}
			known.count += one.count
			if one.order < known.order {
				known.send = one.send
				known.profile = one.profile
				known.order = one.order
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

// maxProblem bounds what is kept of why a message cannot be rendered, in bytes.
const maxProblem = 500

// renderSamples renders a sample of each shape.
func (s shapes) renderSamples(render func(engine.Send, engine.Profile) error) outcomes {
	all := outcomes{}
	for key, known := range s {
		rendered := map[uint64]outcome{}
		for hash, one := range known {
			o := outcome{order: one.order, count: one.count}
			if err := render(one.send, one.profile); err != nil {
				o.failed = &failure{
					Locale:  one.profile.Locale,
					Learner: one.send.Learner,
					problem: shortenText(err.Error(), maxProblem),
				}
			}
			rendered[hash] = o
		}
		all[key] = rendered
	}
	return all
}

// shortenText cuts a text to so many bytes, between two characters.
func shortenText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
