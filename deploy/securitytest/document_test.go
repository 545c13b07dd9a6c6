package securitytest

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEveryTestNamedInSecurityExists holds SECURITY.md to the code.
func TestEveryTestNamedInSecurityExists(t *testing.T) {
	root := os.DirFS("../..")
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, name)
		for _, match := range declared.FindAllSubmatch(text, -1) {
			there[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, "../../SECURITY.md")
	named := map[string]bool{}
	for _, match := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(text, -1) {
		named[match[1]] = true
		if !there[match[1]] {
			t.Errorf("SECURITY.md names %s, which is no test", match[1])
		}
	}
	for name := range there {
		if strings.HasPrefix(name, "Fuzz") && !named[name] && name != "FuzzMailSend" { // the stand-in's, which is not shipped
			t.Errorf("SECURITY.md does not name %s", name)
		}
	}
}
