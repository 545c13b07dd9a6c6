package walls_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// clockless are the folders whose results depend on their arguments alone: the time, too, is an argument there. Folders in them are included.
var clockless = []string{
	"backtest", "catalog", "content", "engine", "experiment", "importer", "judgement", "profile", "publish", "report", "rules", "setaside", "simulate", "sources", "subjects",
}

// TestNobodyReadsTheClockThere holds these folders to no time.Now, time.Since or time.Until; tests may.
func TestNobodyReadsTheClockThere(t *testing.T) {
	for _, path := range goFiles(t) {
		folder, _, _ := strings.Cut(strings.TrimPrefix(path, "../../"), "/")
		if !slices.Contains(clockless, folder) || strings.HasSuffix(path, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			read, isSelector := n.(*ast.SelectorExpr)
			if !isSelector {
				return true
			}
			of, isName := read.X.(*ast.Ident)
			if isName && of.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, read.Sel.Name) {
				t.Errorf("%s reads the clock: take the time as an argument", files.Position(read.Pos()))
			}
			return true
		})
	}
}
