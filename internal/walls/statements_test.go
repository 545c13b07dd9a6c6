package walls_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestStatements holds both modules to one keyed field a line in a literal of several lines, and to one assignment a
// statement. Diffs and blame work by lines, and a forgotten field must be visible.
func TestStatements(t *testing.T) {
	for _, path := range goFiles(t) {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if ast.IsGenerated(file) {
			continue
		}
		for _, wrong := range looseStatements(files, file) {
			t.Error(strings.TrimPrefix(wrong, "../../"))
		}
	}
}

// goFiles lists the Go files of both modules.
func goFiles(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// looseStatements lists the literals and assignments of a file that say too much in a line.
func looseStatements(files *token.FileSet, file *ast.File) []string {
	headers := map[ast.Stmt]bool{} // what stands before a block: for i, j := 0, n; …
	var found []string
	add := func(at token.Pos, what string) {
		found = append(found, fmt.Sprintf("%s: %s", files.Position(at), what))
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt:
			headers[n.Init] = true
			headers[n.Post] = true
		case *ast.IfStmt:
			headers[n.Init] = true
		case *ast.SwitchStmt:
			headers[n.Init] = true
		case *ast.CompositeLit:
			if line := packedLine(files, n); line > 0 {
				add(n.Lbrace, fmt.Sprintf("two fields of a literal in line %d: one field a line, or all in one line", line))
			}
		case *ast.AssignStmt:
			if !headers[n] && !isSingle(n) && !isSwap(n) {
				add(n.Pos(), "several assignments in a statement: one a line")
			}
		}
		return true
	})
	return found
}

// packedLine returns the line of a literal of several lines that holds two of its keyed fields, or 0.
func packedLine(files *token.FileSet, literal *ast.CompositeLit) int {
	lineOf := func(at token.Pos) int { return files.Position(at).Line }
	if lineOf(literal.Lbrace) == lineOf(literal.Rbrace) {
		return 0
	}
	before := 0
	for _, element := range literal.Elts {
		pair, keyed := element.(*ast.KeyValueExpr)
		if !keyed {
			continue
		}
		if field, isName := pair.Key.(*ast.Ident); !isName || types.Universe.Lookup(field.Name) != nil {
			continue // a key of a map or an index
		}
		if line := lineOf(pair.Pos()); line == before {
			return line
		}
		before = lineOf(pair.Pos())
	}
	return 0
}

// isSingle reports whether an assignment sets one thing, or takes all from one call.
func isSingle(s *ast.AssignStmt) bool { return len(s.Lhs) == 1 || len(s.Rhs) == 1 }

// isSwap reports whether an assignment of two exchanges them, or sets each from one of the two.
func isSwap(s *ast.AssignStmt) bool {
	if len(s.Lhs) != 2 {
		return false
	}
	targets := []string{types.ExprString(s.Lhs[0]), types.ExprString(s.Lhs[1])}
	return slices.Contains(targets, types.ExprString(s.Rhs[0])) && slices.Contains(targets, types.ExprString(s.Rhs[1]))
}

var goFileName = regexp.MustCompile(`[A-Za-z0-9_*/.-]*[A-Za-z0-9_*-]+\.go\b`)

// TestDocFilesNameFilesThatExist holds the Go files that a doc.go names, patterns included, to its folder and the
// repository.
func TestDocFilesNameFilesThatExist(t *testing.T) {
	for _, path := range goFiles(t) {
		if filepath.Base(path) != "doc.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range goFileName.FindAllString(file.Doc.Text(), -1) {
			here, err := filepath.Glob(filepath.Join(filepath.Dir(path), name))
			if err != nil {
				t.Fatal(err)
			}
			fromRoot, err := filepath.Glob(filepath.Join("../..", name))
			if err != nil {
				t.Fatal(err)
			}
			if len(here)+len(fromRoot) == 0 {
				t.Errorf("%s names %s, and there is no such file", strings.TrimPrefix(path, "../../"), name)
			}
		}
	}
}

// TestOneReaderOfYAML holds that only internal/yamlfile takes YAML apart with places.
func TestOneReaderOfYAML(t *testing.T) {
	for _, path := range goFiles(t) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			folder := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, "../../")))
			if strings.HasPrefix(spec.Path.Value, `"github.com/goccy/go-yaml/`) && folder != "internal/yamlfile" && !strings.HasSuffix(path, "_test.go") {
				t.Errorf("%s reads YAML by itself: use internal/yamlfile", path)
			}
		}
	}
}
