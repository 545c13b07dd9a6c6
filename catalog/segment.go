package catalog

import (
	"slices"

	"homeroom/engine"
	"homeroom/internal/spelling"
)

// The calls of Segment's API that say something about a learner. See https://segment.com/docs/connections/spec/.
const (
	callTrack    = "track"    // something was done: event, properties, context.traits
	callIdentify = "identify" // who somebody is: traits
)

var segmentWords = words{
	event:      "event",
	learner:    "userId",
	id:         "messageId",
	time:       "timestamp",
	properties: "properties",
	traits:     "traits",
	says:       "the call says",
	silent:     "the call does not say",
	leaveOut:   "the call",
	subject:    "the NATS subject",
}

// segmentCall is a call of Segment's API: its type says so, and it is identified as one. A native body may have a type of
// its own.
type segmentCall struct{}

func (segmentCall) headerName() string { return "" }

func (segmentCall) claimsHeader(map[string][]string) (bool, *DecodeError) { return false, nil }

func (segmentCall) claimsBody(body envelope) bool {
	switch body["type"] {
	case callTrack, callIdentify, "page", "screen", "group", "alias":
		return body["messageId"] != nil || body["id"] == nil
	}
	return false
}

func (segmentCall) traitsOf(body envelope, profile bool) []any {
	context, _ := body["context"].(map[string]any)
	if profile {
		return []any{body["traits"], context["traits"], body["properties"]}
	}
	return []any{body["traits"], context["traits"]}
}

func (segmentCall) readFields(c *Catalog, m *message) (bodyFields, *DecodeError) {
	env, err := m.readBody()
	if err != nil {
		return bodyFields{}, err
	}
	f := bodyFields{
		event:      textFieldOf(c.bareName(env["event"], m.event)),
		learner:    textFieldOf(env["userId"]),
		id:         textFieldOf(env["messageId"]),
		time:       textFieldOf(env["timestamp"]),
		properties: env["properties"],
		words:      &segmentWords,
	}
	if !f.time.present {
		f.time = textFieldOf(env["originalTimestamp"])
	}
	if !f.time.present {
		if err := refuseOtherName(env, "time", "timestamp", CodeBadTime); err != nil {
			return bodyFields{}, err
		}
	}
	traits, err := contextTraits(env)
	if err != nil {
		return bodyFields{}, err
	}
	switch env["type"] {
	case callTrack:
		f.traits = traits
	case callIdentify:
		own, err := objectOf("traits", env["traits"])
		if err != nil {
			return bodyFields{}, err
		}
		renameTraits(own)
		if m.event != "" && m.event != engine.EventProfileUpdated {
			return bodyFields{}, newRefusal(CodeEventMismatch, "publish it as learning.<learner>."+engine.EventProfileUpdated,
				"an identify call is %s, the NATS subject says %q", engine.EventProfileUpdated, cutShort(m.event))
		}
		f.event = textFieldOf(engine.EventProfileUpdated)
		f.properties = nil
		f.traits = mergeTraits(traits, own)
	default:
		call, _ := env["type"].(string)
		return bodyFields{}, newRefusal(CodeUnknownEvent, "publish what the learner did as a track call, or don't publish it",
			"Homeroom reads track and identify calls, not %s", call)
	}
	return f, nil
}

// contextTraits returns the traits that a call carries along. Traits that Segment has a name of its own for get ours.
func contextTraits(env envelope) (map[string]any, *DecodeError) {
	context, _ := env["context"].(map[string]any)
	traits, err := objectOf("context.traits", context["traits"])
	renameTraits(traits)
	return traits, err
}

// renameTraits gives Segment's firstName the name that Homeroom has for it, unless that is there as well.
func renameTraits(traits map[string]any) {
	v, ok := traits["firstName"]
	if !ok {
		return
	}
	if _, ours := traits["first_name"]; !ours {
		traits["first_name"] = v
	}
	delete(traits, "firstName")
}

// bareName returns the event that a name in Segment's style means: "Lesson Completed" is lesson.completed. A name that
// means none stays as it is.
func (c *Catalog) bareName(v any, event string) any {
	name, ok := v.(string)
	if !ok || name == event || name == "" || len(name) > maxFolded {
		return v
	}
	folded := spelling.Fold(name)
	if event != "" {
		if folded == spelling.Fold(event) {
			return event
		}
		return v
	}
	if _, exact := c.Event(name); !exact {
		if i := slices.Index(c.folded, folded); i >= 0 {
			return c.events[i].Name
		}
	}
	return v
}
