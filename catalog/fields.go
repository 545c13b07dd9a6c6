package catalog

import (
	"maps"
	"time"
	"unicode/utf8"

	"homeroom/internal/rfc3339"
	"homeroom/subjects"
)

// bodyFields are the fields of a body, whatever its format: of the JSON values nothing has been checked. nil: the body does
// not have it.
type bodyFields struct {
	event, learner, id, time textField
	properties, traits       any
	words                    *words

	// timeText is the text of time as a part of the body; nil: it is in time.
	timeText []byte

	at      time.Time // the time as a source has read it; zero: none has
	ownName bool      // the subject's event is the publisher's own name for it, and need not agree
}

// textField is a field of a body that must be text. The zero textField: the body does not have it.
type textField struct {
	text    string
	present bool // null counts as absent
	wrong   bool // it is no text
}

func textFieldOf(v any) textField {
	text, ok := v.(string)
	return textField{text, v != nil, v != nil && !ok}
}

// words are what a format calls the fields, so that errors speak the publisher's language.
type words struct {
	event, learner, id, time, properties, traits string

	says, silent string // how an error begins about a field that is there, and about one that is not
	leaveOut     string // where it can be left out of
	subject      string // what NATS's subject is called
	cloudEvent   bool   // traits come within the data
}

// refuseDisagreement is the error about a field that the subject has otherwise.
func (w *words) refuseDisagreement(code, word, inBody, subject string) *DecodeError {
	return newRefusal(code, "make the two agree, or leave "+word+" out of "+w.leaveOut,
		"%s %s %q, %s says %q", w.says, word, cutShort(inBody), w.subject, cutShort(subject))
}

// findKind finds the event that the subject or the body names.
func (c *Catalog) findKind(f *bodyFields, event string) (*Event, *DecodeError) {
	inBody := f.event.text
	w := f.words
	if f.ownName {
		event = ""
	}
	switch {
	case f.event.wrong:
		return nil, newRefusal(CodeUnknownEvent, "name it as in lesson.completed", "%s must be text", w.event)
	case event == "" && inBody == "":
		return nil, newRefusal(CodeUnknownEvent, "add "+w.event+", for example lesson.completed", "%s which event it is", w.silent)
	case event == "":
		event = inBody
	case inBody != "" && inBody != event:
		return nil, w.refuseDisagreement(CodeEventMismatch, w.event, inBody, event)
	}
	kind, ok := c.Event(event)
	if ok {
		return kind, nil
	}
	if near := c.Nearest(event); near != "" {
		return nil, newRefusal(CodeUnknownEvent, "", "unknown event %s, did you mean %s?", cutShort(event), near)
	}
	return nil, newRefusal(CodeUnknownEvent, "use a name of the catalog, or add this one to catalog.yaml", "unknown event %s", cutShort(event))
}

// findLearner returns the learner that the subject or the body names.
func (f *bodyFields) findLearner(learner string, kind *Event) (string, *DecodeError) {
	inBody := f.learner.text
	w := f.words
	if w.cloudEvent && kind.Admin && learner == subjects.NoLearner {
		inBody = "" // the subject of a CloudEvent about the platform is whatever it is about
	}
	switch {
	case f.learner.wrong:
		return "", newRefusal(CodeBadLearner, `write it in quotes, as in "u_42"`, "%s must be text", w.learner)
	case learner == subjects.NoLearner && !kind.Admin:
		return "", refuseMissingLearner(kind.Name, inBody)
	case learner == "":
		learner = inBody
	case inBody != "" && inBody != learner:
		return "", w.refuseDisagreement(CodeLearnerMismatch, w.learner, inBody, learner)
	}
	if learner == "" && !kind.Admin {
		return "", newRefusal(CodeBadLearner, "add "+w.learner, "%s whose event it is", w.silent)
	}
	if learner == "" || learner == subjects.NoLearner {
		if kind.Admin {
			return subjects.NoLearner, nil
		}
		return "", refuseMissingLearner(kind.Name, "")
	}
	if err := subjects.ValidLearner(learner); err != nil {
		return "", newRefusal(CodeBadLearner, "", "%s", err)
	}
	return learner, nil
}

// refuseMissingLearner is the error about a learner's event that stands under "_"; inBody is the learner that the body names, or "".
func refuseMissingLearner(event, inBody string) *DecodeError {
	hint := "publish it under the learner's own id"
	if subjects.ValidLearner(inBody) == nil {
		hint = "publish it under " + subjects.Publish(inBody, event)
	}
	return newRefusal(CodeBadLearner, hint, "%s needs a learner, and %q stands for events that have none", event, subjects.NoLearner)
}

func (f *bodyFields) eventID() (string, *DecodeError) {
	const hint = "give each event an id of its own, so that a repeat can be recognised"
	id := f.id.text
	switch {
	case !f.id.present:
		return "", newRefusal(CodeBadID, hint, "the event has no %s", f.words.id)
	case f.id.wrong:
		return "", newRefusal(CodeBadID, "write it in quotes", "%s must be text", f.words.id)
	case id == "":
		return "", newRefusal(CodeBadID, hint, "the event's id is empty")
	case len(id) > MaxID:
		return "", newRefusal(CodeBadID, "", "the event's id has %d bytes, at most %d are allowed", len(id), MaxID)
	case subjects.HasControl(id):
		return "", newRefusal(CodeBadID, "", "the event's id contains control characters")
	}
	return id, nil
}

func (f *bodyFields) eventTime(received time.Time) (time.Time, *DecodeError) {
	const hint = "write RFC 3339, as in 2026-03-02T10:00:00Z"
	present := f.time.present
	word := f.words.time
	if !f.at.IsZero() {
		return checkTime(f.at.UTC(), word, nil, received)
	}
	switch {
	case !present && received.IsZero():
		return time.Time{}, newRefusal(CodeBadTime, "add the time it happened; "+hint, "a recorded event needs its time")
	case !present:
		return received.UTC(), nil
	case f.time.wrong:
		return time.Time{}, newRefusal(CodeBadTime, hint, "%s must be text", word)
	}
	inBody := f.timeText
	if inBody == nil {
		inBody = []byte(f.time.text)
	}
	t, err := rfc3339.ParseBytes(inBody)
	if err != nil {
		return time.Time{}, newRefusal(CodeBadTime, hint, "%s %q is not a time", word, cutShort(string(inBody)))
	}
	return checkTime(t.UTC(), word, inBody, received)
}

// checkTime returns the time unless it lies too far back or ahead. An error calls it word and, unless that is nil, as it is written.
func checkTime(t time.Time, word string, written []byte, received time.Time) (time.Time, *DecodeError) {
	ahead := !received.IsZero() && t.After(received.Add(MaxAhead))
	if !ahead && !t.Before(earliest) {
		return t, nil
	}
	if written != nil {
		word += " " + cutShort(string(written))
	}
	if t.Before(earliest) {
		return time.Time{}, newRefusal(CodeBadTime, "check the publisher's clock", "%s is before %d", word, earliest.Year())
	}
	return time.Time{}, newRefusal(CodeBadTime, "check the publisher's clock",
		"%s is more than an hour after the event arrived (%s)", word, received.UTC().Format(time.RFC3339))
}

// liftTraits takes the traits out of the properties, unless the event has a property of that name.
func (f *bodyFields) liftTraits(kind *Event, properties map[string]any) {
	if traits, ok := properties["traits"].(map[string]any); ok {
		if _, own := kind.Property("traits"); !own {
			f.traits = traits
			delete(properties, "traits")
		}
	}
}

// objectOf returns an object, nil if there is none.
func objectOf(word string, v any) (map[string]any, *DecodeError) {
	if v == nil {
		return nil, nil
	}
	values, ok := v.(map[string]any)
	if !ok {
		return nil, newRefusal(CodeWrongType, `write it as {"name": value}`, "%s must be an object, is %s", word, kindOf(v))
	}
	if len(values) > MaxEntries {
		return nil, newRefusal(CodeTooComplex, "publish what rules and messages need", "the event has %d %s, at most %d are read", len(values), word, MaxEntries)
	}
	return values, nil
}

// mergeTraits returns the properties of profile.updated and its traits as one map; of a name that both have, the trait counts.
func mergeTraits(properties, traits map[string]any) map[string]any {
	if properties == nil {
		return traits
	}
	maps.Copy(properties, traits)
	return properties
}

// cutShort cuts what a publisher wrote to a length that a log line bears, at a rune's start.
func cutShort(s string) string {
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
