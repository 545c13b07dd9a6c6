package rules

import (
	"slices"
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/content"
	"homeroom/engine"
)

// Sample makes up a learner and a run to look at a message with: the run of the first rule that sends it, or one that
// has a bit of everything if none does.
func (a *Academy) Sample(message string) content.Vars {
	for _, r := range a.Ruleset.Rules {
		for i := range r.Program {
			if s := r.Program[i].Send; s != nil && s.Message == message {
				return a.sampleRun(r, s)
			}
		}
	}
	var all []catalog.Property
	for _, ev := range a.Catalog.Events() {
		all = append(all, ev.Properties...)
	}
	vars := content.SampleVars(sampleProperties(all))
	vars.With = map[string]any{}
	vars.Awaited = map[string]content.AwaitedEvent{}
	for _, variable := range a.Library.Variables(message) {
		root, rest, _ := strings.Cut(variable, ".")
		field, _, _ := strings.Cut(rest, ".")
		if root == varsRoot {
			vars.With[field] = content.SampleText
		}
		if a.awaits(root) {
			addSample(vars.Awaited, root, field)
		}
	}
	return vars
}

// awaits reports whether a wait_for of any rule calls its event by this name.
func (a *Academy) awaits(name string) bool {
	return slices.ContainsFunc(a.Ruleset.Rules, func(r *engine.Rule) bool {
		return slices.ContainsFunc(r.Program, func(in engine.Instr) bool { return in.As == name })
	})
}

// sampleAwaited makes up the events that a rule waits for and gives names.
func (a *Academy) sampleAwaited(r *engine.Rule, at time.Time) (events []engine.AwaitedEvent) {
	for i := range r.Program {
		in := &r.Program[i]
		if in.Collect != nil {
			gathered := engine.Event{Name: engine.EventCollected, Time: at, Properties: a.sampleCollected(in)}
			events = append(events, engine.AwaitedEvent{Name: in.As, Step: in.ID, Event: gathered})
			continue
		}
		ev, known := a.Catalog.Event(waitedName(in))
		if !known {
			continue
		}
		events = append(events, engine.AwaitedEvent{
			Name: in.As,
			Step: in.ID,
			Event: engine.Event{
				Name:       ev.Name,
				Time:       at,
				Properties: sampleProperties(ev.Properties),
			},
		})
	}
	return events
}

// waitedName is the name of the event that a wait_for waits for and gives a name; empty: it does not.
func waitedName(in *engine.Instr) string {
	if in.As == "" {
		return ""
	}
	return in.Match.Event
}

func (a *Academy) sampleRun(r *engine.Rule, s *engine.SendStep) content.Vars {
	properties := map[string]any{engine.KeyCourse: "crs_go"}
	if ev, known := a.Catalog.Event(r.When.Match.Event); known {
		properties = sampleProperties(ev.Properties)
	}
	if r.When.Overdue > 0 {
		from := overdueOrigin(strings.TrimSuffix(r.When.Of, "_id"))
		properties = sampleProperties(from.event.Properties)
	}
	vars := content.SampleVars(properties)
	look := &engine.Vars{
		Trigger: &engine.Event{Name: r.When.Match.Event, Time: vars.TriggerTime, Properties: properties},
		Learner: engine.Learner{
			ID:               vars.Learner.ID,
			Locale:           vars.Learner.Locale,
			Timezone:         vars.Learner.Timezone,
			SignedUpAt:       vars.TriggerTime,
			LastActiveAt:     vars.TriggerTime,
			CoursesCompleted: 1,
		},
		Course: &engine.CourseView{
			ID:           vars.Course.ID,
			Title:        vars.Course.Title,
			URL:          vars.Course.URL,
			EnrolledAt:   vars.TriggerTime,
			StartedAt:    vars.TriggerTime,
			LastActiveAt: vars.TriggerTime,
			ProgressPct:  50,
			LessonsDone:  5,
			TotalLessons: 10,
		},
		Now:  vars.TriggerTime,
		Past: nothingYet{},
	}
	vars.Awaited = map[string]content.AwaitedEvent{}
	look.Awaited = a.sampleAwaited(r, vars.TriggerTime)
	for _, awaited := range look.Awaited {
		vars.Awaited[awaited.Name] = content.AwaitedEvent{Properties: awaited.Event.Properties, Time: awaited.Event.Time}
	}
	if s.Staff != "" {
		vars.Outward = content.Outward{Staff: true}
	}
	if r.When.Staff {
		vars.Learner = content.Learner{}
		vars.Course = nil
	}
	vars.With = map[string]any{}
	for _, b := range s.With {
		value, err := b.Expr.Eval(look)
		if err != nil {
			value = content.SampleText
		}
		vars.With[b.Name] = value
	}
	return vars
}

// nothingYet is the past of a learner who has none.
type nothingYet struct{}

func (nothingYet) Sent(string, time.Duration) bool { return false }

func (nothingYet) Count(string, int) int { return 0 }

func (nothingYet) CountSame(string, int, string) (int, error) { return 0, nil }
