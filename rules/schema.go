package rules

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"homeroom/catalog"
	"homeroom/internal/spelling"
)

//go:embed schema/folder.json
var folderSchema []byte

// SchemaKinds are the kinds of file that have a schema.
func SchemaKinds() []string { return []string{"rule", "settings", "courses", "catalog", "test"} }

var schemaRef = regexp.MustCompile(`"#/\$defs/([a-z_]+)"`)

// Schema returns the JSON Schema (2020-12) of a kind of file, for editors: what may stand where, with the built-in
// events as suggestions. It knows nothing of what the folder itself defines; `homeroom rules check` does.
func Schema(kind string) ([]byte, error) {
	if !slices.Contains(SchemaKinds(), kind) {
		return nil, fmt.Errorf("there is no schema of %q files: %s", kind, spelling.Suggest(kind, SchemaKinds()))
	}
	var folder struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(folderSchema, &folder); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	event, err := eventSchema()
	if err != nil {
		return nil, err
	}
	folder.Defs["event"] = event
	defs := map[string]json.RawMessage{}
	collectDefs(folder.Defs, kind, defs)
	root := map[string]any{}
	if err := json.Unmarshal(defs[kind], &root); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	delete(defs, kind)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$defs"] = defs
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(out, '\n'), nil
}

// collectDefs adds a definition and what it refers to.
func collectDefs(all map[string]json.RawMessage, name string, into map[string]json.RawMessage) {
	if _, done := into[name]; done {
		return
	}
	into[name] = all[name]
	for _, ref := range schemaRef.FindAllSubmatch(all[name], -1) {
		collectDefs(all, string(ref[1]), into)
	}
}

// eventSchema suggests the built-in events and allows a team's own.
func eventSchema() (json.RawMessage, error) {
	cat, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	about := map[string]string{}
	for _, ev := range cat.Events() {
		if !ev.Admin {
			about[ev.Name] = ev.About
		}
	}
	var known []map[string]string
	for _, name := range slices.Sorted(maps.Keys(about)) {
		known = append(known, map[string]string{"const": name, "description": strings.TrimSpace(about[name])})
	}
	return json.Marshal(map[string]any{
		"description": "An event of the catalog (homeroom catalog), or of the folder's catalog.yaml.",
		"anyOf":       []any{map[string]any{"anyOf": known}, map[string]any{"type": "string", "pattern": `^[a-z0-9_]+(\.[a-z0-9_]+)*$`}},
	})
}
