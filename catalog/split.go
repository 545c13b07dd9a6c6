package catalog

import (
	"bytes"
	"encoding/json"
)

// Split returns the bodies that a body holds: the items of an array, of a Segment batch, or of a batch that a source knows (see
// [Translator.Items]). If the headers name a source, only that source says what a batch is. Anything else is returned as the only body. A body on NATS, and a line of a recording, is one event and is not split; HTTP
// requests are.
func (c *Catalog) Split(header map[string][]string, body []byte) [][]byte {
	body = bytes.TrimSpace(trimBOM(body))
	if bytes.HasPrefix(body, []byte("[")) {
		if items, ok := rawItems(body); ok {
			return items
		}
		return [][]byte{body}
	}
	if !bytes.HasPrefix(body, []byte("{")) {
		return [][]byte{body}
	}
	var call struct {
		Batch json.RawMessage `json:"batch"`
	}
	if !c.namesSource(header) && json.Unmarshal(body, &call) == nil && len(call.Batch) > 0 {
		if items, ok := rawItems(call.Batch); ok {
			return items
		}
	}
	if c.translator == nil {
		return [][]byte{body}
	}
	object, problem := readObject(body, maxForeignNesting, nil)
	if problem != nil {
		return [][]byte{body}
	}
	items, found := c.translator.Items(header, object)
	if !found {
		return [][]byte{body}
	}
	bodies := make([][]byte, 0, len(items))
	for _, item := range items {
		raw, err := json.Marshal(item)
		if err != nil {
			return [][]byte{body}
		}
		bodies = append(bodies, raw)
	}
	return bodies
}

// rawItems returns the items of an array as they are written; ok is false if it is empty, or no array.
func rawItems(array []byte) (items [][]byte, ok bool) {
	var raw []json.RawMessage
	if json.Unmarshal(array, &raw) != nil || len(raw) == 0 {
		return nil, false
	}
	for _, item := range raw {
		items = append(items, item)
	}
	return items, true
}

// SourceOf returns the name of the source that recognizes a body, and what the body calls its event; "" if none does.
func (c *Catalog) SourceOf(header map[string][]string, body []byte) (source, name string) {
	t, _ := c.Translated(header, body)
	return t.Source, t.Name
}

// Translated returns what the source that recognizes a body makes of it, unchecked; found is false if none does. Of a body that is refused the
// learner is there as well, if the source can tell.
func (c *Catalog) Translated(header map[string][]string, body []byte) (t Translation, found bool) {
	if c.translator == nil {
		return Translation{}, false
	}
	body = trimBOM(body)
	if !c.namesSource(header) {
		if _, native := plainFields(body, nil, nil); native {
			return Translation{}, false
		}
	}
	object, problem := readObject(body, maxForeignNesting, nil)
	if problem != nil {
		return Translation{}, false
	}
	return c.translator.Translate(&Foreign{Header: header, Body: object, Raw: body})
}
