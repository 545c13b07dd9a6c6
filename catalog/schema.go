package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"homeroom/subjects"
)

type object = map[string]any

// Schema returns one JSON Schema (draft 2020-12) for the native body: what every body has, and per event, chosen by
// its name, what its properties are. $defs holds the properties of each event under its name, for publishers that
// check only those.
func (c *Catalog) Schema() ([]byte, error) {
	names := make([]string, len(c.events))
	choices := make([]any, len(c.events))
	defs := object{}
	for i, e := range c.events {
		names[i] = e.Name
		defs[e.Name] = e.propertiesSchema()
		choices[i] = object{
			"if":   object{"properties": object{"event": object{"const": e.Name}}, "required": []string{"event"}},
			"then": e.bodySchema(),
		}
	}
	traits := object{}
	for _, p := range traitTypes {
		traits[p.Name] = p.valueSchema()
	}
	return marshalDocument(object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "Homeroom event",
		"description": "A native body. On NATS, event and learner_id may be left out: the subject learning.<learner>.<event> names them.",
		"type":        "object",
		"required":    []string{"id"},
		"properties": object{
			"id":         object{"type": "string", "minLength": 1, "maxLength": MaxID, "description": "One per event; the same id twice is the same event."},
			"event":      object{"enum": names},
			"learner_id": object{"type": "string", "minLength": 1, "maxLength": subjects.MaxLearner},
			"time":       object{"type": []string{"string", "null"}, "format": "date-time", "description": "When it happened; without it, when it arrived."},
			"properties": object{"type": []string{"object", "null"}, "maxProperties": MaxEntries},
			"traits":     object{"type": []string{"object", "null"}, "maxProperties": MaxEntries, "properties": traits, "description": "Profile updates; null forgets a trait."},
		},
		"allOf": choices,
		"$defs": defs,
	})
}

// bodySchema is what a body of this event must look like.
func (e *Event) bodySchema() object {
	ref := object{"$ref": "#/$defs/" + e.Name}
	for _, p := range e.Properties {
		if p.Required {
			return object{"properties": object{"properties": ref}, "required": []string{"properties"}}
		}
	}
	return object{"properties": object{"properties": object{"anyOf": []any{object{"type": "null"}, ref}}}}
}

// propertiesSchema describes the properties of the event.
func (e *Event) propertiesSchema() object {
	properties := object{}
	required := []string{}
	for _, p := range e.Properties {
		s := p.valueSchema()
		if p.Required {
			required = append(required, p.Name)
			maps.Copy(s, object{"type": "string", "minLength": 1})
		}
		properties[p.Name] = s
	}
	for _, key := range e.Keys {
		properties[key].(object)["maxLength"] = MaxKey
	}
	s := object{"type": "object", "description": e.About, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// valueSchema describes one value. What may be absent may be null.
func (p Property) valueSchema() object {
	switch p.Type {
	case String:
		if p.Learner {
			return object{"type": []string{"string", "null"}, "minLength": 1, "maxLength": subjects.MaxLearner}
		}
		return object{"type": []string{"string", "null"}}
	case Number, Integer, Boolean:
		return object{"type": []string{string(p.Type), "null"}}
	case Timestamp:
		return object{"type": []string{"string", "null"}, "format": "date-time"}
	case URL:
		return object{"type": []string{"string", "null"}, "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
	case Strings:
		return object{"type": []string{"array", "string", "null"}, "items": object{"type": "string"}}
	case Any:
	}
	return object{}
}

// Listing is the catalog as data, for `homeroom catalog --format json`.
type Listing struct {
	Events []ListedEvent `json:"events"`
}

// ListedEvent is one event of a Listing.
type ListedEvent struct {
	Event      string           `json:"event"`
	Category   string           `json:"category"`
	Volume     Volume           `json:"volume"`
	Admin      bool             `json:"admin"`
	Activity   bool             `json:"activity"`
	About      string           `json:"about"`
	Keys       []string         `json:"keys"`
	Properties []ListedProperty `json:"properties"`
}

// ListedProperty is one property of a ListedEvent.
type ListedProperty struct {
	Name     string `json:"name"`
	Type     Type   `json:"type"`
	Required bool   `json:"required"`
}

// JSON returns the catalog as an indented [Listing].
func (c *Catalog) JSON() ([]byte, error) {
	list := Listing{Events: []ListedEvent{}}
	for _, e := range c.events {
		item := ListedEvent{
			Event:      e.Name,
			Category:   e.Category,
			Volume:     e.Volume,
			Admin:      e.Admin,
			Activity:   e.Activity,
			About:      e.About,
			Keys:       append([]string{}, e.Keys...),
			Properties: []ListedProperty{},
		}
		for _, p := range e.Properties {
			item.Properties = append(item.Properties, ListedProperty{Name: p.Name, Type: p.Type, Required: p.Required})
		}
		list.Events = append(list.Events, item)
	}
	return marshalDocument(list)
}

func marshalDocument(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write the catalog as JSON: %w", err)
	}
	return out.Bytes(), nil
}
