package console

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// TestTablesInThePages: what scrolls is reached with the keyboard and has a name, and no column is without one.
func TestTablesInThePages(t *testing.T) {
	emptyHeading := regexp.MustCompile(`<th[^>]*></th>`)
	scrolls := regexp.MustCompile(`<div class="scroll"[^>]*>`)
	entries, err := fs.ReadDir(pageFiles, "pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := fs.ReadFile(pageFiles, "pages/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, scroll := range scrolls.FindAllString(string(content), -1) {
			if !strings.Contains(scroll, `tabindex="0" role="region" aria-label="`) {
				t.Errorf("%s: %s needs tabindex, role and aria-label", e.Name(), scroll)
			}
		}
		if heading := emptyHeading.FindString(string(content)); heading != "" {
			t.Errorf("%s has a column without a name: %s", e.Name(), heading)
		}
	}
}

// TestPagesUseTheTeamsWords: pages do not speak of how Homeroom is built.
func TestPagesUseTheTeamsWords(t *testing.T) {
	markup := regexp.MustCompile(`{{.*?}}|<[^>]*>`)
	builders := regexp.MustCompile(`(?i)\b(workers?|base|based|rebase[ds]?|hash(es)?|keyed)\b`)
	entries, err := fs.ReadDir(pageFiles, "pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := fs.ReadFile(pageFiles, "pages/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(markup.ReplaceAllString(string(content), " ")) {
			if word := builders.FindString(line); word != "" {
				t.Errorf("%s speaks of %q: %s", e.Name(), word, strings.TrimSpace(line))
			}
		}
	}
}
