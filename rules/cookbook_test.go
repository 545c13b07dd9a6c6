package rules_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"homeroom/rules"
)

var campaignTitle = regexp.MustCompile(`(?m)^## (\d+)\. `)

// TestCookbook takes the campaigns out of docs/cookbook.md: each is a rule with what it sends and a test, or says what is missing. Together they are a folder without any
// finding, all its tests pass, and the document counts right.
func TestCookbook(t *testing.T) {
	src, err := os.ReadFile("../docs/cookbook.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	fsys := fstest.MapFS{}
	starts := campaignTitle.FindAllStringIndex(text, -1)
	if len(starts) != 29 {
		t.Fatalf("%d campaigns", len(starts))
	}
	addFiles(t, fsys, text[:starts[0][0]])
	complete := 0
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		campaign := text[start[0]:end]
		title, _, _ := strings.Cut(campaign, "\n")
		if !strings.HasPrefix(title, fmt.Sprintf("## %d. ", i+1)) {
			t.Errorf("%s is number %d", title, i+1)
		}
		added := addFiles(t, fsys, campaign)
		switch {
		case strings.Contains(campaign, "**Not yet**") && added == 0:
		case added >= 3:
			complete++
		default:
			t.Errorf("%s: %d files", title, added)
		}
	}
	if want := fmt.Sprintf("**%d of the 29 can be said today**", complete); !strings.Contains(text, want) {
		t.Errorf("the document does not say %q", want)
	}
	academy, problems := rules.Load(fsys, ".")
	if len(problems) > 0 || academy == nil {
		t.Fatalf("%s", printed(t, problems))
	}
	runTests(t, fsys)
}

// addFiles adds the files that a part of the document shows, and returns how many.
func addFiles(t *testing.T, fsys fstest.MapFS, part string) (added int) {
	t.Helper()
	for _, m := range fence.FindAllStringSubmatch(part, -1) {
		first, _, _ := strings.Cut(m[2], "\n")
		name := ""
		switch {
		case m[1] == "markdown":
			_, named, _ := strings.Cut(m[2], "# ")
			name, _, _ = strings.Cut(named, "\n")
		case strings.HasPrefix(first, "# "):
			name, _, _ = strings.Cut(strings.TrimPrefix(first, "# "), ":")
		case strings.HasPrefix(first, "rule: "):
			name = "rules/" + strings.TrimPrefix(first, "rule: ") + ".yaml"
		case strings.HasPrefix(first, "test: "):
			name = fmt.Sprintf("tests/test-%d.yaml", len(fsys))
		}
		if name == "" || fsys[name] != nil {
			t.Errorf("what is this, or is it there twice? %q %s", name, m[2])
			continue
		}
		fsys[name] = &fstest.MapFile{Data: []byte(m[2])}
		added++
	}
	return added
}
