package cli

import (
	"context"
	"fmt"
	"go/token"
	"io"
	"os"

	"homeroom/catalog"
	"homeroom/internal/printing"
)

// CatalogCmd is `homeroom catalog`: the events that Homeroom knows, as a table for people, as JSON, or as a JSON Schema
// for publishers.
type CatalogCmd struct {
	Academy string `help:"An academy folder: its own events of catalog.yaml are listed, too." type:"path" placeholder:"DIR"`
	Format  string `enum:"auto,table,json,schema,go,typescript" default:"auto" help:"table, json (every event with its properties), schema (JSON Schema of a body), go or typescript (a type and a constructor for every event). Default: table on a terminal, else json."`
	Package string `default:"events" help:"The name of the package, for --format go. Default: ${default}." placeholder:"NAME"`
}

// Help is shown by `homeroom catalog --help`.
func (*CatalogCmd) Help() string {
	return `Lists the events that Homeroom knows without a catalog of your own, with their properties.

Example:
  homeroom catalog --format schema
  homeroom catalog --academy academy --format go > events/events.go`
}

// Run writes the catalog to out.
func (c *CatalogCmd) Run(_ context.Context, out io.Writer) error {
	known, err := catalog.Default()
	if c.Academy != "" {
		academy, problem := loadAcademy(c.Academy)
		if problem != nil {
			return problem
		}
		known = academy.Catalog
	}
	if err != nil {
		return err
	}
	format := c.Format
	if format == "" || format == "auto" {
		format = "json"
		if isTerminal(out) {
			format = "table"
		}
	}
	switch format {
	case "table":
		return printing.WriteCatalog(out, known)
	case "json":
		return writeDocument(out, known.JSON)
	case "schema":
		return writeDocument(out, known.Schema)
	case "go":
		if !token.IsIdentifier(c.Package) {
			return usage(fmt.Errorf("--package %s: want a name of Go, such as events", c.Package))
		}
		return writeDocument(out, func() ([]byte, error) { return known.TypedGo(c.Package) })
	case "typescript":
		return writeDocument(out, func() ([]byte, error) { return known.TypedTypeScript(), nil })
	}
	return fmt.Errorf("--format %s: use table, json, schema, go or typescript", format)
}

func writeDocument(out io.Writer, document func() ([]byte, error)) error {
	text, err := document()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// isTerminal reports whether out is a terminal (or another character device, for which a table is as good).
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
