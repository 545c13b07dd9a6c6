package catalog

import (
	"fmt"
	"slices"
	"strings"

	"homeroom/internal/spelling"
)

var nativeWords = words{
	event:      "event",
	learner:    "learner_id",
	id:         "id",
	time:       "time",
	properties: "properties",
	traits:     "traits",
	says:       "the body says",
	silent:     "the body does not say",
	leaveOut:   "the body",
	subject:    "the subject",
}

// nativeBody is Homeroom's own format; see the package's documentation.
type nativeBody struct{}

func (nativeBody) headerName() string { return "" }

func (nativeBody) claimsHeader(map[string][]string) (bool, *DecodeError) { return false, nil }

func (nativeBody) claimsBody(envelope) bool { return true }

func (nativeBody) readFields(_ *Catalog, m *message) (bodyFields, *DecodeError) {
	body, err := m.readBody()
	if err != nil {
		return bodyFields{}, err
	}
	if err := refuseUnknown(body); err != nil {
		return bodyFields{}, err
	}
	return bodyFields{
		event:      textFieldOf(body["event"]),
		learner:    textFieldOf(body["learner_id"]),
		id:         textFieldOf(body["id"]),
		time:       textFieldOf(body["time"]),
		properties: body["properties"],
		traits:     body["traits"],
		words:      &nativeWords,
	}, nil
}

// nativeNames are the keys that a native body may have.
var nativeNames = []string{"event", "learner_id", "id", "time", "properties", "traits"}

// refuseUnknown refuses a body with a key that is none of a native body's: what stands under it would be lost, and an event of a year ago
// would count as one of now. A key without a value counts as absent.
func refuseUnknown(body envelope) *DecodeError {
	ours := 0
	for _, name := range nativeNames {
		if _, has := body[name]; has {
			ours++
		}
	}
	if ours == len(body) {
		return nil
	}
	unknown := make([]string, 0, len(body)-ours)
	for name, value := range body {
		if value != nil && !slices.Contains(nativeNames, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	if hint := foreignHint(body); hint != "" {
		return newRefusal(CodeUnknownField, hint, "the body is no event of Homeroom's own format: it has %s", listNames(unknown))
	}
	for _, field := range [...]struct{ name, code string }{{"time", CodeBadTime}, {"properties", CodeMissingKey}, {"traits", CodeWrongType}} {
		if err := refuseOtherName(body, field.name, field.name, field.code); err != nil {
			return err
		}
	}
	for _, name := range unknown {
		if called := nativeNameOf(name); called != "" && body[called] == nil {
			return newRefusal(CodeUnknownField, "call it "+called, "the body has %s", cutShort(name))
		}
	}
	which := "it"
	if len(unknown) > 1 {
		which = "them"
	}
	return newRefusal(CodeUnknownField, "put "+which+" under properties, or what is said of the learner as a person under traits",
		"the body has %s, and an event has only %s", listNames(unknown), strings.Join(nativeNames, ", "))
}

// nativeNameOf returns the key that a publisher most likely means by a name, or "".
func nativeNameOf(name string) string {
	if len(name) > maxFolded {
		return ""
	}
	switch spelling.Fold(name) {
	case "learner", "learnerid", "userid", "user", "studentid", "student", "memberid", "contactid", "actorid", "externalid", "distinctid":
		return "learner_id"
	case "type", "name", "eventname", "eventtype", "action", "verb":
		return "event"
	case "eventid", "uuid", "messageid", "guid", "eventuuid":
		return "id"
	case "data", "payload", "params", "parameters", "attributes", "details", "metadata", "meta":
		return "properties"
	}
	return spelling.Nearest(name, nativeNames)
}

// listNames lists the first few names of a publisher's.
func listNames(names []string) string {
	const most = 4
	var b strings.Builder
	for i, name := range names[:min(most, len(names))] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(cutShort(name))
	}
	if more := len(names) - most; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

func (nativeBody) traitsOf(body envelope, profile bool) []any {
	if profile {
		return []any{body["traits"], body["properties"]}
	}
	return []any{body["traits"]}
}
