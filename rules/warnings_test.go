package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"homeroom/rules"
)

// TestWarningsAreListed: the help of `homeroom rules check` and docs/rules.md know every warning that is declared, and no other.
func TestWarningsAreListed(t *testing.T) {
	var declared []string
	for _, name := range []string{"problem.go", "../sources/compile.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		declared = append(declared, declaredWarnings(t, file)...)
	}
	slices.Sort(declared)
	if listed := slices.Sorted(slices.Values(rules.WarningNames())); !slices.Equal(listed, declared) {
		t.Errorf("WarningNames are %q, declared are %q", listed, declared)
	}
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| warning | what it means |")
	table, _, _ = strings.Cut(table, "\n\n")
	var explained []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(table, -1) {
		explained = append(explained, row[1])
	}
	slices.Sort(explained)
	if !slices.Equal(explained, declared) {
		t.Errorf("docs/rules.md explains %q, declared are %q", explained, declared)
	}
}

// declaredWarnings returns the names of the warnings that a file declares, whose constants begin with Lint.
func declaredWarnings(t *testing.T, file *ast.File) (declared []string) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && strings.HasPrefix(spec.Names[0].Name, "Lint") {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, name)
		}
		return true
	})
	return declared
}
