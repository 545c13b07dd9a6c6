package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"homeroom/engine"
)

// Limits of an event.
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
	CodeUnknownField    = "unknown_field"    // the body has a key that no event has
	CodeUnknownWord     = "unknown_word"     // a property has a word that is not among those it may have
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

// newRefusal makes the error. It quotes what a subject or a header holds, which may be any bytes; headers and JSON hold text only.
func newRefusal(code, hint, format string, args ...any) *DecodeError {
	return &DecodeError{Code: code, Message: strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD"), Hint: strings.ToValidUTF8(hint, "\uFFFD")}
}

// checkFields reads the fields of a body and says what is wrong with them; learner and event are the subject's, or "".
func (c *Catalog) checkFields(f *bodyFields, learner, event string, received time.Time) (Decoded, *DecodeError) {
	kind, err := c.findKind(f, event)
	if err != nil {
		return Decoded{}, err
	}
	d := Decoded{Event: engine.Event{Name: kind.Name}}
	if d.Event.Learner, err = f.findLearner(learner, kind); err != nil {
		return Decoded{}, err
	}
	if d.Event.ID, err = f.eventID(); err != nil {
		return Decoded{}, err
	}
	if d.Event.Time, err = f.eventTime(received); err != nil {
		return Decoded{}, err
	}
	if d.Event.Properties, err = objectOf(f.words.properties, f.properties); err != nil {
		return Decoded{}, err
	}
	if f.words.cloudEvent {
		f.liftTraits(kind, d.Event.Properties)
	}
	if d.Traits, err = objectOf(f.words.traits, f.traits); err != nil {
		return Decoded{}, err
	}
	if kind.Name == engine.EventProfileUpdated {
		d.Traits = mergeTraits(d.Event.Properties, d.Traits)
		d.Event.Properties = nil
	}
	if err = kind.checkValues(d.Event.Properties, f.words.properties); err != nil {
		return Decoded{}, err
	}
	if err = checkBounceType(kind.Name, d.Event.Properties); err != nil {
		return Decoded{}, err
	}
	if err = checkTraitSet(&d.Event); err != nil {
		return Decoded{}, err
	}
	if err = checkTraits(d.Traits); err != nil {
		return Decoded{}, err
	}
	return d, nil
}

// readObject reads a JSON object that may nest so deep. names may be nil.
func readObject(body []byte, deepest int, names *texts) (envelope, *DecodeError) {
	if object, ok := plainObject(body, deepest, names); ok {
		return object, nil
	}
	if len(body) > MaxBody {
		return nil, newRefusal(CodeTooLarge, "publish what rules and messages need, and keep the rest elsewhere",
			"the body has %d bytes, at most %d are read", len(body), MaxBody)
	}
	if !utf8.Valid(body) {
		return nil, newRefusal(CodeUnreadable, encodingHint(body), "the body is not UTF-8")
	}
	if countNesting(body) > deepest {
		return nil, newRefusal(CodeTooComplex, "flatten it", "the body nests objects and arrays more than %d deep", deepest)
	}
	var whole any // into an interface, encoding/json decodes without reflection
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, whyUnreadable(body, err)
	}
	env, ok := whole.(map[string]any)
	if !ok {
		hint := "publish a JSON object"
		if list, isBatch := whole.([]any); isBatch {
			hint = batchHint(list)
		}
		return nil, newRefusal(CodeUnreadable, hint, "the body must be an object, is %s", kindOf(whole))
	}
	return env, nil
}

func whyUnreadable(body []byte, err error) *DecodeError {
	var syntax *json.SyntaxError
	var number *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return newRefusal(CodeUnreadable, "publish a JSON object", "the body is empty")
	case errors.As(err, &syntax):
		return newRefusal(CodeUnreadable, "", "the body is not JSON: %s, at byte %d", syntax.Error(), syntax.Offset)
	case errors.As(err, &number):
		return newRefusal(CodeWrongType, "", "the body holds a number that is too large, at byte %d", number.Offset)
	}
	return newRefusal(CodeUnreadable, "publish a JSON object", "the body is not JSON")
}

// countNesting returns how deep objects and arrays lie inside one another; of text that is not JSON, about how deep.
func countNesting(body []byte) int {
	depth := 0
	deepest := 0
	quoted := false
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
