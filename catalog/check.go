package catalog

import (
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"homeroom/engine"
	"homeroom/internal/rfc3339"
	"homeroom/internal/spelling"
	"homeroom/profile"
	"homeroom/subjects"
)

// maxListed is how many mistakes of one body are reported at once.
const maxListed = 5

// valueErrors collects what is wrong with the values of one body; the first sets the code.
type valueErrors struct {
	code, hint string
	messages   []string
}

func (f *valueErrors) addError(e *DecodeError) {
	if e == nil {
		return
	}
	if len(f.messages) == 0 {
		f.code = e.Code
		f.hint = e.Hint
	}
	if len(f.messages) < maxListed {
		f.messages = append(f.messages, e.Message)
	}
}

func (f *valueErrors) joinErrors() *DecodeError {
	if len(f.messages) == 0 {
		return nil
	}
	return &DecodeError{Code: f.code, Message: strings.Join(f.messages, ", "), Hint: f.hint}
}

// checkValues drops properties that are null, makes lone strings of Strings an array, and returns what is wrong with the rest.
// word is what the body calls the properties.
func (e *Event) checkValues(values map[string]any, word string) *DecodeError {
	odd := false // a text is empty, or too long for a key: most events have none, and need not be searched for one
	known := 0
	var wrong valueErrors
	for i := range e.Properties {
		p := &e.Properties[i]
		if known == len(values) && !p.Required {
			continue // all values have been looked at: most events have few of their properties
		}
		v := values[p.Name]
		if v == nil {
			if p.Required {
				dropNulls(values)
				wrong.addError(e.missingKey(p.Name, word, values))
			}
			continue
		}
		known++
		odd = odd || isOddText(v)
		if p.Type == Strings {
			if lone, ok := v.(string); ok {
				v = []any{lone}
				values[p.Name] = v
			}
		}
		if err := p.Type.checkValue(p.Name, v); err != nil {
			wrong.addError(err)
			continue
		}
		if p.Learner {
			if err := subjects.ValidLearner(v.(string)); err != nil {
				wrong.addError(newRefusal(CodeWrongType, "", "%s does not name a learner: %s", p.Name, err))
			}
		}
	}
	if known < len(values) {
		odd = dropNulls(values) || odd
	}
	if odd {
		e.checkTexts(values, &wrong)
	}
	return wrong.joinErrors()
}

// dropNulls takes out the properties that are null, which count as absent, and reports whether one of the others is an odd text.
func dropNulls(values map[string]any) bool {
	odd := false
	for name, v := range values {
		if v == nil {
			delete(values, name)
		}
		odd = odd || isOddText(v)
	}
	return odd
}

// isOddText reports whether a value is a text that may be wrong for a key.
func isOddText(v any) bool {
	text, ok := v.(string)
	return ok && (text == "" || len(text) > MaxKey)
}

// checkTexts refuses keys that are empty, and texts that are kept and too long.
func (e *Event) checkTexts(values map[string]any, wrong *valueErrors) {
	for _, key := range e.Keys {
		v, ok := values[key].(string)
		if !ok {
			continue
		}
		if p, _ := e.Property(key); v == "" && p.Required {
			wrong.addError(newRefusal(CodeMissingKey, "", "%s is empty, and %s needs it", key, e.Name))
		}
		if len(v) > MaxKey {
			wrong.addError(newRefusal(CodeBadID, "", "%s has %d bytes, at most %d are allowed", key, len(v), MaxKey))
		}
	}
	for _, text := range remembered {
		if v, ok := values[text.name].(string); ok && len(v) > text.most && !slices.Contains(e.Keys, text.name) {
			wrong.addError(newRefusal(CodeTooLarge, "", "%s has %d bytes, at most %d are allowed", text.name, len(v), text.most))
		}
	}
}

// remembered are the properties that a learner's standing keeps, whichever event carries them. Without a bound a
// handful of events would make a standing that no store takes.
var remembered = []struct {
	name string
	most int
}{{engine.KeyCourse, MaxKey}, {"course_title", MaxTitle}, {"enrollment_type", MaxKey}}

// checkBounceType refuses a bounce_type that nobody knows: taken as a passing thing, it would let mail go on to an address that does not
// exist. A missing or empty one says nothing and passes.
func checkBounceType(event string, values map[string]any) *DecodeError {
	if event != "email.bounced" {
		return nil
	}
	word, _ := values["bounce_type"].(string)
	if word == "" || profile.BounceSeverityOf(word) != profile.BounceUnknown {
		return nil
	}
	return newRefusal(CodeUnknownWord, "write one of "+strings.Join(profile.BounceWords(), ", ")+
		" (case, spaces, hyphens and underscores do not matter)", "bounce_type %q is not known", cutShort(word))
}

// checkTraitSet refuses that a trait is set which Homeroom itself goes by: nobody says such a thing by this event.
func checkTraitSet(ev *engine.Event) *DecodeError {
	if ev.Name != engine.EventTraitSet {
		return nil
	}
	trait, _ := ev.Text(engine.KeyTrait)
	why := profile.WhyNotSet(trait)
	if why == "" {
		return nil
	}
	return newRefusal(CodeUnknownWord, "publish it as a trait of another event, such as "+engine.EventProfileUpdated, "no rule may set the trait %s: %s", cutShort(trait), why)
}

func (e *Event) missingKey(key, word string, values map[string]any) *DecodeError {
	hint := "add it to " + word
	folded := spelling.Fold(key)
	meant := "" // of several, the first in the alphabet, so that the hint is always the same
	for name := range values {
		if len(name) <= maxFolded && (meant == "" || name < meant) && spelling.Fold(name) == folded {
			meant = name
		}
	}
	if meant != "" {
		hint = "the body has " + meant + ": call it " + key
	}
	return newRefusal(CodeMissingKey, hint, "%s needs %s", e.Name, key)
}

// checkValue reports whether a JSON value has the type.
func (t Type) checkValue(name string, v any) *DecodeError {
	switch t {
	case String:
		if _, ok := v.(string); !ok {
			return newRefusal(CodeWrongType, "write it in quotes", "%s must be text, is %s", name, kindOf(v))
		}
	case Number, Integer:
		n, ok := v.(float64)
		if !ok {
			return newRefusal(CodeWrongType, numberHint(v), "%s must be a number, is %s", name, kindOf(v))
		}
		if t == Integer && n != math.Trunc(n) {
			return newRefusal(CodeWrongType, "", "%s must be a whole number, has a fraction", name)
		}
	case Boolean:
		if _, ok := v.(bool); !ok {
			return newRefusal(CodeWrongType, "write true or false without quotes", "%s must be true or false, is %s", name, kindOf(v))
		}
	case Timestamp:
		s, ok := v.(string)
		if _, err := rfc3339.Parse(s); !ok || err != nil {
			return newRefusal(CodeWrongType, "write RFC 3339, as in 2026-03-02T10:00:00Z", "%s must be a time", name)
		}
	case URL:
		s, ok := v.(string)
		if why := whyNoURL(s); !ok || why != "" {
			return newRefusal(CodeWrongType, "write a complete address, as in https://academy.example/join/7", "%s must be a link", name)
		}
	case Strings:
		items, ok := v.([]any)
		if !ok {
			return newRefusal(CodeWrongType, `write it as ["a", "b"]`, "%s must be an array of texts, is %s", name, kindOf(v))
		}
		for _, item := range items {
			if _, ok := item.(string); !ok {
				return newRefusal(CodeWrongType, `write it as ["a", "b"]`, "%s must be an array of texts, holds %s", name, kindOf(item))
			}
		}
	case Any:
	}
	return nil
}

// whyNoURL returns why a text is no address that a mail can lead to, or "".
func whyNoURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "it cannot be read"
	case u.Scheme != "https" && u.Scheme != "http":
		return "it does not begin with https://"
	case u.Host == "":
		return "it has no host"
	}
	return ""
}

func numberHint(v any) string {
	if _, ok := v.(string); ok {
		return "write numbers without quotes"
	}
	return ""
}

// TraitTypes are the traits whose meaning Homeroom knows; every other may be any JSON value.
func TraitTypes() []Property {
	return []Property{
		{Name: "email", Type: String},
		{Name: "first_name", Type: String},
		{Name: "locale", Type: String},   // BCP 47
		{Name: "timezone", Type: String}, // IANA
		{Name: "consent", Type: Boolean},
		{Name: "is_minor", Type: Boolean},
	}
}

var traitTypes = TraitTypes()

func checkTraits(traits map[string]any) *DecodeError {
	if len(traits) == 0 {
		return nil
	}
	if len(traits) > MaxEntries {
		return newRefusal(CodeTooComplex, "", "the event has %d traits, at most %d are read", len(traits), MaxEntries)
	}
	var wrong valueErrors
	for _, p := range traitTypes {
		if v, ok := traits[p.Name]; ok && v != nil {
			wrong.addError(p.Type.checkValue("the trait "+p.Name, v))
		}
	}
	return wrong.joinErrors()
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return "an array"
	}
	return "an object"
}
