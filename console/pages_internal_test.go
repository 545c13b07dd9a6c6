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
	for name, content := range readPages(t) {
		for _, scroll := range scrolls.FindAllString(content, -1) {
			if !strings.Contains(scroll, `tabindex="0" role="region" aria-label="`) {
				t.Errorf("%s: %s needs tabindex, role and aria-label", name, scroll)
			}
		}
		if heading := emptyHeading.FindString(content); heading != "" {
			t.Errorf("%s has a column without a name: %s", name, heading)
		}
	}
}

// TestPagesUseTheTeamsWords: pages do not speak of how Homeroom is built.
func TestPagesUseTheTeamsWords(t *testing.T) {
	markup := regexp.MustCompile(`{{.*?}}|<[^>]*>`)
	builders := regexp.MustCompile(`(?i)\b(workers?|base|based|rebase[ds]?|hash(es)?|keyed)\b`)
	for name, content := range readPages(t) {
		for line := range strings.Lines(markup.ReplaceAllString(content, " ")) {
			if word := builders.FindString(line); word != "" {
				t.Errorf("%s speaks of %q: %s", name, word, strings.TrimSpace(line))
			}
		}
	}
}

// readPages returns the templates of the pages by the names of their files.
func readPages(t *testing.T) map[string]string {
	t.Helper()
	entries, err := fs.ReadDir(pageFiles, "pages")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, e := range entries {
		content, err := fs.ReadFile(pageFiles, "pages/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		pages[e.Name()] = string(content)
	}
	return pages
}
