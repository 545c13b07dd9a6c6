package walls_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocCommentsBeginWithTheirName holds the doc comments of both modules to the names that they describe. A comment that
// begins with another identifier was left behind by a renaming. A comment may begin with a plain capital word instead.
func TestDocCommentsBeginWithTheirName(t *testing.T) {
	for _, path := range goFiles(t) {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if ast.IsGenerated(file) {
			continue
		}
		for _, wrong := range misnamedComments(files, file) {
			t.Error(strings.TrimPrefix(wrong, "../../"))
		}
	}
}

// misnamedComments lists the doc comments of a file's top-level declarations that begin with another identifier.
func misnamedComments(files *token.FileSet, file *ast.File) []string {
	var found []string
	check := func(doc *ast.CommentGroup, names ...string) {
		first := firstWord.FindString(doc.Text())
		if isIdentifier.MatchString(first) && !slices.Contains(names, first) && !slices.Contains(products, first) {
			found = append(found, fmt.Sprintf("%s: the comment of %s begins with %s: name what it describes", files.Position(doc.Pos()), strings.Join(names, ", "), first))
		}
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			check(d.Doc, d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				doc, names := describedBy(spec)
				if !d.Lparen.IsValid() {
					doc = d.Doc
				}
				check(doc, names...)
			}
		}
	}
	return found
}

var (
	firstWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	// isIdentifier matches a word that begins with a small letter or has a capital after a small letter.
	isIdentifier = regexp.MustCompile(`^[a-z]|[a-z][A-Z]`)
	// products are names in prose that look like identifiers.
	products = []string{"JetStream", "SendGrid"}
)

// describedBy returns the doc comment of a type, or of constants or variables, and what they are called.
func describedBy(spec ast.Spec) (doc *ast.CommentGroup, names []string) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return s.Doc, []string{s.Name.Name}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			names = append(names, name.Name)
		}
		return s.Doc, names
	}
	return nil, nil
}
