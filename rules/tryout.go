package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// tryout is a message with one sample of what it may be sent with.
type tryout struct {
	about string // "for a learner whose first name is unknown"
	vars  content.Vars
}

// tryMessage renders a message in all its locales for sample learners, as one rule sends it: with everything known, and with
// no more than what is certain.
func (c *compiler) tryMessage(rule, name string, from origin, handed map[string]handover, certain certainPaths) {
	given := sampleWith(handed)
	key := fmt.Sprintf("%s %s %v %v %t %t", name, from.name, given, certain.sortedPaths(), from.staff, from.mailed)
	for _, awaitedName := range sortedKeys(from.awaited) {
		key += fmt.Sprintf(" %s=%d", awaitedName, from.awaited[awaitedName].presence)
	}
	if c.stored || c.tried[key] {
		return
	}
	c.tried[key] = true
	properties := c.lang.types.events[from.name].Properties
	var tryouts []tryout
	for _, sample := range content.Samples(sampleProperties(properties)) {
		vars := sample.Vars
		vars.With = given
		vars.Awaited = from.sampleAwaited(nil)
		vars.Learner.Traits = withTraits(vars.Learner.Traits, certain)
		if !from.course {
			vars.Course = nil
		}
		if from.mailed && len(c.library.CopiesOf(name)) > 0 {
			vars.Outward = vars.Outward.WithoutLearnersLinks()
		}
		if from.staff {
			vars.Outward = content.Outward{Staff: true}
		}
		tryouts = append(tryouts, tryout{"for " + sample.About, vars})
	}
	if from.nobody {
		nobody := tryouts[0].vars
		nobody.Learner = content.Learner{}
		tryouts = []tryout{{"for staff, without a learner", nobody}}
	}
	complete := tryouts[0].vars
	for _, awaitedName := range sortedKeys(from.awaited) {
		now := from.awaited[awaitedName]
		if now.presence == perhaps {
			without := complete
			without.Awaited = maps.Clone(complete.Awaited)
			delete(without.Awaited, awaitedName)
			tryouts = append(tryouts, tryout{"without " + now.describe(), without})
		}
		if now.mayBeNone && now.presence != absent {
			none := complete
			none.Awaited = maps.Clone(complete.Awaited)
			none.Awaited[awaitedName] = nothingCollected()
			tryouts = append(tryouts, tryout{"when nothing was collected", none})
		}
		if now.presence != absent {
			bare := complete
			bare.Awaited = from.sampleAwaited(certain)
			tryouts = append(tryouts, tryout{"with no optional property of " + now.describe(), bare})
		}
	}
	if from.event != nil {
		bare := complete
		bare.Trigger = sampleProperties(certain.propertiesOf("trigger", properties))
		tryouts = append(tryouts, tryout{"with no optional property of " + from.name, bare})
	}
	if from.course {
		untitled := complete
		untitled.Course = certain.certainCourse(complete.Course)
		untitled.Course.Next = complete.Course.Next
		untitled.Course.RiskReason = complete.Course.RiskReason
		tryouts = append(tryouts, tryout{"for a course that has no title and no page", untitled})
		if !certain.hasCourse(from) {
			unknown := complete
			unknown.Course = nil
			tryouts = append(tryouts, tryout{"when the course is not known", unknown})
		}
	}
	tryouts = append(tryouts, tryoutsOfNext(complete, certain)...)
	if complete.Course != nil && !certain["course.risk_reason"] {
		course := *complete.Course
		course.RiskReason = ""
		steady := complete
		steady.Course = &course
		tryouts = append(tryouts, tryout{"for a learner in good standing, who has no risk_reason", steady})
	}
	c.renderTryouts(rule, name, complete, tryouts)
}

// tryoutsOfNext are a learner for whom no next step is known, unless a condition on the way asks for one, and one whose next steps have no page.
func tryoutsOfNext(complete content.Vars, certain certainPaths) []tryout {
	unknown := complete
	pageless := complete
	if !certain.isCertain("learner.next_course") {
		unknown.Learner.Next = nil
	}
	if next := complete.Learner.Next; next != nil && !certain["learner.next_course.url"] {
		pageless.Learner.Next = next.WithoutPage()
	}
	if complete.Course != nil && complete.Course.Next != nil {
		course := *complete.Course
		if !certain.isCertain("course.next") {
			course.Next = nil
		}
		unknown.Course = &course
		bare := *complete.Course
		if !certain["course.next.url"] {
			bare.Next = bare.Next.WithoutPage()
		}
		pageless.Course = &bare
	}
	return []tryout{{"when no next step is known", unknown}, {"for a next step that has no page", pageless}}
}

// withoutPassing returns the paths but for those of values that pass with time: what a trigger or an earlier step knows of them is not known any more when a message
// is sent. The condition of the send itself is asked at that moment.
func (f certainPaths) withoutPassing() certainPaths {
	lasting := certainPaths{}
	for path := range f {
		passes := path == "course.risk_reason"
		for _, field := range []string{"course.next", "learner.next_course"} {
			passes = passes || readsField(path, field) || path == field+"_reason"
		}
		if !passes {
			lasting[path] = true
		}
	}
	return lasting
}

// isCertain reports whether a path, its reason or something of it has a value whenever the message is sent.
func (f certainPaths) isCertain(path string) bool {
	for known := range f {
		if readsField(known, path) || known == path+"_reason" {
			return true
		}
	}
	return false
}

// tryUnsent renders a message that nobody sends with properties of all kinds.
func (c *compiler) tryUnsent(name string) {
	if c.stored || c.rulesUnread {
		return
	}
	var all []catalog.Property
	for _, ev := range c.cat.Events() {
		all = append(all, ev.Properties...)
	}
	handed := map[string]handover{}
	awaited := map[string]content.AwaitedEvent{}
	for _, variable := range c.library.Variables(name) {
		root, rest, _ := strings.Cut(variable, ".")
		field, _, _ := strings.Cut(rest, ".")
		if root == varsRoot {
			handed[field] = handover{sample: content.SampleText}
		}
		if c.awaitedNames[root] {
			addSample(awaited, root, field)
		}
	}
	var tryouts []tryout
	for _, sample := range content.Samples(sampleProperties(all)) {
		sample.Vars.With = sampleWith(handed)
		sample.Vars.Awaited = awaited
		tryouts = append(tryouts, tryout{"for " + sample.About, sample.Vars})
	}
	c.renderTryouts("", name, tryouts[0].vars, tryouts)
}

// renderTryouts renders a message in all its locales and reports each mistake once. complete has everything that may be known.
func (c *compiler) renderTryouts(rule, name string, complete content.Vars, tryouts []tryout) {
	for _, locale := range c.library.SoundLocales(name) {
		seen := map[string]bool{}
		for _, t := range tryouts {
			var found Problems
			for _, e := range c.library.Try(name, locale, t.vars, complete) {
				key := fmt.Sprintf("%s:%d:%s", e.File, e.Line, e.Message)
				if !seen[key] {
					found = append(found, e)
				}
				seen[key] = true
			}
			if len(found) > 0 {
				reportContent(found, c.sources, rule, t.about+": ", c.out)
			}
		}
	}
}

// sampleAwaited makes up the awaited events that may have come: with all properties, or with those that are certain.
func (o origin) sampleAwaited(certain certainPaths) map[string]content.AwaitedEvent {
	out := map[string]content.AwaitedEvent{}
	for name, now := range o.awaited {
		if now.presence == absent {
			continue
		}
		if now.gathered != nil {
			out[name] = content.AwaitedEvent{Properties: now.sampleItems(certain != nil), Time: sampleMoment()}
			continue
		}
		properties := now.event.Properties
		if certain != nil {
			properties = certain.propertiesOf(name, properties)
		}
		out[name] = content.AwaitedEvent{
			Properties: sampleProperties(properties),
			Time:       sampleMoment(),
		}
	}
	return out
}

// describe says what a wait_for or a collect has given a name.
func (a *awaited) describe() string {
	if a.gathered != nil {
		return "what is collected"
	}
	return a.event.Name
}

// sampleMoment is when a sample of an awaited event happened.
func sampleMoment() time.Time { return time.Date(2026, time.March, 3, 10, 0, 0, 0, time.UTC) }

// addSample makes up one property of an awaited event whose kind is not known.
func addSample(awaited map[string]content.AwaitedEvent, name, property string) {
	ev, known := awaited[name]
	if !known {
		ev.Properties = map[string]any{}
	}
	ev.Properties[property] = content.SampleText
	if property == engine.CollectedItems {
		ev.Properties[property] = []any{}
	}
	awaited[name] = ev
}

// withTraits returns the traits with sample values for those that are certain.
func withTraits(traits map[string]any, certain certainPaths) map[string]any {
	out := maps.Clone(traits)
	for path := range certain {
		if name, is := strings.CutPrefix(path, "learner.traits."); is && out[name] == nil {
			out[name] = content.SampleText
		}
	}
	return out
}

// certainPaths are the paths that have a value whenever a message is sent, because a condition on the way there asks for them:
// "trigger.score_pct", "course.title".
type certainPaths map[string]bool

// withPaths returns the paths with more of them.
func (f certainPaths) withPaths(more ...string) certainPaths {
	out := maps.Clone(f)
	if out == nil {
		out = certainPaths{}
	}
	for _, path := range more {
		out[path] = true
	}
	return out
}

func (f certainPaths) sortedPaths() []string { return slices.Sorted(maps.Keys(f)) }

// propertiesOf are those of the trigger, or of an awaited event, that are there whenever a message is sent.
func (f certainPaths) propertiesOf(root string, all []catalog.Property) []catalog.Property {
	var sure []catalog.Property
	for _, p := range all {
		if p.Required || f[root+"."+p.Name] {
			sure = append(sure, p)
		}
	}
	return sure
}

// certainCourse is a course of which no more is known than what is certain.
func (f certainPaths) certainCourse(complete *content.Course) *content.Course {
	bare := &content.Course{ID: complete.ID}
	if f["course.title"] {
		bare.Title = complete.Title
	}
	if f["course.url"] {
		bare.URL = complete.URL
	}
	return bare
}

// hasCourse reports whether each run of a rule has a course when the message is sent.
func (f certainPaths) hasCourse(from origin) bool {
	if from.event == nil || f["trigger."+engine.KeyCourse] {
		return true
	}
	if p, carried := from.event.Property(engine.KeyCourse); carried && p.Required {
		return true
	}
	for path := range f {
		if strings.HasPrefix(path, "course.") {
			return true
		}
	}
	return false
}

// handover is a variable that a step hands to its message: where it is named, a value that it may have, and what it is made from.
type handover struct {
	name   *yamlfile.Node
	sample any
	reads  reads
}

// sampleOf makes up a value of a type; nil is a type that is not known.
func sampleOf(t *cel.Type) any {
	switch {
	case t == nil:
		return content.SampleText
	case t.IsExactType(cel.DoubleType):
		return 42.5
	case t.IsExactType(cel.BoolType):
		return true
	case t.IsExactType(cel.TimestampType):
		return time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)
	}
	return content.SampleText
}

func sampleWith(handed map[string]handover) map[string]any {
	out := map[string]any{}
	for name, h := range handed {
		out[name] = h.sample
	}
	return out
}

// sampleProperties makes up values.
func sampleProperties(properties []catalog.Property) map[string]any {
	out := map[string]any{}
	for _, p := range properties {
		switch p.Type {
		case catalog.Number:
			out[p.Name] = 42.5
		case catalog.Integer:
			out[p.Name] = 3.0
		case catalog.Boolean:
			out[p.Name] = true
		case catalog.Timestamp:
			out[p.Name] = "2026-03-02T10:00:00Z"
		case catalog.Strings:
			out[p.Name] = []any{"one", "two"}
		case catalog.URL:
			out[p.Name] = content.SampleLink
		default:
			out[p.Name] = content.SampleText
		}
	}
	return out
}
