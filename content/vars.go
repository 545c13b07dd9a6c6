package content

import (
	"math"
	"slices"
	"strings"
	"time"

	"homeroom/internal/cleantext"
	"homeroom/internal/rfc3339"
	"homeroom/internal/spelling"
)

// Vars is everything a message may be about.
type Vars struct {
	Learner Learner
	Course  *Course // nil: the run has no course
	// Trigger holds the properties of the event that started the run: JSON values.
	Trigger     map[string]any
	TriggerTime time.Time
	// Awaited are the events that the run has waited for, by the names that its rule gives them. One that has not come is not among them.
	Awaited map[string]AwaitedEvent
	// With holds what the rule's step passes, seen as vars.<name>: JSON values and times.
	With    map[string]any
	Outward Outward
	// Samples says that the values are made up; see [SampleText].
	Samples bool
}

// AwaitedEvent is an event that a run has waited for, as messages see it: JSON values, and its time.
type AwaitedEvent struct {
	Properties map[string]any
	Time       time.Time
}

// Learner is a learner as messages see one. Empty fields are undefined.
type Learner struct {
	ID        string
	FirstName string // empty: traits.first_name
	Locale    string // BCP 47; picks the translation
	Timezone  string // IANA; times are shown in it, or in Site.Location
	Traits    map[string]any
	Next      *Next // the course that may be next; nil: none is known
}

// Course is a course as messages see one. Empty fields are undefined.
type Course struct {
	ID    string
	Title string
	URL   string
	Next  *Next // what may be next in the course; nil: it is not known
	// RiskReason is what speaks most for the learner's risk in the course: silent, few_days or little_done.
	RiskReason string
}

// IsMinor reports whether a learner's traits say that they are a minor: is_minor is true, not 0, or a text that does not
// say no. In doubt somebody is one.
func IsMinor(traits map[string]any) bool {
	switch v := traits["is_minor"].(type) {
	case bool:
		return v
	case string:
		return !slices.Contains([]string{"", "false", "no", "0"}, strings.ToLower(strings.TrimSpace(v)))
	case float64:
		return v != 0
	default:
		return false
	}
}

// zoneOf is the zone in which a learner reads times.
func (l *Library) zoneOf(learner Learner) *time.Location {
	name := learner.Timezone
	if known, ok := l.zones.Load(name); ok {
		if loc, ok := known.(*time.Location); ok {
			return loc
		}
	}
	if loc, err := time.LoadLocation(name); err == nil && name != "" && name != "Local" {
		l.zones.Store(name, loc)
		return loc
	}
	if l.site.Location != nil {
		return l.site.Location
	}
	return time.UTC
}

// liquidBindings returns learner, course, trigger and vars as Liquid sees them.
func (v Vars) liquidBindings(loc *time.Location, w words) map[string]any {
	traits, _ := cleanValue(v.Learner.Traits, loc, 0).(map[string]any)
	dropWrongNames(traits)
	firstName := cleantext.Name(v.Learner.FirstName)
	if strings.TrimSpace(v.Learner.FirstName) == "" {
		firstName, _ = traits["first_name"].(string)
	}
	learner := printableFields(map[string]string{
		"id":         v.Learner.ID,
		"first_name": firstName,
		"locale":     v.Learner.Locale,
		"timezone":   v.Learner.Timezone,
	})
	learner["traits"] = traits
	v.Learner.Next.bindNext(learner, "next_course", w)
	trigger, _ := cleanValue(v.Trigger, loc, 0).(map[string]any)
	if !v.TriggerTime.IsZero() {
		trigger["time"] = v.TriggerTime.In(loc)
	}
	with, _ := cleanValue(v.With, loc, 0).(map[string]any)
	out := map[string]any{"learner": learner, triggerRoot: trigger, varsRoot: with}
	for name, ev := range v.Awaited {
		properties, _ := cleanValue(ev.Properties, loc, 0).(map[string]any)
		if !ev.Time.IsZero() {
			properties["time"] = ev.Time.In(loc)
		}
		if _, taken := messageRoots[name]; !taken {
			out[name] = properties
		}
	}
	if v.Course != nil {
		course := printableFields(map[string]string{"id": v.Course.ID, "title": v.Course.Title, "url": v.Course.URL})
		v.Course.Next.bindNext(course, "next", w)
		if why := riskReasonWords(w.lang)[v.Course.RiskReason]; why != "" {
			course["risk_reason"] = why
		}
		out["course"] = course
	}
	return out
}

// personNames are the traits that hold a person's name, folded.
var personNames = []string{"name", "firstname", "lastname", "middlename", "givenname", "familyname", "surname", "fullname", "displayname", "preferredname", "nickname"}

// dropWrongNames leaves of the traits that hold names those that are names; the others count as absent. Whoever signs up writes them, perhaps with somebody else's
// address: a link there would go out under the academy's signature.
func dropWrongNames(traits map[string]any) {
	for trait, value := range traits {
		text, isText := value.(string)
		if !isText || !slices.Contains(personNames, spelling.Fold(trait)) {
			continue
		}
		if name := cleantext.Name(text); name != "" {
			traits[trait] = name
		} else {
			delete(traits, trait)
		}
	}
}

// printableFields returns the fields that are not blank, fit to be printed.
func printableFields(fields map[string]string) map[string]any {
	out := make(map[string]any, len(fields))
	for k, v := range fields {
		if strings.TrimSpace(v) != "" {
			out[k] = dropMarkRunes(v)
		}
	}
	return out
}

// maxDepth bounds how deep published values may be nested; deeper ones are left out.
const maxDepth = 16

// cleanValue copies a JSON value so that it can be printed: no mark runes, RFC 3339 texts as times in the learner's zone,
// numbers that Go cannot print as people write them left out.
func cleanValue(v any, loc *time.Location, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		if depth < maxDepth {
			for k, item := range v {
				out[k] = cleanValue(item, loc, depth+1)
			}
		}
		return out
	case []any:
		if depth >= maxDepth {
			return []any{}
		}
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = cleanValue(item, loc, depth+1)
		}
		return out
	case string:
		if t, err := rfc3339.Parse(v); err == nil {
			return t.In(loc)
		}
		return dropMarkRunes(strings.ToValidUTF8(v, ""))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case time.Time:
		return v.In(loc)
	default:
		return v
	}
}

// Sample is one learner to try a message on.
type Sample struct {
	About string // "a learner whose name is unknown"
	Vars  Vars
}

// sampleTime is the time of sample events.
var sampleTime = time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)

// SampleVars returns a learner about whom everything is known, for trying messages. trigger holds sample values for
// the properties of the event that starts the run.
func SampleVars(trigger map[string]any) Vars {
	return Vars{
		Learner: Learner{
			ID:        "u_42",
			FirstName: "Ada",
			Locale:    "en",
			Timezone:  "Europe/Berlin",
			Traits:    map[string]any{"first_name": "Ada", "email": "ada@example.org"},
			Next: &Next{
				ID:     "crs_sql",
				Title:  "SQL for everybody",
				URL:    "https://academy.example/courses/crs_sql",
				Reason: "followed",
			},
		},
		Course: &Course{
			ID:    "crs_go",
			Title: "Go for Gophers",
			URL:   "https://academy.example/courses/crs_go",
			Next: &Next{
				ID:     "lesson_id=l2",
				Title:  "Loops",
				URL:    "https://academy.example/courses/crs_go/l2",
				Reason: "followed",
			},
			RiskReason: "silent",
		},
		Trigger:     trigger,
		TriggerTime: sampleTime,
		Outward: Outward{
			Unsubscribe:  "https://academy.example/unsubscribe/sample",
			Preferences:  "https://academy.example/preferences/sample",
			ReferralCode: "K7QX2MPA",
		},
	}
}

// Samples returns the learners that a message must be able to address: one well known, one whose name nobody has
// told, and one who is a minor.
func Samples(trigger map[string]any) []Sample {
	whole := SampleVars(trigger)
	nameless := SampleVars(trigger)
	minor := SampleVars(trigger)
	nameless.Learner.FirstName = ""
	nameless.Learner.Timezone = ""
	nameless.Learner.Traits = map[string]any{"email": "ada@example.org"}
	minor.Learner.Traits = map[string]any{"first_name": "Ada", "email": "ada@example.org", "is_minor": true}
	return []Sample{
		{"a learner we know well", whole},
		{"a learner whose first name is unknown", nameless},
		{"a learner who is a minor", minor},
	}
}
