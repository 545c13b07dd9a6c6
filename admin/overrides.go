package admin

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"homeroom/content"
	"homeroom/internal/rfc3339"
)

// maxOverrides is how large a document of overrides may be, in bytes.
const maxOverrides = 256 << 10

// Overrides replace parts of the sample data that a message is rendered with.
type Overrides struct {
	document overridesDocument
	time     time.Time // zero: not overridden
}

// overridesDocument is the shape of the YAML. A nil pointer leaves a value as it is.
type overridesDocument struct {
	Learner struct {
		ID        *string        `yaml:"id"`
		FirstName *string        `yaml:"first_name"`
		Locale    *string        `yaml:"locale"`
		Timezone  *string        `yaml:"timezone"`
		Traits    map[string]any `yaml:"traits"`
	} `yaml:"learner"`
	Course struct {
		ID    *string `yaml:"id"`
		Title *string `yaml:"title"`
		URL   *string `yaml:"url"`
	} `yaml:"course"`
	Trigger map[string]any `yaml:"trigger"`
	Time    string         `yaml:"time"`
	Vars    map[string]any `yaml:"vars"`
	// Awaited are the events that the run has waited for, by the names that the rule gives them.
	Awaited map[string]map[string]any `yaml:"awaited"`
}

// ParseOverrides reads a YAML or JSON document with learner, course, trigger, time (RFC 3339), vars and awaited. The file's name is
// for errors.
func ParseOverrides(file string, src []byte) (*Overrides, error) {
	if len(src) > maxOverrides {
		return nil, inputError(fmt.Errorf("%s is larger than 256 KiB", file))
	}
	o := &Overrides{}
	if err := yaml.UnmarshalWithOptions(src, &o.document, yaml.Strict()); err != nil {
		return nil, inputError(fmt.Errorf("read %s: %w", file, err))
	}
	if text := o.document.Time; text != "" {
		at, err := rfc3339.Parse(text)
		if err != nil {
			return nil, inputError(fmt.Errorf("time must be written like 2026-03-02T10:00:00Z, not %q", text))
		}
		o.time = at
	}
	return o, nil
}

// apply puts the overrides over the sample data.
func (o *Overrides) apply(vars *content.Vars) {
	given := &o.document
	replaceText(&vars.Learner.ID, given.Learner.ID)
	replaceText(&vars.Learner.FirstName, given.Learner.FirstName)
	replaceText(&vars.Learner.Locale, given.Learner.Locale)
	replaceText(&vars.Learner.Timezone, given.Learner.Timezone)
	replaceText(&vars.Course.ID, given.Course.ID)
	replaceText(&vars.Course.Title, given.Course.Title)
	replaceText(&vars.Course.URL, given.Course.URL)
	if !o.time.IsZero() {
		vars.TriggerTime = o.time
	}
	vars.Learner.Traits = overlayMap(vars.Learner.Traits, given.Learner.Traits)
	vars.Trigger = overlayMap(vars.Trigger, given.Trigger)
	vars.With = overlayMap(vars.With, given.Vars)
	for name, properties := range given.Awaited {
		ev, known := vars.Awaited[name]
		if !known {
			continue // the message cannot read it
		}
		ev.Properties = overlayMap(ev.Properties, properties)
		vars.Awaited[name] = ev
	}
}

// replaceText sets the text unless given is nil.
func replaceText(text, given *string) {
	if given != nil {
		*text = *given
	}
}

// overlayMap returns base with the given values on top; nil takes a key away. Numbers become decimals, as in events.
func overlayMap(base, given map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		switch v := given[key].(type) {
		case nil:
			delete(out, key)
		case uint64:
			out[key] = float64(v)
		case int64:
			out[key] = float64(v)
		default:
			out[key] = v
		}
	}
	return out
}
