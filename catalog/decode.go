package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"homeroom/engine"
	"homeroom/subjects"
)

// Limits of a native body.
const (
	MaxBody    = 256 << 10 // bytes
	MaxID      = 128       // bytes of an event's id
	MaxKey     = 256       // bytes of an entity key's value
	MaxTitle   = 1024      // bytes of a course's title
	MaxNesting = 8         // objects and arrays inside one another, the body itself included
	MaxEntries = 200       // properties, and traits, of one event
	MaxAhead   = time.Hour // how far an event's time may lie after its arrival
)

// earliest is the earliest time an event may have.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Codes of a DecodeError.
const (
	CodeUnreadable      = "unreadable"       // not a JSON object in UTF-8
	CodeTooLarge        = "too_large"        // more than MaxBody bytes
	CodeTooComplex      = "too_complex"      // more than MaxNesting levels or MaxEntries properties
	CodeBadLearner      = "bad_learner"      // no learner, or not a learner id
	CodeLearnerMismatch = "learner_mismatch" // body and subject name two learners
	CodeEventMismatch   = "event_mismatch"   // body and subject name two events
	CodeUnknownEvent    = "unknown_event"    // not in the catalog
	CodeBadID           = "bad_id"           // the event's id, or an entity key, is missing, empty or too long
	CodeBadTime         = "bad_time"         // not RFC 3339, before 2000, or in the future
	CodeWrongType       = "wrong_type"       // a property or trait has not its type
	CodeMissingKey      = "missing_key"      // an entity key the event exists for is missing
)

// DecodeError says why a body was refused. Code is one of the Code constants, in one spelling for dead letters and
// metrics. The texts name properties and ids but never repeat a property's or trait's value.
type DecodeError struct {
	Code    string
	Message string // what is wrong
	Hint    string // what to do; may be empty
}

func (e *DecodeError) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

func refuse(code, hint, format string, args ...any) *DecodeError {
	return &DecodeError{Code: code, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// envelope is the top level of a native body. Keys are read exactly as written; of a key that comes twice the last
// counts, as everywhere in JSON; unknown ones are passed over.
type envelope map[string]any

// Decode reads a native body.
//
// learner and event come from the subject; the body may repeat them but must agree. Either may be "", then the body
// must name it, as a line of NDJSON does; an admin event without a learner gets "_".
//
// received is when the stream took the event in: the time of an event that names none, and MaxAhead before the latest
// it may name. The zero received is for recorded events: any time from 2000 on will do, but there must be one.
//
// Properties that are null count as absent. The properties of profile.updated become traits.
func (c *Catalog) Decode(learner, event string, body []byte, received time.Time) (Decoded, *DecodeError) {
	env, err := readEnvelope(body)
	if err != nil {
		return Decoded{}, err
	}
	kind, err := c.kind(env, event)
	if err != nil {
		return Decoded{}, err
	}
	d := Decoded{Event: engine.Event{Name: kind.Name}}
	if d.Event.Learner, err = env.learner(learner, kind); err != nil {
		return Decoded{}, err
	}
	if d.Event.ID, err = env.id(); err != nil {
		return Decoded{}, err
	}
	if d.Event.Time, err = env.time(received); err != nil {
		return Decoded{}, err
	}
	if d.Event.Properties, err = env.object("properties"); err != nil {
		return Decoded{}, err
	}
	if d.Traits, err = env.object("traits"); err != nil {
		return Decoded{}, err
	}
	if kind.Name == engine.EventProfileUpdated {
		d.Traits, d.Event.Properties = merge(d.Event.Properties, d.Traits), nil
	}
	if err = kind.check(d.Event.Properties); err != nil {
		return Decoded{}, err
	}
	if err = checkTraits(d.Traits); err != nil {
		return Decoded{}, err
	}
	return d, nil
}

func readEnvelope(body []byte) (envelope, *DecodeError) {
	if len(body) > MaxBody {
		return nil, refuse(CodeTooLarge, "publish what rules and messages need, and keep the rest elsewhere",
			"the body has %d bytes, at most %d are read", len(body), MaxBody)
	}
	if !utf8.Valid(body) {
		return nil, refuse(CodeUnreadable, "publish JSON in UTF-8", "the body is not UTF-8")
	}
	if nesting(body) > MaxNesting {
		return nil, refuse(CodeTooComplex, "flatten it", "the body nests objects and arrays more than %d deep", MaxNesting)
	}
	var whole any // into an interface, encoding/json decodes without reflection
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, unreadable(body, err)
	}
	env, ok := whole.(map[string]any)
	if !ok {
		hint := "publish a JSON object"
		if _, batch := whole.([]any); batch {
			hint = "publish each event as a message of its own"
		}
		return nil, refuse(CodeUnreadable, hint, "the body must be an object, is %s", kindOf(whole))
	}
	return env, nil
}

func unreadable(body []byte, err error) *DecodeError {
	var syntax *json.SyntaxError
	var number *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return refuse(CodeUnreadable, "publish a JSON object", "the body is empty")
	case errors.As(err, &syntax):
		return refuse(CodeUnreadable, "", "the body is not JSON: %s, at byte %d", syntax.Error(), syntax.Offset)
	case errors.As(err, &number):
		return refuse(CodeWrongType, "", "the body holds a number that is too large, at byte %d", number.Offset)
	}
	return refuse(CodeUnreadable, "publish a JSON object", "the body is not JSON")
}

// nesting returns how deep objects and arrays lie inside one another; of text that is not JSON, about how deep.
func nesting(body []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '{', '[':
			if !quoted {
				depth++
				deepest = max(deepest, depth)
			}
		case '}', ']':
			if !quoted {
				depth--
			}
		}
	}
	return deepest
}

// kind finds the event that the subject or the body names.
func (c *Catalog) kind(env envelope, event string) (*Event, *DecodeError) {
	said, present, ok := env.text("event")
	switch {
	case present && !ok:
		return nil, refuse(CodeUnknownEvent, "name it as in lesson.completed", "event must be text")
	case event == "" && said == "":
		return nil, refuse(CodeUnknownEvent, "add event, for example lesson.completed", "the body does not say which event it is")
	case event == "":
		event = said
	case said != "" && said != event:
		return nil, refuse(CodeEventMismatch, "make the two agree, or leave event out of the body",
			"the body says event %q, the subject says %q", short(said), short(event))
	}
	kind, ok := c.Event(event)
	if ok {
		return kind, nil
	}
	if near := c.Nearest(event); near != "" {
		return nil, refuse(CodeUnknownEvent, "", "unknown event %s, did you mean %s?", short(event), near)
	}
	return nil, refuse(CodeUnknownEvent, "use a name of the catalog, or add this one to catalog.yaml", "unknown event %s", short(event))
}

func (env envelope) learner(learner string, kind *Event) (string, *DecodeError) {
	said, present, ok := env.text("learner_id")
	switch {
	case present && !ok:
		return "", refuse(CodeBadLearner, `write it in quotes, as in "u_42"`, "learner_id must be text")
	case learner == "":
		learner = said
	case said != "" && said != learner:
		return "", refuse(CodeLearnerMismatch, "make the two agree, or leave learner_id out of the body",
			"the body says learner_id %q, the subject says %q", short(said), short(learner))
	}
	if learner == "" && !kind.Admin {
		return "", refuse(CodeBadLearner, "add learner_id", "the body does not say whose event it is")
	}
	if learner == "" || learner == subjects.NoLearner {
		if kind.Admin {
			return subjects.NoLearner, nil
		}
		return "", refuse(CodeBadLearner, "publish it under the learner's own id",
			"%s needs a learner, and %q stands for events that have none", kind.Name, subjects.NoLearner)
	}
	if err := subjects.ValidLearner(learner); err != nil {
		return "", refuse(CodeBadLearner, "", "%s", err)
	}
	return learner, nil
}

func (env envelope) id() (string, *DecodeError) {
	const hint = "give each event an id of its own, so that a repeat can be recognised"
	id, present, ok := env.text("id")
	switch {
	case !present:
		return "", refuse(CodeBadID, hint, "the event has no id")
	case !ok:
		return "", refuse(CodeBadID, "write it in quotes", "id must be text")
	case id == "":
		return "", refuse(CodeBadID, hint, "the event's id is empty")
	case len(id) > MaxID:
		return "", refuse(CodeBadID, "", "the event's id has %d bytes, at most %d are allowed", len(id), MaxID)
	case strings.ContainsFunc(id, unicode.IsControl):
		return "", refuse(CodeBadID, "", "the event's id contains control characters")
	}
	return id, nil
}

func (env envelope) time(received time.Time) (time.Time, *DecodeError) {
	const hint = "write RFC 3339, as in 2026-03-02T10:00:00Z"
	text, present, ok := env.text("time")
	switch {
	case !present && received.IsZero():
		return time.Time{}, refuse(CodeBadTime, "add the time it happened; "+hint, "a recorded event needs its time")
	case !present:
		return received.UTC(), nil
	case !ok:
		return time.Time{}, refuse(CodeBadTime, hint, "time must be text")
	}
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil {
		return time.Time{}, refuse(CodeBadTime, hint, "time %q is not a time", short(text))
	}
	t = t.UTC()
	if t.Before(earliest) {
		return time.Time{}, refuse(CodeBadTime, "check the publisher's clock", "time %s is before %d", short(text), earliest.Year())
	}
	if latest := received.Add(MaxAhead); !received.IsZero() && t.After(latest) {
		return time.Time{}, refuse(CodeBadTime, "check the publisher's clock",
			"time %s is more than an hour after the event arrived (%s)", short(text), received.UTC().Format(time.RFC3339))
	}
	return t, nil
}

// text returns a top-level text, whether the body has it (null counts as absent), and whether it is text.
func (env envelope) text(key string) (s string, present, ok bool) {
	v := env[key]
	s, ok = v.(string)
	return s, v != nil, ok || v == nil
}

// object returns a top-level object, nil if there is none.
func (env envelope) object(key string) (map[string]any, *DecodeError) {
	v := env[key]
	if v == nil {
		return nil, nil
	}
	values, ok := v.(map[string]any)
	if !ok {
		return nil, refuse(CodeWrongType, `write it as {"name": value}`, "%s must be an object, is %s", key, kindOf(v))
	}
	if len(values) > MaxEntries {
		return nil, refuse(CodeTooComplex, "publish what rules and messages need", "the event has %d %s, at most %d are read", len(values), key, MaxEntries)
	}
	return values, nil
}

// merge returns the properties of profile.updated and the traits beside them as one; the traits win.
func merge(properties, traits map[string]any) map[string]any {
	if properties == nil {
		return traits
	}
	maps.Copy(properties, traits)
	return properties
}

// short cuts what a publisher wrote to a length that a log line bears, at a rune's start.
func short(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
