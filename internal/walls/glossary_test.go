package walls_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quotedName    = regexp.MustCompile("`([^`]+)`")
	qualifiedName = regexp.MustCompile(`^([a-z]+)\.([A-Za-z]\w*)(?:\.([A-Za-z]\w*))?$`)
	folderName    = regexp.MustCompile(`^[a-z]+(/[a-z]+)+$`)
)

// TestGlossaryNamesGoTypesThatExist holds the column "Go type" of docs/glossary.md to the code: `package.Name`,
// `package.Name.Member` and folders must exist.
func TestGlossaryNamesGoTypesThatExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/glossary.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := declaredNames(t)
	checked := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 {
			continue
		}
		for _, match := range quotedName.FindAllStringSubmatch(cells[3], -1) {
			name := match[1]
			switch {
			case qualifiedName.MatchString(name):
				checked++
				if !declared[name] {
					t.Errorf("the row of%snames %s, which is not declared: correct the row", cells[1], name)
				}
			case folderName.MatchString(name):
				checked++
				if info, err := os.Stat(filepath.Join("../..", name)); err != nil || !info.IsDir() {
					t.Errorf("the row of%snames the folder %s, and there is none: correct the row", cells[1], name)
				}
			}
		}
	}
	if checked == 0 {
		t.Error("no Go type was found in docs/glossary.md: has the table another shape?")
	}
}

// declaredNames returns the package-level names of both modules as package.Name, and fields and methods as
// package.Type.Member. Tests are left out.
func declaredNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range goFiles(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			addDeclared(names, file.Name.Name, declaration)
		}
	}
	return names
}

func addDeclared(names map[string]bool, pkg string, declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			name = receiverName(d.Recv.List[0].Type) + "." + name
		}
		names[pkg+"."+name] = true
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			_, specNames := describedBy(spec)
			for _, name := range specNames {
				names[pkg+"."+name] = true
			}
			if s, ok := spec.(*ast.TypeSpec); ok {
				addMembers(names, pkg+"."+s.Name.Name, s.Type)
			}
		}
	}
}

// addMembers adds the fields of a struct or the methods of an interface.
func addMembers(names map[string]bool, owner string, kind ast.Expr) {
	var members *ast.FieldList
	switch k := kind.(type) {
	case *ast.StructType:
		members = k.Fields
	case *ast.InterfaceType:
		members = k.Methods
	default:
		return
	}
	for _, member := range members.List {
		for _, name := range member.Names {
			names[owner+"."+name.Name] = true
		}
	}
}

// receiverName returns the type of a receiver without its star and type parameters.
func receiverName(receiver ast.Expr) string {
	switch r := receiver.(type) {
	case *ast.StarExpr:
		return receiverName(r.X)
	case *ast.IndexExpr:
		return receiverName(r.X)
	case *ast.Ident:
		return r.Name
	}
	return ""
}
