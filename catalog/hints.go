package catalog

import "bytes"

// foreignHint returns what to do about a body of a format that Homeroom ships a source for, or that holds several events; empty: it
// is of none that is known by its shape.
func foreignHint(body envelope) string {
	has := func(names ...string) bool {
		for _, name := range names {
			if body[name] == nil {
				return false
			}
		}
		return true
	}
	child := func(name string) envelope {
		object, _ := body[name].(map[string]any)
		return object
	}
	atContext, _ := body["@context"].(string)
	switch {
	case has("batch") && isList(body["batch"]):
		return "this is a batch of Segment calls: publish each as a message of its own, or send the batch over HTTP"
	case has("actor", "verb", "object") && child("verb")["id"] != nil:
		return shippedHint("an xAPI statement", "xapi")
	case has("sensor", "data") && isList(body["data"]), bytes.Contains([]byte(atContext), []byte("caliper")):
		return shippedHint("a Caliper event", "caliper")
	case has("event_type", "event_source"), has("event_type", "context") && child("context")["course_id"] != nil:
		return shippedHint("an Open edX tracking event", "openedx")
	case has("metadata", "body") && child("metadata")["event_name"] != nil:
		return shippedHint("a Canvas Live Event", "canvas")
	case has("eventname", "component"), has("eventname", "courseid"):
		return shippedHint("an event of Moodle's log", "moodle")
	case has("type", "userId") || has("type", "anonymousId"):
		return shippedHint("a Segment call", "segment")
	case has("resource", "action", "payload"):
		return shippedHint("a webhook of Thinkific", "thinkific")
	case has("type", "object", "hook_event_id"), has("type", "object", "created") && child("object")["user"] != nil:
		return shippedHint("a webhook of Teachable", "teachable")
	}
	return ""
}

// shippedHint says how a format is read that Homeroom ships a source for.
func shippedHint(what, source string) string {
	return "this looks like " + what + ": write \"" + source + ":\" below \"sources:\" in sources.yaml to have it read"
}

func isList(v any) bool {
	_, list := v.([]any)
	return list
}

// batchHint says what to do about a body that is a list.
func batchHint(list []any) string {
	if len(list) > 0 {
		if first, isObject := list[0].(map[string]any); isObject {
			if hint := foreignHint(first); hint != "" {
				return "publish each event as a message of its own; " + hint
			}
		}
	}
	return "publish each event as a message of its own"
}

// encodingHint says what to do about a body that is not UTF-8.
func encodingHint(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte{0x1f, 0x8b}):
		return "it is compressed with gzip: publish it uncompressed"
	case bytes.HasPrefix(body, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "it is compressed with zstd: publish it uncompressed"
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}), bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		return "it looks like UTF-16: publish JSON in UTF-8"
	}
	return "publish JSON in UTF-8"
}
