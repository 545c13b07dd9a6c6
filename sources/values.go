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
)

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

// errInexact says that a number cannot name anything.
var errInexact = errors.New("a number is not whole, or too large to be exact; let the platform write it in quotes")

// textOfNumber writes a whole number as a text. One that JSON cannot hold exactly is refused: two could become the same.
func textOfNumber(n float64) (string, error) {
	if n != math.Trunc(n) || math.Abs(n) >= exactInts {
		return "", errInexact
	}
	return strconv.FormatInt(int64(n), 10), nil
}

// zoneless are the forms of times without a zone.
var zoneless = []string{"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04"}

// offsets are the forms of times with an offset that RFC 3339 has not.
var offsets = []string{"2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-0700",
	"2006-01-02T15:04:05.999999999-07", "2006-01-02 15:04:05.999999999-07", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02 15:04:05.999999999 -0700"}

// secondsOfDay is how many seconds no offset reaches; [time.Parse] takes one of 24 hours.
const secondsOfDay = 24 * 60 * 60

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
	for _, form := range offsets {
		at, err := time.Parse(form, text)
		_, offset := at.Zone()
		if err == nil && offset > -secondsOfDay && offset < secondsOfDay {
			return at, nil
		}
	}
	if bare, utc := strings.CutSuffix(text, " UTC"); utc {
		if at, err := time.Parse(offsets[1][:len(offsets[1])-len("Z07:00")], bare); err == nil {
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
	if list, isList := value.([]any); isList && len(list) == 0 { // as PHP writes an object without members
		return nil, nil
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
