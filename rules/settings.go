package rules

import (
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// The defaults of settings.yaml. Everything else that is absent means "no such limit".
const (
	defaultPatience   = 24 * time.Hour
	defaultUsual      = 18 * 60 // minutes after midnight
	defaultResolution = 10 * time.Minute
)

// settingsSpec is settings.yaml as written and checked; what needs more than the file itself keeps its nodes.
type settingsSpec struct {
	engine.Settings
	links map[string]string
	// targets are where the channel webhook posts, by name; targetsUnread reports that not all could be read.
	targets       map[string]content.Target
	targetsUnread bool
	// sender is that of every message that names none of senders; sendersUnread reports that not all could be read.
	sender        Sender
	senders       map[string]Sender
	sendersUnread bool
	// staff are the addresses of the people who work here, by group; staffUnread reports that not all could be read.
	staff       map[string][]string
	staffUnread bool
	look        look
	// approvals is how many others must approve a draft; nil: the file does not say.
	approvals *int
	places    map[string]yamlfile.Position // of the links and topics, as "links.x" and "topics.x"
	caps      []*yamlfile.Node             // topics named by caps
	// linksUnread and topicsUnread report that not all links or topics could be read: one that is missing may be there.
	linksUnread, topicsUnread bool
	eventsUnread              bool // an event that is not in the catalog may be there
	// topicWords are what learners read about topics, by topic.
	topicWords map[string]TopicWords
}

func settingsKeys(cat *catalog.Catalog) []key[settingsSpec] {
	duration := func(name string, into func(*settingsSpec) *time.Duration) key[settingsSpec] {
		return key[settingsSpec]{
			name: name,
			read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
				if dur, ok := d.readDuration(v, name); ok {
					*into(s) = dur
				}
			},
		}
	}
	return []key[settingsSpec]{
		{name: "timezone", read: readTimezone},
		{name: "quiet_hours", read: readQuietHours},
		{
			name: "caps",
			read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
				d.readList(v, "caps", func(item *yamlfile.Node) { readCap(d, s, item) })
			},
		},
		duration("patience", func(s *settingsSpec) *time.Duration { return &s.Patience }),
		{
			name: "usual_hour",
			read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
				if minutes, fine := d.readClock(v, "usual_hour"); fine {
					s.Usual = minutes
				}
			},
		},
		duration("max_event_age", func(s *settingsSpec) *time.Duration { return &s.MaxEventAge }),
		{name: "back_off", read: readBackOff},
		{name: "risk", read: readRiskSettings},
		{name: "control", read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) { s.Control, _ = d.readPercent(v, "control") }},
		{
			name: "activity",
			read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
				readKeys(d, v, "activity", activityKeys(cat), s)
			},
		},
		{name: "approvals", read: readApprovals},
		{name: "topics", read: readTopics},
		{name: "links", read: readLinks},
		{name: "targets", read: readTargets},
		{name: "staff", read: readStaff},
		{name: "sender", read: readSender},
		{name: "senders", read: readSenders},
		{name: "utm", read: readUTM},
		{name: "public_url", read: readPublicURL},
		{name: "linkedin_organization_id", read: readOrganization},
		{name: "accent", read: readAccent},
	}
}

// newSettings returns the settings of a folder without settings.yaml.
func newSettings(cat *catalog.Catalog) *settingsSpec {
	s := &settingsSpec{
		links:      map[string]string{},
		senders:    map[string]Sender{},
		staff:      map[string][]string{},
		targets:    map[string]content.Target{},
		places:     map[string]yamlfile.Position{},
		topicWords: map[string]TopicWords{},
	}
	s.Location = time.UTC
	s.Patience = defaultPatience
	s.Usual = defaultUsual
	s.Resolution = defaultResolution
	s.Activity = map[string]bool{}
	s.Topics = map[string]bool{}
	s.look.utm = content.Campaign{Source: defaultSource, Medium: defaultMedium}
	for _, ev := range cat.Events() {
		if ev.Activity {
			s.Activity[ev.Name] = true
		}
	}
	return s
}

// readSettings reads settings.yaml. An empty file is as good as none. eventsKnown is false if the folder's own events are not in the catalog,
// because catalog.yaml is broken.
func readSettings(d *decoder, cat *catalog.Catalog, eventsKnown bool) *settingsSpec {
	s := newSettings(cat)
	s.eventsUnread = !eventsKnown
	root, ok := d.Root()
	if !ok || root == nil {
		s.linksUnread = !ok
		s.topicsUnread = !ok
		s.targetsUnread = !ok
		s.sendersUnread = !ok
		s.staffUnread = !ok
		return s
	}
	readKeys(d, root, "settings.yaml", settingsKeys(cat), s)
	for _, p := range root.Pairs {
		switch key := p.Key.Text; spelling.Nearest(key, []string{"links", "topics", "targets", "sender", "senders", "staff"}) {
		case "links":
			s.linksUnread = s.linksUnread || key != "links"
		case "topics":
			s.topicsUnread = s.topicsUnread || key != "topics"
		case "senders":
			s.sendersUnread = s.sendersUnread || key != "senders"
		case "staff":
			s.staffUnread = s.staffUnread || key != "staff"
		case "targets":
			s.targetsUnread = s.targetsUnread || key != "targets"
		}
	}
	for _, n := range s.caps {
		s.checkTopic(d, n)
	}
	return s
}

// checkTopic warns of a topic that is not declared: nobody could choose or leave it by name.
func (s *settingsSpec) checkTopic(d *decoder, n *yamlfile.Node) {
	if _, ok := s.Topics[n.Text]; ok || s.topicsUnread {
		return
	}
	fix := "add it to topics in settings.yaml"
	near := spelling.Nearest(n.Text, slices.Sorted(maps.Keys(s.Topics)))
	if near != "" {
		fix = "did you mean " + near + "? Or " + fix
	}
	d.WarnReplace(n.At, LintUndeclaredTopic, near, fix, "the topic %s is not declared", n.Text)
}

func readTimezone(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	name, ok := d.Text(v, "timezone")
	if !ok {
		return
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		d.Fail(v.At, "use an IANA name such as Europe/Berlin or UTC", "there is no time zone %q", name)
		return
	}
	s.Location = loc
}

func readQuietHours(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	q := engine.QuietHours{From: -1, To: -1}
	ok := true
	at := func(name string, into func(*engine.QuietHours) *int) key[engine.QuietHours] {
		return key[engine.QuietHours]{
			name: name,
			read: func(d *decoder, q *engine.QuietHours, _, v *yamlfile.Node) {
				minutes, fine := d.readClock(v, name)
				ok = ok && fine
				*into(q) = minutes
			},
		}
	}
	if !readKeys(d, v, "quiet_hours", []key[engine.QuietHours]{
		at("from", func(q *engine.QuietHours) *int { return &q.From }),
		at("to", func(q *engine.QuietHours) *int { return &q.To }),
	}, &q) {
		return
	}
	switch {
	case v.Get("from") == nil || v.Get("to") == nil:
		d.Fail(v.At, `write {from: "21:00", to: "08:00"}`, "quiet_hours needs from and to")
	case ok && q.From == q.To:
		d.Fail(v.At, "make them differ, or take quiet_hours out", "quiet_hours begins and ends at the same time")
	case ok:
		s.Quiet = &q
	}
}

func readCap(d *decoder, s *settingsSpec, n *yamlfile.Node) {
	before := len(*d.Problems)
	var c engine.Cap
	if !readKeys(d, n, "a cap", []key[engine.Cap]{
		{name: "max", read: func(d *decoder, c *engine.Cap, _, v *yamlfile.Node) { c.Max, _ = d.readInteger(v, "max", 1, 1000) }},
		{name: "per", read: func(d *decoder, c *engine.Cap, _, v *yamlfile.Node) { c.Per, _ = d.readDuration(v, "per") }},
		{
			name: "topic",
			read: func(d *decoder, c *engine.Cap, _, v *yamlfile.Node) {
				if name, ok := d.readName(v, "topic"); ok {
					c.Topic = name
					s.caps = append(s.caps, v)
				}
			},
		},
		{
			name: "channel",
			read: func(d *decoder, c *engine.Cap, _, v *yamlfile.Node) {
				c.Channel, _ = d.oneOf(v, "channel", engine.ChannelNames()...)
			},
		},
	}, &c) {
		return
	}
	if n.Get("max") == nil || n.Get("per") == nil {
		d.Fail(n.At, "write {max: 2, per: 7d}", "a cap needs max and per")
		return
	}
	if len(*d.Problems) > before {
		return
	}
	const shortest, longest = time.Minute, 366 * 24 * time.Hour
	if c.Per < shortest || c.Per > longest {
		d.Fail(n.Get("per").At, "use 1m to 366d", "a cap cannot be per %s", n.Get("per").Text)
		return
	}
	for _, other := range s.Caps {
		if other.Per == c.Per && other.Topic == c.Topic && other.Channel == c.Channel {
			d.Fail(n.At, "keep the one you mean", "there are two caps for the same time, topic and channel")
			return
		}
	}
	s.Caps = append(s.Caps, c)
}

// maxApprovals is how many people settings.yaml may ask for at the most.
const maxApprovals = 10

func readApprovals(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	if n, ok := d.readInteger(v, "approvals", 0, maxApprovals); ok {
		s.approvals = &n
	}
}

func readBackOff(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	var b engine.BackOff
	if !readKeys(d, v, "back_off", []key[engine.BackOff]{
		{
			name: "after_ignored",
			read: func(d *decoder, b *engine.BackOff, _, v *yamlfile.Node) {
				b.AfterIgnored, _ = d.readInteger(v, "after_ignored", 1, 50)
			},
		},
		{name: "for", read: func(d *decoder, b *engine.BackOff, _, v *yamlfile.Node) { b.For, _ = d.readDuration(v, "for") }},
	}, &b) {
		return
	}
	if v.Get("after_ignored") == nil || v.Get("for") == nil {
		d.Fail(v.At, "write {after_ignored: 4, for: 30d}", "back_off needs after_ignored and for")
		return
	}
	if b.AfterIgnored > 0 && b.For > 0 {
		s.BackOff = &b
	}
}

func activityKeys(cat *catalog.Catalog) []key[settingsSpec] {
	return []key[settingsSpec]{
		{
			name: "events",
			read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
				chosen := map[string]bool{}
				d.readList(v, "events", func(item *yamlfile.Node) {
					pattern, ok := d.Text(item, "an event")
					if !ok {
						return
					}
					found := cat.Match(pattern)
					if len(found) == 0 && !s.eventsUnread {
						d.Fail(item.At, unknownEventFix(cat, pattern), "no event is called %s", pattern)
					}
					for _, name := range found {
						if ev, known := cat.Event(name); known && !ev.Admin {
							chosen[name] = true
						}
					}
				})
				s.Activity = chosen
			},
		},
		{
			name: "resolution",
			read: func(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
				dur, ok := d.readDuration(v, "resolution")
				if ok && dur > 24*time.Hour {
					d.Fail(v.At, "use 1s to 1d; 10m is a good choice", "the resolution is longer than a day")
					return
				}
				if ok {
					s.Resolution = dur
				}
			},
		},
	}
}

func unknownEventFix(cat *catalog.Catalog, name string) string {
	if near := cat.Nearest(name); near != "" {
		return "did you mean " + near + "?"
	}
	return "add it to catalog.yaml, or use one of the known events"
}

// standInLink stands for a link that is wrong; the folder does not compile then.
const standInLink = "https://academy.example/"

func readLinks(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, `write name: "https://…"`, "links must be a block of keys, not %s", v.Kind)
		s.linksUnread = true
		return
	}
	for _, p := range v.Pairs {
		name, ok := d.readName(p.Key, "a link")
		if !ok {
			s.links[p.Key.Text] = standInLink
			continue
		}
		if _, twice := s.links[name]; twice {
			d.Fail(p.Key.At, "keep one of them", "the link %s stands twice", name)
			continue
		}
		s.links[name] = standInLink // so that messages that use it are judged for themselves
		s.places["links."+name] = p.Value.At
		target, ok := d.Text(p.Value, "links."+name)
		if !ok {
			continue
		}
		if !strings.HasPrefix(target, "https://") && !strings.HasPrefix(target, "http://") {
			d.Fail(p.Value.At, "begin with https://", "links.%s is not a web address", name)
			continue
		}
		s.links[name] = target
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
