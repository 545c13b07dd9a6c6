package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/rfc3339"
)

// The trigger of an inactivity rule, as an expression sees it: no event of the catalog, only its time and, in a course,
// the course's id.
const (
	inactivityPlatform = "inactivity"
	inactivityCourse   = "inactivity in a course"
)

// Types of variables, as CEL names them. An event's type is eventType + its name.
const (
	eventType   = "event/"
	learnerType = "type/learner"
	courseType  = "type/course"

	previousType = "type/previous run of the course"
	nextType     = "type/next step"
)

// fieldTypes says to CEL which fields the variables have, so that a wrong one is found at check time, and reads them. It
// implements types.Provider on top of CEL's own types.
type fieldTypes struct {
	types.Provider
	events  map[string]*catalog.Event
	learner map[string]*types.FieldType
	course  map[string]*types.FieldType

	previous map[string]*types.FieldType
	next     map[string]*types.FieldType
}

func newFieldTypes(base types.Provider, cat *catalog.Catalog) *fieldTypes {
	f := &fieldTypes{
		Provider: base,
		events:   map[string]*catalog.Event{},
		learner:  learnerFields(),
		course:   courseFields(),
		previous: previousFields(),
		next:     nextFields(),
	}
	for _, ev := range cat.Events() {
		f.events[ev.Name] = ev
	}
	f.events[inactivityPlatform] = &catalog.Event{Name: inactivityPlatform}
	f.events[inactivityCourse] = &catalog.Event{
		Name:       inactivityCourse,
		Properties: []catalog.Property{{Name: engine.KeyCourse, Type: catalog.String}},
		Keys:       []string{engine.KeyCourse},
	}
	f.events[engine.EventCollected] = collectedEvent()
	for _, of := range overdueKinds() {
		from := overdueOrigin(of)
		f.events[from.name] = from.event
	}
	return f
}

func (f *fieldTypes) FindStructType(name string) (*types.Type, bool) {
	if _, ok := f.FindStructFieldNames(name); ok {
		return types.NewTypeTypeWithParam(cel.ObjectType(name)), true
	}
	return f.Provider.FindStructType(name)
}

// FindStructFieldNames lists the fields of a variable's type, sorted.
func (f *fieldTypes) FindStructFieldNames(name string) ([]string, bool) {
	var out []string
	switch event, isEvent := strings.CutPrefix(name, eventType); {
	case name == learnerType:
		out = sortedKeys(f.learner)
	case name == courseType:
		out = sortedKeys(f.course)
	case name == previousType:
		out = sortedKeys(f.previous)
	case name == nextType:
		out = sortedKeys(f.next)
	case isEvent && f.events[event] != nil:
		out = append(propertyNames(f.events[event]), "time")
		slices.Sort(out)
		out = slices.Compact(out)
	default:
		return f.Provider.FindStructFieldNames(name)
	}
	return out, true
}

func (f *fieldTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	switch event, isEvent := strings.CutPrefix(name, eventType); {
	case name == learnerType:
		ft, ok := f.learner[field]
		return ft, ok
	case name == courseType:
		ft, ok := f.course[field]
		return ft, ok
	case name == previousType:
		ft, ok := f.previous[field]
		return ft, ok
	case name == nextType:
		ft, ok := f.next[field]
		return ft, ok
	case isEvent && f.events[event] != nil:
		return eventField(f.events[event], field)
	}
	return f.Provider.FindStructFieldType(name, field)
}

func propertyNames(ev *catalog.Event) []string {
	out := make([]string, len(ev.Properties))
	for i, p := range ev.Properties {
		out[i] = p.Name
	}
	return out
}

// eventField reads a property of an event, or its time.
func eventField(ev *catalog.Event, name string) (*types.FieldType, bool) {
	if name == "time" {
		return &types.FieldType{
			Type:  types.TimestampType,
			IsSet: func(of any) bool { return of != any(notCome) },
			GetFrom: func(of any) (any, error) {
				if of == any(notCome) {
					return nil, fmt.Errorf("%s has not come", ev.Name)
				}
				return of.(*engine.Event).Time, nil
			},
		}, true
	}
	p, ok := ev.Property(name)
	if !ok {
		return nil, false
	}
	event := ev.Name
	what := event + "." + name // put together once: it is asked for with each event
	return &types.FieldType{
		Type: celType(p.Type),
		IsSet: func(of any) bool {
			return of.(*engine.Event).Properties[name] != nil
		},
		GetFrom: func(of any) (any, error) {
			v := of.(*engine.Event).Properties[name]
			if of == any(notCome) {
				return nil, fmt.Errorf("%s has not come", event)
			}
			if v == nil {
				return nil, fmt.Errorf("%s carries no %s", event, name)
			}
			return readAs(p.Type, v, what)
		},
	}, true
}

func celType(t catalog.Type) *types.Type {
	switch t {
	case catalog.String, catalog.URL:
		return types.StringType
	case catalog.Number, catalog.Integer:
		return types.DoubleType
	case catalog.Boolean:
		return types.BoolType
	case catalog.Timestamp:
		return types.TimestampType
	case catalog.Strings:
		return types.NewListType(types.StringType)
	default:
		return types.DynType
	}
}

// readAs holds a property to its type. Events are decoded by the catalog, but a revision may be older than an event.
func readAs(t catalog.Type, v any, what string) (any, error) {
	ok := true
	switch t {
	case catalog.String, catalog.URL:
		_, ok = v.(string)
	case catalog.Number, catalog.Integer:
		_, ok = v.(float64)
	case catalog.Boolean:
		_, ok = v.(bool)
	case catalog.Strings:
		_, ok = v.([]any)
	case catalog.Timestamp:
		text, isText := v.(string)
		at, err := rfc3339.Parse(text)
		if isText && err == nil {
			return at, nil
		}
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("%s is not a %s", what, t)
	}
	return v, nil
}

// known makes a field that is absent while it has its zero value.
func known[T any, V comparable](t *types.Type, what string, get func(*T) V) *types.FieldType {
	var zero V
	return &types.FieldType{
		Type:  t,
		IsSet: func(of any) bool { return get(of.(*T)) != zero },
		GetFrom: func(of any) (any, error) {
			if v := get(of.(*T)); v != zero {
				return v, nil
			}
			return nil, fmt.Errorf("%s is not known", what)
		},
	}
}

// always makes a field that is never absent.
func always[T any](t *types.Type, get func(*T) any) *types.FieldType {
	return &types.FieldType{
		Type:    t,
		IsSet:   func(any) bool { return true },
		GetFrom: func(of any) (any, error) { return get(of.(*T)), nil },
	}
}

func learnerFields() map[string]*types.FieldType {
	type l = engine.Learner
	return map[string]*types.FieldType{
		"id":       always(types.StringType, func(v *l) any { return v.ID }),
		"locale":   known(types.StringType, "learner.locale", func(v *l) string { return v.Locale }),
		"timezone": known(types.StringType, "learner.timezone", func(v *l) string { return v.Timezone }),
		"traits": always(types.NewMapType(types.StringType, types.DynType), func(v *l) any {
			if v.Traits == nil {
				return map[string]any{}
			}
			return v.Traits
		}),
		"signed_up_at":      known(types.TimestampType, "learner.signed_up_at", func(v *l) time.Time { return v.SignedUpAt }),
		"last_active_at":    known(types.TimestampType, "learner.last_active_at", func(v *l) time.Time { return v.LastActiveAt }),
		"courses_completed": always(types.DoubleType, func(v *l) any { return float64(v.CoursesCompleted) }),

		"next_course":        nextStep(nextOfLearner),
		"next_course_reason": nextReason("learner.next_course_reason", nextOfLearner),
	}
}

func courseFields() map[string]*types.FieldType {
	type c = engine.CourseView
	return map[string]*types.FieldType{
		"id":              known(types.StringType, "course.id", func(v *c) string { return v.ID }),
		"title":           known(types.StringType, "course.title", func(v *c) string { return v.Title }),
		"url":             known(types.StringType, "course.url", func(v *c) string { return v.URL }),
		"enrolled_at":     known(types.TimestampType, "course.enrolled_at", func(v *c) time.Time { return v.EnrolledAt }),
		"started_at":      known(types.TimestampType, "course.started_at", func(v *c) time.Time { return v.StartedAt }),
		"last_active_at":  known(types.TimestampType, "course.last_active_at", func(v *c) time.Time { return v.LastActiveAt }),
		"completed_at":    known(types.TimestampType, "course.completed_at", func(v *c) time.Time { return v.CompletedAt }),
		"cancelled_at":    known(types.TimestampType, "course.cancelled_at", func(v *c) time.Time { return v.CancelledAt }),
		"enrollment_type": known(types.StringType, "course.enrollment_type", func(v *c) string { return v.EnrollmentType }),
		"progress_pct":    counted("course.progress_pct", func(v *c) float64 { return v.ProgressPct }),
		"lessons_done":    counted("course.lessons_done", func(v *c) float64 { return float64(v.LessonsDone) }),
		"total_lessons":   counted("course.total_lessons", func(v *c) float64 { return float64(v.TotalLessons) }),
		"starts_at":       known(types.TimestampType, "course.starts_at", func(v *c) time.Time { return v.StartsAt }),
		"ends_at":         known(types.TimestampType, "course.ends_at", func(v *c) time.Time { return v.EndsAt }),
		"next_due_at":     known(types.TimestampType, "course.next_due_at", nextDueAt),
		"risk":            ofRisk(types.DoubleType, "course.risk", func(r engine.RiskScore) any { return r.Value }),
		"risk_reason":     riskReason(),
		"next":            nextStep(nextOfCourse),
		"next_reason":     nextReason("course.next_reason", nextOfCourse),
		"previous": {
			Type:  cel.ObjectType(previousType),
			IsSet: func(of any) bool { return of.(*c).Previous != nil },
			GetFrom: func(of any) (any, error) {
				if previous := of.(*c).Previous; previous != nil {
					return previous, nil
				}
				return noPreviousRun, nil
			},
		},
	}
}

// riskReason makes the field of what speaks most for a learner's risk. A learner in good standing has none: has() is false, and the text is empty.
func riskReason() *types.FieldType {
	field := ofRisk(types.StringType, "course.risk_reason", func(r engine.RiskScore) any { return string(r.FirstReason()) })
	field.IsSet = func(of any) bool {
		course := of.(*engine.CourseView)
		if course.Risk == nil {
			return false
		}
		score, known := course.Risk()
		return known && score.FirstReason() != ""
	}
	return field
}

// ofRisk makes a field of a learner's risk in a course, which is unknown in a course that is not under way.
func ofRisk(t *types.Type, what string, get func(engine.RiskScore) any) *types.FieldType {
	find := func(of any) (engine.RiskScore, bool) {
		course := of.(*engine.CourseView)
		if course.Risk == nil {
			return engine.RiskScore{}, false
		}
		return course.Risk()
	}
	return &types.FieldType{
		Type: t,
		IsSet: func(of any) bool {
			_, known := find(of)
			return known
		},
		GetFrom: func(of any) (any, error) {
			score, known := find(of)
			if !known {
				return nil, fmt.Errorf("%s is not known", what)
			}
			return get(score), nil
		},
	}
}

// noPreviousRun stands for the earlier run of a course that the learner takes for the first time: nothing about it is known.
var noPreviousRun = &engine.PreviousRun{}

func previousFields() map[string]*types.FieldType {
	type p = engine.PreviousRun
	return map[string]*types.FieldType{
		"enrolled_at":     known(types.TimestampType, "course.previous.enrolled_at", func(v *p) time.Time { return v.EnrolledAt }),
		"completed_at":    known(types.TimestampType, "course.previous.completed_at", func(v *p) time.Time { return v.CompletedAt }),
		"cancelled_at":    known(types.TimestampType, "course.previous.cancelled_at", func(v *p) time.Time { return v.CancelledAt }),
		"enrollment_type": known(types.StringType, "course.previous.enrollment_type", func(v *p) string { return v.EnrollmentType }),
		"progress_pct":    known(types.DoubleType, "course.previous.progress_pct", func(v *p) float64 { return v.ProgressPct }),
	}
}

// counted makes a number of a course: 0 is a number like any other, unless there is no course.
func counted(what string, get func(*engine.CourseView) float64) *types.FieldType {
	return &types.FieldType{
		Type:  types.DoubleType,
		IsSet: func(of any) bool { return of != any(noCourse) },
		GetFrom: func(of any) (any, error) {
			if of == any(noCourse) {
				return nil, fmt.Errorf("%s is not known", what)
			}
			return get(of.(*engine.CourseView)), nil
		},
	}
}
