package sources

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/internal/rfc3339"
	"homeroom/internal/spelling"
)

// Translate implements [catalog.Translator]: the first source that recognizes the body reads it.
func (s *Set) Translate(m *catalog.Foreign) (catalog.Translation, bool) {
	in := newInput(m)
	for _, source := range s.Sources() {
		if !source.Recognizes(m) {
			continue
		}
		t := source.readBody(s.cat, m, in)
		t.Source = source.Name
		return t, true
	}
	return catalog.Translation{}, false
}

// Named returns the set with only the named source, which then reads every body without being asked whether it recognizes it; nil
// if there is none.
func (s *Set) Named(name string) *Set {
	source := s.Source(name)
	if source == nil {
		return nil
	}
	only := *source
	only.recognise = nil
	return &Set{sources: []*Source{&only}, cat: s.cat}
}

// Recognizes reports whether a body is one of the source's. A condition that cannot be evaluated does not hold; [Try] tells.
func (s *Source) Recognizes(m *catalog.Foreign) bool {
	if s.recognise == nil {
		return true
	}
	yes, err := s.recognise.isTrue(newInput(m))
	return yes && err == nil
}

func newInput(m *catalog.Foreign) *input {
	in := &input{body: m.Body}
	if len(m.Header) > 0 {
		in.headers = make(map[string]any, len(m.Header))
		for name, values := range m.Header {
			if len(values) > 0 {
				in.headers[strings.ToLower(name)] = values[0]
			}
		}
	}
	return in
}

// Items implements [catalog.Translator].
func (s *Set) Items(body map[string]any) ([]any, bool) {
	for _, source := range s.Sources() {
		if source.items == nil {
			continue
		}
		value, err := source.items.eval(&input{body: body})
		list, isList := value.([]any)
		if err != nil || !isList || len(list) == 0 {
			continue
		}
		first, isObject := list[0].(map[string]any)
		if isObject && source.Recognizes(&catalog.Foreign{Body: first}) {
			return list, true
		}
	}
	return nil, false
}

// Addresses implements [catalog.Translator].
func (s *Set) Addresses(body map[string]any) []string {
	var addresses []string
	in := &input{body: body}
	for _, source := range s.Sources() {
		for _, m := range source.mappings() {
			traits, err := readPerson(&source.whole, m, in)
			email, _ := traits["email"].(string)
			if err == nil && strings.Contains(email, "@") {
				addresses = append(addresses, strings.TrimSpace(email))
			}
		}
	}
	return addresses
}

// mappings returns every mapping of the source, and one that says nothing.
func (s *Source) mappings() []*mapping {
	all := []*mapping{{}}
	for _, name := range s.names {
		all = append(all, s.events[name]...)
	}
	return all
}

func refuse(code, hint, format string, args ...any) catalog.Translation {
	return catalog.Translation{Err: &catalog.DecodeError{Code: code, Message: strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD"), Hint: hint}}
}

// readBody reads a body of the source.
func (s *Source) readBody(cat *catalog.Catalog, m *catalog.Foreign, in *input) catalog.Translation {
	if s.items != nil {
		if value, err := s.items.eval(in); err == nil {
			if list, isList := value.([]any); isList && len(list) == 1 {
				if only, isObject := list[0].(map[string]any); isObject {
					in = &input{body: only, headers: in.headers}
				}
			}
		}
	}
	names, refusal := s.namesOf(in)
	if refusal != nil {
		return *refusal
	}
	t := s.readNamed(cat, names, m, in)
	t.Name = cutShort(names[0])
	return t
}

// namesOf returns what a body calls its event: at least one name.
func (s *Source) namesOf(in *input) ([]string, *catalog.Translation) {
	value, err := s.event.eval(in)
	var names []string
	switch value := value.(type) {
	case string:
		names = append(names, value)
	case []any:
		for _, item := range value {
			if name, isText := item.(string); isText {
				names = append(names, name)
			}
		}
	}
	if err != nil || len(names) == 0 {
		t := refuse(catalog.CodeUnknownEvent, "the source reads it from "+s.event.text, "the source %s does not find the event's name: %s", s.Name, reasonOf(err))
		return nil, &t
	}
	return names, nil
}

// reasonOf words an evaluation's error for people.
func reasonOf(err error) string {
	switch {
	case err == nil:
		return "it is no text"
	case errors.Is(err, errAbsent):
		return "the body does not have it"
	}
	return err.Error()
}

// readNamed reads a body whose names are known: the first name in events counts, then whether one is ignored, then the catalog.
func (s *Source) readNamed(cat *catalog.Catalog, names []string, m *catalog.Foreign, in *input) catalog.Translation {
	for _, name := range names {
		for _, candidate := range s.events[name] {
			if candidate.condition == nil {
				return s.readEvent(candidate, m, in)
			}
			holds, err := candidate.condition.isTrue(in)
			if err != nil {
				return refuse(catalog.CodeWrongType, "mend the condition in sources.yaml", "the source %s cannot tell whether %s: %s", s.Name, candidate.condition.text, err)
			}
			if holds {
				return s.readEvent(candidate, m, in)
			}
		}
	}
	for _, name := range names {
		for _, g := range s.ignore {
			if g.match(name) {
				return refuse(catalog.CodeIgnored, "", "the source %s ignores %q", s.Name, cutShort(name))
			}
		}
	}
	if s.taxonomy {
		for _, name := range names {
			if event, known := cat.Canonical(name); known {
				kind, _ := cat.Event(event)
				return s.readEvent(&mapping{kind: kind}, m, in)
			}
		}
	}
	hint := "add it to events, or to ignore, of the source " + s.Name + " in sources.yaml"
	if near := spelling.Nearest(names[0], s.names); near != "" {
		hint = "did you mean " + near + "? Or " + hint
	}
	if len(s.events[names[0]]) > 0 {
		hint = "add one without if to its list, or the name to ignore, in sources.yaml"
	}
	return refuse(catalog.CodeUnknownEvent, hint, "the source %s has nothing for %q", s.Name, cutShort(names[0]))
}

// readEvent reads a body by its mapping.
func (s *Source) readEvent(m *mapping, foreign *catalog.Foreign, in *input) catalog.Translation {
	t := catalog.Translation{Event: m.kind.Name}
	var err error
	if t.Learner, err = readText(m.learner, s.whole.learner, in); err != nil {
		return refuse(catalog.CodeBadLearner, "", "the source %s cannot read the learner: %s", s.Name, err)
	}
	if t.ID, err = readText(m.id, s.whole.id, in); err != nil {
		return refuse(catalog.CodeBadID, "", "the source %s cannot read the id: %s", s.Name, err)
	}
	if t.ID == "" {
		t.ID = hashBody(s.Name, foreign.Raw)
	}
	at := m.at
	if at == nil {
		at = s.whole.at
	}
	if at != nil {
		if t.Time, err = s.readTime(at, in); err != nil {
			return refuse(catalog.CodeBadTime, "the source reads it from "+at.text, "the source %s cannot read the time: %s", s.Name, reasonOf(err))
		}
	}
	if t.Properties, err = s.readProperties(m, in); err != nil {
		return refuse(catalog.CodeWrongType, "mend the expression in sources.yaml", "the source %s cannot read the properties: %s", s.Name, err)
	}
	if t.Traits, err = readPerson(&s.whole, m, in); err != nil {
		return refuse(catalog.CodeWrongType, "mend the expression in sources.yaml", "the source %s cannot read the traits: %s", s.Name, err)
	}
	return t
}

// hashBody names a body that has no id by its content: the same body again is the same event.
func hashBody(source string, raw []byte) string {
	sum := sha256.Sum256(raw)
	return source + "-" + hex.EncodeToString(sum[:16])
}

// readText returns a text, or a whole number as a text; empty: the body does not have it.
func readText(own, whole *expression, in *input) (string, error) {
	e := own
	if e == nil {
		e = whole
	}
	if e == nil {
		return "", nil
	}
	value, err := e.eval(in)
	if errors.Is(err, errAbsent) || value == nil && err == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	switch value := value.(type) {
	case string:
		return value, nil
	case float64:
		return textOfNumber(value)
	}
	return "", fmt.Errorf("%s gives no text", e.text)
}

// textOfNumber writes a whole number as a text. One that JSON cannot hold exactly is refused: two could become the same.
func textOfNumber(n float64) (string, error) {
	const exact = 1 << 53
	if n != math.Trunc(n) || math.Abs(n) > exact {
		return "", errors.New("a number is not whole, or too large to be exact; let the platform write it in quotes")
	}
	return strconv.FormatInt(int64(n), 10), nil
}

// zoneless are the forms of times without a zone.
var zoneless = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"}

// offsets are the forms of times with an offset that RFC 3339 has not.
var offsets = []string{"2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999-0700", "2006-01-02 15:04:05 MST"}

// readTime returns when a body says that it happened.
func (s *Source) readTime(e *expression, in *input) (time.Time, error) {
	value, err := e.eval(in)
	if err != nil {
		return time.Time{}, err
	}
	switch value := value.(type) {
	case time.Time:
		return value, nil
	case string:
		return s.parseTime(value)
	case float64:
		return time.Time{}, errors.New("it is a number; write millis(…) or seconds(…) around it in sources.yaml")
	case nil:
		return time.Time{}, errAbsent
	}
	return time.Time{}, errors.New("it is no text")
}

func (s *Source) parseTime(text string) (time.Time, error) {
	if at, err := rfc3339.Parse(text); err == nil {
		return at, nil
	}
	if len(text) > 64 {
		return time.Time{}, errors.New("it is no time")
	}
	for _, form := range offsets[:3] {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	if bare, utc := strings.CutSuffix(text, " UTC"); utc {
		if at, err := time.Parse(offsets[1][:len(offsets[1])-len("-07:00")], bare); err == nil {
			return at.UTC(), nil
		}
	}
	for _, form := range zoneless {
		zone := s.zone
		if zone == nil {
			zone = time.UTC
		}
		at, err := time.ParseInLocation(form, text, zone)
		switch {
		case err != nil:
		case s.zone == nil:
			return time.Time{}, errors.New("it says no time zone; say zone: of the source in sources.yaml")
		default:
			return at, nil
		}
	}
	return time.Time{}, errors.New("it is no time")
}

// readProperties returns the properties of a body. What the body does not have is absent.
func (s *Source) readProperties(m *mapping, in *input) (map[string]any, error) {
	properties, err := readObject(m.object, s.whole.object, in)
	if err != nil {
		return nil, err
	}
	if properties == nil {
		properties = make(map[string]any, len(m.properties)+len(s.whole.properties))
	}
	for _, list := range [][]field{s.whole.properties, m.properties} {
		for _, f := range list {
			if err := s.readField(properties, f, in); err != nil {
				return nil, err
			}
		}
	}
	return properties, nil
}

// readField reads one property into an object.
func (s *Source) readField(into map[string]any, f field, in *input) error {
	value, err := f.value.eval(in)
	if errors.Is(err, errAbsent) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	switch v := value.(type) {
	case nil:
		return nil
	case time.Time:
		value = v.UTC().Format(time.RFC3339Nano)
	case float64:
		if f.typ == catalog.String {
			if value, err = textOfNumber(v); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
	case string:
		if f.typ == catalog.Timestamp {
			at, err := s.parseTime(v)
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			value = at.UTC().Format(time.RFC3339Nano)
		}
	}
	into[f.name] = value
	return nil
}

// readPerson returns the traits of a body; nil: it has none.
func readPerson(whole, m *mapping, in *input) (map[string]any, error) {
	traits, err := readObject(m.person, whole.person, in)
	if err != nil {
		return nil, err
	}
	for _, list := range [][]field{whole.traits, m.traits} {
		for _, f := range list {
			value, err := f.value.eval(in)
			if errors.Is(err, errAbsent) || err == nil && value == nil {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			if at, isTime := value.(time.Time); isTime {
				value = at.UTC().Format(time.RFC3339Nano)
			}
			if traits == nil {
				traits = map[string]any{}
			}
			traits[f.name] = value
		}
	}
	return traits, nil
}

// readObject returns a copy of the object that an expression gives; nil: there is none.
func readObject(own, whole *expression, in *input) (map[string]any, error) {
	e := own
	if e == nil {
		e = whole
	}
	if e == nil {
		return nil, nil
	}
	value, err := e.eval(in)
	if errors.Is(err, errAbsent) || err == nil && value == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		return nil, fmt.Errorf("%s gives no object", e.text)
	}
	return maps.Clone(object), nil
}

// cutShort cuts a name of the publisher's to a length that a log line bears.
func cutShort(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
