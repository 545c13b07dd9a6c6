package rules

import (
	"fmt"
	"slices"
	"strings"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// collectSpec is a collect step as written.
type collectSpec struct {
	name   *yamlfile.Node
	events []*yamlfile.Node
	mode   matchSpec // match
	max    int
	// until is the time of day that ends it; nil: it ends after a duration.
	until *yamlfile.Node
}

// collectKeys are the keys of a collect step besides if and id.
func collectKeys() []key[stepSpec] {
	return []key[stepSpec]{
		{name: "collect", read: readCollectName},
		{name: "events", read: readCollectEvents},
		{
			name: "match",
			read: func(d *decoder, s *stepSpec, k, v *yamlfile.Node) { readMode(d, &s.collect.mode, k, v) },
		},
		{
			name: "within",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) { s.dur, _ = d.readDuration(v, "within") },
		},
		{
			name: "until",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				s.collect.until = v
				s.clock, _ = d.readClock(v, "until")
			},
		},
		{
			name: "days",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) { s.days = d.readDays(v) },
		},
		{
			name: "max",
			read: func(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
				s.collect.max, _ = d.readInteger(v, "max", 1, engine.MaxCollected)
			},
		},
	}
}

func readCollectName(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	text, ok := d.Text(v, "collect")
	switch {
	case !ok:
	case !variableForm.MatchString(text) || len(text) > 64:
		d.Fail(v.At, "begin with a small letter; use small letters, digits and _", "%q cannot be the name of what is collected", text)
	case slices.Contains(reservedNames(), text):
		d.Fail(v.At, "use another, such as replies", "%s means something else already", text)
	default:
		s.collect.name = v
	}
}

func readCollectEvents(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	d.readList(v, "events", func(item *yamlfile.Node) {
		name, ok := d.Text(item, "an event")
		switch {
		case !ok:
		case slices.ContainsFunc(s.collect.events, func(have *yamlfile.Node) bool { return have.Text == name }):
			d.Fail(item.At, "keep one of them", "the event %s stands twice", name)
		default:
			s.collect.events = append(s.collect.events, item)
		}
	})
}

// checkCollect looks at how the keys of a collect step go together.
func checkCollect(d *decoder, n *yamlfile.Node, s *stepSpec) {
	switch {
	case len(s.collect.events) == 0:
		d.Fail(n.At, "add events: [discussion.reply_received], say", "collect does not say which events")
	case s.dur > 0 && s.collect.until != nil:
		d.Fail(keyAt(n, "until"), "keep one of them", "collect ends after within or at until, but this one has both")
	case s.dur == 0 && s.collect.until == nil:
		d.Fail(n.At, `add within: 3h, or until: "08:00"`, "collect does not say how long")
	case s.dur > 0 && len(s.days) > 0:
		d.Fail(keyAt(n, "days"), "take it out", "days goes with until, not with within")
	}
}

// collectedEvent is what expressions read of what a collect step gathered: how many events.
func collectedEvent() *catalog.Event {
	return &catalog.Event{
		Name: engine.EventCollected,
		Properties: []catalog.Property{
			{Name: engine.CollectedCount, Type: catalog.Integer, Required: true},
			{Name: engine.CollectedItems, Type: catalog.Any, Required: true},
		},
	}
}

// addCollect adds a collect step.
func (b *builder) addCollect(s *stepSpec, id string) {
	b.waited = s.at.Line
	gather := &engine.Collect{Max: s.collect.max}
	if gather.Max == 0 {
		gather.Max = engine.DefaultCollected
	}
	var gathered []*catalog.Event
	for _, event := range s.collect.events {
		match, fine := b.c.compileMatch(b.d, &matchSpec{
			at:     event.At,
			what:   "collect",
			event:  event,
			cond:   s.cond,
			mode:   s.collect.mode.mode,
			modeAt: s.collect.mode.modeAt,
		}, b.spec, b.from)
		if !fine {
			gathered = nil // what is wrong is said; its items are not looked at
			break
		}
		gather.Matches = append(gather.Matches, *match)
		ev, _ := b.c.cat.Event(match.Event)
		gathered = append(gathered, ev)
	}
	name := s.collect.name
	b.nameAwaited(name, collectedEvent())
	if known := b.awaited[name.Text]; known != nil {
		for _, ev := range gathered {
			if !slices.Contains(known.gathered, ev) {
				known.gathered = append(known.gathered, ev)
			}
		}
		if known.itemReads == nil {
			known.itemReads = map[string]bool{}
		}
		known.mayBeNone = known.mayBeNone || s.cond != nil || b.from.event == nil || !slices.Contains(gathered, b.from.event)
		known.unclear = known.unclear || gathered == nil
	}
	b.presence[name.Text] = present
	b.addInstr(engine.Instr{
		Op:      engine.OpCollect,
		ID:      id,
		Dur:     s.dur,
		Clock:   s.clock,
		Days:    s.days,
		As:      name.Text,
		Collect: gather,
	})
}

// checkItem checks what a message reads of the items of a collect step, and reports whether one of its events carries it.
func (c *compiler) checkItem(d *decoder, message *yamlfile.Node, variable string, known *awaited) bool {
	name, property, _ := strings.Cut(variable, "."+engine.CollectedItems+".")
	property, _, _ = strings.Cut(property, ".")
	if property == "" || known.unclear || known.gathered == nil {
		return true
	}
	known.itemReads[property] = true
	if property == engine.ItemTime || property == engine.ItemEvent {
		return true
	}
	var all []string
	found := false
	for _, ev := range known.gathered {
		all = append(all, propertyNames(ev)...)
		if carries(ev, property) {
			c.keep.add(ev.Name, property)
			found = true
		}
	}
	if !found {
		fix := "take it out of the message, or collect an event that carries it"
		if near := spelling.Nearest(property, all); near != "" {
			fix = "did you mean " + near + "?"
		}
		d.Fail(message.At, fix, "message %s reads %s of the items of %s, but no event that is collected has such a property", message.Text, property, name)
	}
	return found
}

// sampleItems makes up what a collect step gathered: two of each event, with what is read of them or, if bare, with what each of them always carries of that.
func (a *awaited) sampleItems(bare bool) map[string]any {
	items := []any{}
	for _, ev := range slices.Concat(a.gathered, a.gathered) {
		item := map[string]any{}
		for _, p := range ev.Properties {
			if a.itemReads[p.Name] && (p.Required || !bare) {
				item[p.Name] = sampleProperties([]catalog.Property{p})[p.Name]
			}
		}
		if a.itemReads[engine.ItemTime] {
			item[engine.ItemTime] = "2026-03-02T10:00:00Z"
		}
		if a.itemReads[engine.ItemEvent] {
			item[engine.ItemEvent] = ev.Name
		}
		items = append(items, item)
	}
	return map[string]any{engine.CollectedCount: float64(len(items)), engine.CollectedItems: items}
}

// nothingCollected is what a collect step has if no event came.
func nothingCollected() content.AwaitedEvent {
	return content.AwaitedEvent{Properties: map[string]any{engine.CollectedCount: 0.0, engine.CollectedItems: []any{}}}
}

// sampleCollected makes up what a step gathered, for a look at a message.
func (a *Academy) sampleCollected(in *engine.Instr) map[string]any {
	known := &awaited{itemReads: map[string]bool{}}
	for _, name := range in.Reads {
		known.itemReads[name] = true
	}
	for i := range in.Collect.Matches {
		if ev, found := a.Catalog.Event(in.Collect.Matches[i].Event); found {
			known.gathered = append(known.gathered, ev)
		}
	}
	return known.sampleItems(false)
}

// collectWords puts a collect step into words.
func collectWords(in *engine.Instr, per []string) string {
	var events []string
	for i := range in.Collect.Matches {
		events = append(events, in.Collect.Matches[i].Event+modeWords(in.Collect.Matches[i].Mode, per))
	}
	text := "collect " + strings.Join(events, ", ") + ifWords(in.Collect.Matches[0].If)
	if in.Dur > 0 {
		text += " for " + engine.FormatDuration(in.Dur)
	} else {
		text += fmt.Sprintf(" until %02d:%02d where the learner lives", in.Clock/60, in.Clock%60)
		var days []string
		for _, day := range in.Days {
			days = append(days, weekdays[day])
		}
		if len(days) > 0 {
			text += ", on " + strings.Join(days, ", ")
		}
	}
	return text + fmt.Sprintf(", the first %d of them%s", in.Collect.Max, asWords(in))
}
