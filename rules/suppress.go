package rules

import (
	"slices"
	"strings"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// allTopics stands for every message, also one without a topic.
const allTopics = "all"

// readSuppress reads {topics: all, for: 90d, reason: …}.
func readSuppress(d *decoder, s *stepSpec, k, v *yamlfile.Node) {
	before := len(*d.Problems)
	readKeys(d, v, "suppress", []key[stepSpec]{
		{name: "topics", read: readSuppressed},
		{name: "for", read: readSuppressFor},
		{name: "reason", read: readSuppressReason},
	}, s)
	switch {
	case len(*d.Problems) > before || v.Kind != yamlfile.Mapping:
	case !s.all && len(s.topics) == 0:
		d.Fail(k.At, "add topics: all, or a list of topics", "suppress does not say which messages")
	case s.dur == 0:
		d.Fail(k.At, "add for: 90d, say", "suppress does not say for how long")
	}
}

func readSuppressFor(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	s.dur, _ = d.readDuration(v, "for")
}

func readSuppressReason(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "reason")
	if ok && len(text) > 100 {
		d.Fail(v.At, "use a few words", "the reason is longer than 100 characters")
	}
	s.reason = strings.TrimSpace(text)
}

// readSuppressed reads all, or a list of topics.
func readSuppressed(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	if v.Kind == yamlfile.Scalar && v.Text == allTopics {
		s.all = true
		return
	}
	d.readList(v, "topics", func(item *yamlfile.Node) {
		name, ok := d.readName(item, "a topic")
		switch {
		case !ok:
		case name == allTopics:
			d.Fail(item.At, "write topics: all", "all stands alone: it is every message, whatever its topic")
		case slices.ContainsFunc(s.topics, func(have *yamlfile.Node) bool { return have.Text == name }):
			d.Fail(item.At, "keep one of them", "the topic %s stands twice", name)
		default:
			s.topics = append(s.topics, item)
		}
	})
}

// compileTopics returns the topics of a suppress step, sorted; none: all messages.
func (b *builder) compileTopics(s *stepSpec) (topics []string) {
	for _, n := range s.topics {
		b.c.settings.checkTopic(b.d, n)
		topics = append(topics, n.Text)
	}
	slices.Sort(topics)
	return topics
}

func suppressWords(in *engine.Instr) string {
	about := "but transactional ones"
	if len(in.Topics) > 0 {
		about = "about " + strings.Join(in.Topics, ", ")
	}
	text := "from here on no messages " + about + " for " + engine.FormatDuration(in.Dur)
	if in.Reason != "" {
		text += ": " + in.Reason
	}
	return text
}
