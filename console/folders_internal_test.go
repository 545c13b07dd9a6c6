package console

import (
	"fmt"
	"testing"
)

// TestFoldersAreKeptByTheirContent: the same files are compiled once, an edit is another folder, and only the last ones are kept.
func TestFoldersAreKeptByTheirContent(t *testing.T) {
	var cache folderCache
	files := func(text string) map[string][]byte {
		return map[string][]byte{"rules/a.yaml": []byte(text), "settings.yaml": []byte("{}")}
	}
	first := cache.compileFiles(files("rule: a"))
	if cache.compileFiles(files("rule: a")) != first {
		t.Error("the same files were compiled twice")
	}
	if cache.compileFiles(files("rule: b")) == first {
		t.Error("an edit was not compiled")
	}
	if cache.compileFiles(map[string][]byte{"rules/a.yamlrule: a": nil, "settings.yaml": []byte("{}")}) == first {
		t.Error("a name and a content are taken for another name")
	}
	for n := range keptFolders {
		cache.compileFiles(files(fmt.Sprint("rule: c", n)))
	}
	if len(cache.kept) != keptFolders {
		t.Errorf("%d folders are kept", len(cache.kept))
	}
	if cache.compileFiles(files("rule: a")) == first {
		t.Error("a folder that was not looked at is still there")
	}
}
