package catalog

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"
)

// CloudEvents 1.0 as the NATS protocol binding has them: structured, the whole event as JSON in the body, or binary, the
// attributes in headers with the prefix "ce-" and the data in the body. See
// https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md.
//
// type is the event, possibly after the publisher's reversed domain (org.example.lesson.completed); subject is the
// learner, data are the properties. There is no attribute for traits, so they are taken from the data.
const (
	headerContent    = "Content-Type"
	headerCE         = "ce-"
	headerVersion    = "ce-specversion"
	attributeVersion = "specversion"
	ceVersion        = "1.0"
	typeCloudEvents  = "application/cloudevents"
)

var structuredWords = words{
	event:      "type",
	learner:    "subject",
	id:         "id",
	time:       "time",
	properties: "data",
	traits:     "data.traits",
	says:       "the CloudEvent says",
	silent:     "the CloudEvent does not say",
	leaveOut:   "the CloudEvent",
	subject:    "the NATS subject",
	cloudEvent: true,
}

var binaryWords = words{
	event:      "ce-type",
	learner:    "ce-subject",
	id:         "ce-id",
	time:       "ce-time",
	properties: "data",
	traits:     "data.traits",
	says:       "the headers say",
	silent:     "the headers do not say",
	leaveOut:   "the headers",
	subject:    "the NATS subject",
	cloudEvent: true,
}

// structuredCloudEvent is the whole event as JSON in the body.
type structuredCloudEvent struct{}

func (structuredCloudEvent) headerName() string { return headerContent }

func (structuredCloudEvent) claimsHeader(header map[string][]string) (claimed bool, err *DecodeError) {
	for name, values := range header {
		if !strings.EqualFold(name, headerContent) {
			continue
		}
		for _, value := range values {
			is, bad := isCloudEvent(value)
			claimed = claimed || is
			if bad != nil {
				err = bad
			}
		}
	}
	return claimed, err
}

func (structuredCloudEvent) claimsBody(body envelope) bool { return body[attributeVersion] != nil }

// binaryCloudEvent has the attributes in headers and the data in the body.
type binaryCloudEvent struct{}

func (binaryCloudEvent) headerName() string { return headerVersion }

func (binaryCloudEvent) claimsHeader(header map[string][]string) (bool, *DecodeError) {
	for name := range header {
		if strings.EqualFold(name, headerVersion) {
			return true, nil
		}
	}
	return false, nil
}

func (binaryCloudEvent) claimsBody(envelope) bool { return false }

// isCloudEvent reports whether a media type is that of a structured CloudEvent.
func isCloudEvent(mediaType string) (bool, *DecodeError) {
	if len(mediaType) < len(typeCloudEvents) || !strings.EqualFold(mediaType[:len(typeCloudEvents)], typeCloudEvents) {
		return false, nil
	}
	kind, _, _ := strings.Cut(mediaType[len(typeCloudEvents):], ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "", "+json":
		return true, nil
	case "-batch", "-batch+json":
		return false, newRefusal(CodeUnreadable, "publish each event as a message of its own", "the body is a batch of CloudEvents")
	}
	return false, newRefusal(CodeUnreadable, "publish "+typeCloudEvents+"+json", "Homeroom reads CloudEvents as JSON, not as %s", cutShort(mediaType))
}

func (structuredCloudEvent) readFields(c *Catalog, m *message) (bodyFields, *DecodeError) {
	env, err := m.readBody()
	if err != nil {
		return bodyFields{}, err
	}
	if err := checkVersion(env[attributeVersion], attributeVersion); err != nil {
		return bodyFields{}, err
	}
	if err := refuseOtherName(env, "time", "time", CodeBadTime); err != nil {
		return bodyFields{}, err
	}
	data := env["data"]
	if encoded := env["data_base64"]; encoded != nil {
		inner, err := decodeData(encoded)
		if err != nil {
			return bodyFields{}, err
		}
		data = inner
	}
	return bodyFields{
		event:      textFieldOf(c.bareType(env["type"], m.event)),
		learner:    textFieldOf(env["subject"]),
		id:         textFieldOf(env["id"]),
		time:       textFieldOf(env["time"]),
		properties: data,
		words:      &structuredWords,
	}, nil
}

func (structuredCloudEvent) traitsOf(body envelope, profile bool) []any {
	data, _ := body["data"].(map[string]any)
	if encoded, ok := body["data_base64"].(string); ok {
		if raw, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			data = nil
			_ = json.Unmarshal(trimBOM(raw), &data) // what is no JSON holds no traits
		}
	}
	return dataTraits(data, profile)
}

// dataTraits returns the traits within the data of a CloudEvent.
func dataTraits(data map[string]any, profile bool) []any {
	if profile {
		return []any{data["traits"], data}
	}
	return []any{data["traits"]}
}

// decodeData reads the data of a CloudEvent that carries them as bytes.
func decodeData(encoded any) (any, *DecodeError) {
	const hint = "put the object into data instead"
	s, ok := encoded.(string)
	if !ok {
		return nil, newRefusal(CodeUnreadable, hint, "data_base64 must be text, is %s", kindOf(encoded))
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, newRefusal(CodeUnreadable, hint, "data_base64 is not Base64")
	}
	data, bad := readObject(trimBOM(raw), MaxNesting-1, nil)
	if bad != nil {
		bad.Message = "in data_base64, " + bad.Message
		return nil, bad
	}
	return map[string]any(data), nil
}

func (binaryCloudEvent) readFields(c *Catalog, m *message) (bodyFields, *DecodeError) {
	var version, kind, subject, id, at, contentType any
	for _, attribute := range []struct {
		name  string
		value *any
	}{
		{attributeVersion, &version},
		{"type", &kind},
		{"subject", &subject},
		{"id", &id},
		{"time", &at},
		{"datacontenttype", &contentType},
	} {
		var err *DecodeError
		if *attribute.value, err = ceHeader(m.header, headerCE+attribute.name); err != nil {
			return bodyFields{}, err
		}
	}
	if err := checkVersion(version, headerVersion); err != nil {
		return bodyFields{}, err
	}
	if contentType == nil {
		var err *DecodeError
		if contentType, err = ceHeader(m.header, headerContent); err != nil {
			return bodyFields{}, err
		}
	}
	if s, ok := contentType.(string); ok && !isJSON(s) {
		return bodyFields{}, newRefusal(CodeUnreadable, "publish the data as application/json", "the data are %s, Homeroom reads JSON", cutShort(s))
	}
	f := bodyFields{
		event:   textFieldOf(c.bareType(kind, m.event)),
		learner: textFieldOf(subject),
		id:      textFieldOf(id),
		time:    textFieldOf(at),
		words:   &binaryWords,
	}
	if len(m.raw) == 0 { // data are optional
		return f, nil
	}
	data, err := readObject(m.raw, MaxNesting-1, nil) // as deep as the data of a structured one may be
	if err != nil {
		return bodyFields{}, err
	}
	f.properties = map[string]any(data)
	return f, nil
}

func (binaryCloudEvent) traitsOf(body envelope, profile bool) []any { return dataTraits(body, profile) }

func checkVersion(v any, word string) *DecodeError {
	const hint = `Homeroom reads CloudEvents 1.0: say "` + ceVersion + `"`
	switch s, ok := v.(string); {
	case v == nil:
		return newRefusal(CodeUnreadable, hint, "the CloudEvent has no %s", word)
	case !ok:
		return newRefusal(CodeUnreadable, hint, "%s must be text, is %s", word, kindOf(v))
	case s != ceVersion:
		return newRefusal(CodeUnreadable, hint, "%s is %q", word, cutShort(s))
	}
	return nil
}

func isJSON(mediaType string) bool {
	kind, _, _ := strings.Cut(mediaType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "" || strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json")
}

// ceHeader returns the text of a header in whatever spelling its name has, nil if there is none.
func ceHeader(header map[string][]string, name string) (any, *DecodeError) {
	var found any
	for spelled, values := range header {
		if !strings.EqualFold(spelled, name) {
			continue
		}
		for _, value := range values {
			s := unescapeHeader(value)
			switch {
			case !utf8.ValidString(s):
				return nil, newRefusal(CodeUnreadable, "escape it as %XX of its UTF-8", "the header %s is not UTF-8", name)
			case found != nil && found != any(s):
				return nil, newRefusal(CodeUnreadable, "give each header once", "the header %s comes twice and disagrees with itself", name)
			}
			found = s
		}
	}
	return found, nil
}

// unescapeHeader undoes quotes and percent signs, as section 3.1.3.2 of the binding asks. A percent sign that begins no
// escape stands for itself.
func unescapeHeader(value string) string {
	s := strings.TrimSpace(value)
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		var plain strings.Builder
		for i := 1; i < len(s)-1; i++ {
			if s[i] == '\\' && i < len(s)-2 {
				i++
			}
			plain.WriteByte(s[i])
		}
		s = plain.String()
	}
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// bareType takes the publisher's prefix off a type: off org.example.lesson.completed, if that is no event of the
// catalog, what comes before the event that the subject names, or before the longest event that the catalog knows.
func (c *Catalog) bareType(v any, event string) any {
	name, ok := v.(string)
	if !ok || name == event || len(name) > maxType {
		return v
	}
	if event != "" {
		if strings.HasSuffix(name, "."+event) {
			return event
		}
		return v
	}
	for rest := name; rest != ""; _, rest, _ = strings.Cut(rest, ".") {
		if _, known := c.Event(rest); known {
			return rest
		}
	}
	return v
}

// maxType bounds the work spent on a hostile type.
const maxType = 1024
