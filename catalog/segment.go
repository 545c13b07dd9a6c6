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

// isSegment tells whether a body is a call of Segment's API: its type says so, and it is identified as one. A native
// body may have a type of its own.
func isSegment(env envelope) bool {
	switch env["type"] {
	case callTrack, callIdentify, "page", "screen", "group", "alias":
		return env["messageId"] != nil || env["id"] == nil
	}
	return false
}

// segment reads a call in the style of Segment.
func (c *Catalog) segment(env envelope, event string) (facts, *DecodeError) {
	f := facts{
		event:      saidOf(c.bareName(env["event"], event)),
		learner:    saidOf(env["userId"]),
		id:         saidOf(env["messageId"]),
		time:       saidOf(env["timestamp"]),
		properties: env["properties"],
		words:      &segmentWords,
	}
	if !f.time.present {
		f.time = saidOf(env["originalTimestamp"])
	}
	traits, err := contextTraits(env)
	if err != nil {
		return facts{}, err
	}
	switch env["type"] {
	case callTrack:
		f.traits = traits
	case callIdentify:
		own, err := objectOf("traits", env["traits"])
		if err != nil {
			return facts{}, err
		}
		renameTraits(own)
		if event != "" && event != engine.EventProfileUpdated {
			return facts{}, refuse(CodeEventMismatch, "publish it as learning.<learner>."+engine.EventProfileUpdated,
				"an identify call is %s, the NATS subject says %q", engine.EventProfileUpdated, short(event))
		}
		f.event, f.properties, f.traits = saidOf(engine.EventProfileUpdated), nil, merge(traits, own)
	default:
		call, _ := env["type"].(string)
		return facts{}, refuse(CodeUnknownEvent, "publish what the learner did as a track call, or don't publish it",
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
