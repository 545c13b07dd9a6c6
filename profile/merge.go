package profile

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"homeroom/internal/mailaddress"
)

// What a profile holds at the most, the known traits included. An update that goes beyond is taken in as far as there
// is room, trait by trait in the order of their names.
const (
	MaxTraits = 64
	MaxBytes  = 16 << 10 // of the traits' JSON
	maxName   = 128
	maxText   = 512 // of a known trait; the longest address is 254
)

// Merge takes published traits into the profile and returns the new one; p is not changed. Texts are trimmed; null
// deletes a trait. A trait that cannot be taken, such as a consent that is no boolean, leaves what was known and adds a
// remark, which names the trait and never its value. Each trait has its own time: an older update changes nothing about
// the traits that are known better, deleted ones among them, and news of other traits do not make it old. An update that
// says nothing new changes nothing, not even times: most events repeat what is known.
func (p Profile) Merge(traits map[string]any, at time.Time) (merged Profile, changed bool, remarks []string) {
	return p.MergeIn(ZoneName, traits, at)
}

// MergeIn is Merge for callers that remember what [ZoneName] returned, which reads a file for every name; zoneName answers in its place.
func (p Profile) MergeIn(zoneName func(text string) (name string, ok bool), traits map[string]any, at time.Time) (merged Profile, changed bool, remarks []string) {
	m := p
	m.Traits = maps.Clone(p.Traits)
	var newest []string // the traits of which this update is the newest
	for _, name := range slices.Sorted(maps.Keys(traits)) {
		var did bool
		var remark string
		if name == "consent" {
			did, remark = m.setConsent(traits[name], at)
		} else if !at.Before(p.traitAt(name)) {
			did, remark = m.setTrait(name, traits[name], zoneName)
			if remark == "" && len(name) <= maxName {
				newest = append(newest, name)
			}
		}
		changed = changed || did
		if remark != "" {
			remarks = append(remarks, remark)
		}
	}
	if !changed {
		return p, false, remarks
	}
	if m.Email != p.Email {
		m.EmailAt = at
	}
	if m.Email == "" {
		m.EmailAt = time.Time{}
	}
	m.stampTraits(p, newest, at)
	return m, true, remarks
}

func (p *Profile) hasTrait(name string) bool {
	if field, ok := p.textTraits()[name]; ok {
		return *field != ""
	}
	_, ok := p.Traits[name]
	return ok
}

// setTrait takes one trait in; the remark says why not.
func (p *Profile) setTrait(name string, value any, zoneName func(string) (string, bool)) (changed bool, remark string) {
	if value == nil {
		return p.removeTrait(name), ""
	}
	if field, ok := p.textTraits()[name]; ok {
		return setText(name, field, value, zoneName)
	}
	return p.setOther(name, value)
}

// setConsent takes in a statement about consent; null takes back what was said.
func (p *Profile) setConsent(value any, at time.Time) (changed bool, remark string) {
	yes, ok := value.(bool)
	switch {
	case !ok && value != nil:
		return false, "trait consent is not true or false, so it was not taken in"
	case at.Before(p.ConsentAt), value == nil && p.Consent == nil:
		return false, ""
	case value == nil:
		p.Consent = nil
		p.ConsentAt = at
	case p.Consent == nil || *p.Consent != yes:
		p.Consent = &yes
		p.ConsentAt = at
	case !yes && at.After(p.ConsentAt): // no, still
		p.ConsentAt = at
	default:
		return false, ""
	}
	return true, ""
}

func setText(name string, field *string, value any, zoneName func(string) (string, bool)) (changed bool, remark string) {
	text, ok := value.(string)
	if !ok {
		return false, "trait " + name + " is not text, so it was not taken in"
	}
	text = strings.TrimSpace(text)
	switch {
	case len(text) > maxText:
		return false, fmt.Sprintf("trait %s is longer than %d bytes, so it was not taken in", name, maxText)
	case name == "email" && text != "" && !mailaddress.IsBare(text):
		return false, "trait email is not an address such as ada@example.org, so it was not taken in"
	}
	if name == "timezone" {
		if zone, ok := zoneName(text); ok {
			text = zone
		}
	}
	if *field == text {
		return false, ""
	}
	*field = text
	return true, ""
}

func (p *Profile) setOther(name string, value any) (changed bool, remark string) {
	if name == "" || len(name) > maxName {
		return false, fmt.Sprintf("a trait's name has 1 to %d bytes; one was not taken in", maxName)
	}
	if text, ok := value.(string); ok {
		value = strings.TrimSpace(text)
	}
	old, had := p.Traits[name]
	if had && reflect.DeepEqual(old, value) {
		return false, ""
	}
	if p.Traits == nil {
		p.Traits = map[string]any{}
	}
	p.Traits[name] = value
	if reason := p.exceededLimit(); reason != "" {
		if had {
			p.Traits[name] = old
		} else {
			delete(p.Traits, name)
		}
		return false, fmt.Sprintf("trait %s was not taken in: %s", name, reason)
	}
	return true, ""
}

// exceededLimit returns which limit the profile is over, or "".
func (p *Profile) exceededLimit() string {
	all := p.AllTraits()
	if len(all) > MaxTraits {
		return fmt.Sprintf("a profile holds %d traits", MaxTraits)
	}
	data, err := json.Marshal(all)
	if err != nil {
		return "it is not a JSON value"
	}
	if len(data) > MaxBytes {
		return fmt.Sprintf("a profile holds %d KiB of traits", MaxBytes>>10)
	}
	return ""
}

func (p *Profile) removeTrait(name string) bool {
	if !p.hasTrait(name) {
		return false
	}
	if field, ok := p.textTraits()[name]; ok {
		*field = ""
	} else {
		delete(p.Traits, name)
	}
	return true
}
