package cli

import (
	"context"
	"fmt"

	"homeroom/admin"
)

// RulesSchemaCmd is `homeroom rules schema`.
type RulesSchemaCmd struct {
	For string `help:"The kind of file: rule, settings, courses, catalog or test." enum:"rule,settings,courses,catalog,test" default:"rule"`
}

// Help is shown by `homeroom rules schema --help`.
func (*RulesSchemaCmd) Help() string {
	return `Prints the JSON Schema (2020-12) of a kind of file, so that an editor completes keys and underlines mistakes while you
type. It knows the shape and the built-in events; homeroom rules check knows the rest.

Example:
  homeroom rules schema --for rule > academy/.schema/rule.json

Then let the editor know, with this as the first line of a rule:
  # yaml-language-server: $schema=../.schema/rule.json`
}

// Run prints the schema.
func (c *RulesSchemaCmd) Run(_ context.Context, o IO) error {
	schema, err := admin.Schema(c.For)
	if err != nil {
		return usage(fmt.Errorf("--for: %w", err))
	}
	_, err = o.Out.Write(schema)
	return err
}
