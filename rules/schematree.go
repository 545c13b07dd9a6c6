package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// schemaNode is a part of folder.json, with the properties in the order of the file.
type schemaNode struct {
	Ref         string        `json:"$ref"`
	Description string        `json:"description"`
	Type        any           `json:"type"` // a name, or several
	Enum        []any         `json:"enum"`
	Default     any           `json:"default"`
	Examples    []any         `json:"examples"`
	Required    []string      `json:"required"`
	Properties  schemaList    `json:"properties"`
	Additional  schemaOrFalse `json:"additionalProperties"`
	Items       *schemaNode   `json:"items"`
	AnyOf       []*schemaNode `json:"anyOf"`
	OneOf       []*schemaNode `json:"oneOf"`

	def string // the name of the definition that it comes from; empty: none
}

// schemaList are the properties of an object, in order.
type schemaList struct {
	names  []string
	byName map[string]*schemaNode
}

func (l *schemaList) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	l.byName = map[string]*schemaNode{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		n := &schemaNode{}
		if err := d.Decode(n); err != nil {
			return err
		}
		l.names = append(l.names, fmt.Sprint(name))
		l.byName[fmt.Sprint(name)] = n
	}
	return nil
}

// schemaOrFalse is what keys without a row may hold; nil: there are no such keys, or nothing is said of them.
type schemaOrFalse struct{ *schemaNode }

func (s *schemaOrFalse) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return nil
	}
	return json.Unmarshal(data, &s.schemaNode)
}

// schemaDefs are the definitions of folder.json.
var schemaDefs = sync.OnceValues(func() (map[string]*schemaNode, error) {
	var folder struct {
		Defs map[string]*schemaNode `json:"$defs"`
	}
	if err := json.Unmarshal(folderSchema, &folder); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return folder.Defs, nil
})

// schemaKind returns the definition of a file of the folder; empty: it has none.
func schemaKind(file string) string {
	switch {
	case strings.HasPrefix(file, rulesDir+"/"):
		return "rule"
	case strings.HasPrefix(file, testsDir+"/"):
		return "test"
	case file == settingsFile, file == coursesFile, file == CatalogFile:
		return strings.TrimSuffix(file, ".yaml")
	}
	return ""
}

// schemasOf returns what may stand at a part of the schema: its references followed and its alternatives one by one.
func schemasOf(defs map[string]*schemaNode, n *schemaNode) []*schemaNode {
	if n == nil {
		return nil
	}
	if name, is := strings.CutPrefix(n.Ref, "#/$defs/"); is && defs[name] != nil {
		target := *defs[name]
		target.def = name
		if n.Description != "" {
			target.Description = n.Description
		}
		if n.Default != nil {
			target.Default = n.Default
		}
		return schemasOf(defs, &target)
	}
	var all []*schemaNode
	for _, alternative := range slices.Concat(n.AnyOf, n.OneOf) {
		for _, found := range schemasOf(defs, alternative) {
			if found.Type == nil && found.Enum == nil {
				continue // it says only which keys go together
			}
			one := *found
			if one.Description == "" {
				one.Description = n.Description
			}
			if one.def == "" {
				one.def = n.def
			}
			all = append(all, &one)
		}
	}
	if len(all) == 0 || len(n.Properties.names) > 0 {
		all = append(all, n)
	}
	return all
}

// schemasAt returns what may stand at a node of a file of a kind.
func schemasAt(defs map[string]*schemaNode, kind string, n *outlineNode) []*schemaNode {
	current := schemasOf(defs, defs[kind])
	for _, part := range n.path() {
		var next []*schemaNode
		for _, s := range fittingSchemas(current, part) {
			switch {
			case part.entry:
				next = append(next, schemasOf(defs, s.Items)...)
			case s.Properties.byName[part.key] != nil:
				next = append(next, schemasOf(defs, s.Properties.byName[part.key])...)
			default:
				next = append(next, schemasOf(defs, s.Additional.schemaNode)...)
			}
		}
		current = next
	}
	return current
}

// fittingSchemas returns the alternatives that have all keys that stand beside a node, or all of them if none has.
func fittingSchemas(all []*schemaNode, n *outlineNode) []*schemaNode {
	var fitting []*schemaNode
	for _, s := range all {
		fits := true
		for _, sibling := range n.parent.children {
			if !sibling.entry && !sibling.bare && sibling != n {
				fits = fits && (s.Properties.byName[sibling.key] != nil || s.Additional.schemaNode != nil)
			}
		}
		if fits {
			fitting = append(fitting, s)
		}
	}
	if len(fitting) == 0 {
		return all
	}
	return fitting
}

// holds reports whether a value of a type may stand here.
func (s *schemaNode) holds(kind string) bool {
	switch t := s.Type.(type) {
	case string:
		return t == kind
	case []any:
		return slices.Contains(t, any(kind))
	}
	return false
}
