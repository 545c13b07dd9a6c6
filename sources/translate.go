package sources

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"homeroom/catalog"
	"homeroom/internal/spelling"
)

// Translate implements [catalog.Translator]: the first source that recognizes the body reads it.
func (s *Set) Translate(m *catalog.Foreign) (catalog.Translation, bool) {
	in := newInput(m)
	named := s.Source(headerSource(m.Header))
	for _, source := range s.Sources() {
		if named != nil && source != named || named == nil && !source.recognizes(in) {
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

// recognizes reports whether a body is one of the source's. A condition that cannot be evaluated does not hold; [Try] tells.
func (s *Source) recognizes(in *input) bool {
	switch {
	case s.recognise == nil:
		return true
	case !s.recognise.keys.fits(in.body):
		return false
	}
	yes, err := s.recognise.isTrue(in)
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

// Names implements [catalog.Translator].
func (s *Set) Names(header map[string][]string) bool {
	return s.Source(headerSource(header)) != nil
}

// Items implements [catalog.Translator].
func (s *Set) Items(header map[string][]string, body map[string]any) ([]any, bool) {
	named := s.Source(headerSource(header))
	for _, source := range s.Sources() {
		if source.items == nil || named != nil && source != named {
			continue
		}
		value, err := source.items.eval(&input{body: body})
		list, isList := value.([]any)
		if err != nil || !isList || len(list) == 0 {
			continue
		}
		first, isObject := list[0].(map[string]any)
		if isObject && (named != nil || source.recognizes(&input{body: first})) {
			return list, true
		}
	}
	return nil, false
}

// Addresses implements [catalog.Translator].
func (s *Set) Addresses(body map[string]any) []string {
	var addresses []string
	raw := &input{body: body}
	for _, source := range s.Sources() {
		in := source.reshapeBody(raw)
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

func refuseBody(code, hint, format string, args ...any) catalog.Translation {
	return catalog.Translation{Err: &catalog.DecodeError{Code: code, Message: strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD"), Hint: hint}}
}

// ignoreBody says why a body is no event. Many are: a platform publishes more than rules need.
func ignoreBody(message string) catalog.Translation {
	return catalog.Translation{Err: &catalog.DecodeError{Code: catalog.CodeIgnored, Message: message}}
}

// ignoredMessage says that the source ignores a name. It is made at once: most bodies of a platform are ignored.
func (s *Source) ignoredMessage(name string) string {
	var room [192]byte
	message := append(room[:0], "the source "...)
	message = append(message, s.Name...)
	message = append(message, " ignores "...)
	return string(strconv.AppendQuote(message, cutShort(name)))
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
	if s.noNulls {
		in = &input{body: withoutNulls(in.body), headers: in.headers}
	}
	in = s.reshapeBody(in)
	names, refusal := s.namesOf(in)
	if refusal != nil {
		return *refusal
	}
	t := s.readNamed(cat, names, m, in)
	t.Name = cutShort(names[0])
	if t.Err != nil && t.Learner == "" {
		t.Learner, _ = readText(nil, s.whole.learner, in) // under whom the refused body is kept; none is no error
	}
	return t
}

// reshapeBody returns a body in the form that the source's expressions read. One that cannot be brought into it is read as it is.
func (s *Source) reshapeBody(in *input) *input {
	if s.reshape == nil {
		return in
	}
	value, err := s.reshape.eval(in)
	body, isObject := value.(map[string]any)
	if err != nil || !isObject {
		return in
	}
	return &input{body: body, headers: in.headers}
}

// namesOf returns what a body calls its event: at least one name.
func (s *Source) namesOf(in *input) ([]string, *catalog.Translation) {
	if s.event.names != nil {
		if names, got := s.event.names(in.body); got == known && len(names) > 0 {
			return names, nil
		}
	}
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
		t := refuseBody(catalog.CodeUnknownEvent, "the source reads it from "+s.event.text, "the source %s does not find the event's name: %s", s.Name, reasonOf(err))
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
				return refuseBody(catalog.CodeWrongType, "mend the condition in sources.yaml", "the source %s cannot tell whether %s: %s", s.Name, candidate.condition.text, err)
			}
			if holds {
				return s.readEvent(candidate, m, in)
			}
		}
	}
	for _, name := range names {
		if s.ignore.containsName(name) {
			return ignoreBody(s.ignoredMessage(name))
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
	return refuseBody(catalog.CodeUnknownEvent, hint, "the source %s has nothing for %q", s.Name, cutShort(names[0]))
}

// readEvent reads a body by its mapping.
func (s *Source) readEvent(m *mapping, foreign *catalog.Foreign, in *input) catalog.Translation {
	t := catalog.Translation{Event: m.kind.Name}
	var err error
	if t.Learner, err = readText(m.learner, s.whole.learner, in); err != nil {
		return refuseBody(catalog.CodeBadLearner, "", "the source %s cannot read the learner: %s", s.Name, err)
	}
	if t.Learner == "" && s.strangers {
		return ignoreBody("the source " + s.Name + " ignores what names no learner")
	}
	if t.ID, err = readText(m.id, s.whole.id, in); err != nil {
		return refuseBody(catalog.CodeBadID, "", "the source %s cannot read the id: %s", s.Name, err)
	}
	if t.ID == "" {
		t.ID = hashBody(s.Name, foreign.Raw)
	}
	at := m.at
	if at == nil {
		at = s.whole.at
	}
	if at != nil {
		if t.Time, err = s.readTime(at, in); errors.Is(err, errNone) {
			err = nil // when it arrived
		} else if err == nil && t.Time.IsZero() { // which would count as none, and so as now
			return refuseBody(catalog.CodeBadTime, "check the publisher's clock", "the source %s reads the year 1 as the time", s.Name)
		}
		if err != nil {
			return refuseBody(catalog.CodeBadTime, "the source reads it from "+at.text, "the source %s cannot read the time: %s", s.Name, reasonOf(err))
		}
	}
	if t.Properties, err = s.readProperties(m, in); err != nil {
		return refuseBody(catalog.CodeWrongType, "mend the expression in sources.yaml", "the source %s cannot read the properties: %s", s.Name, err)
	}
	if t.Traits, err = readPerson(&s.whole, m, in); err != nil {
		return refuseBody(catalog.CodeWrongType, "mend the expression in sources.yaml", "the source %s cannot read the traits: %s", s.Name, err)
	}
	return t
}
