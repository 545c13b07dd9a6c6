package console_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"homeroom/console"
	"homeroom/rules"
)

// typed is what an editor sends about quiz-retry, with the cursor behind a text.
func typed(content, behind string) url.Values {
	offset := strings.Index(content, behind) + len(behind)
	return url.Values{"path": {"rules/quiz-retry.yaml"}, "draft": {"maya"}, "content": {content}, "offset": {strconv.Itoa(offset)}}
}

// TestTheEditorAsks: problems with their ends and replacements, what may be written, and what words mean; nothing is saved.
func TestTheEditorAsks(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	text := string(s.inForce("rules/quiz-retry.yaml"))
	ask := func(path string, form url.Values, into any) {
		t.Helper()
		status, body := b.do(http.MethodPost, path, form, "Accept", "application/json")
		if status != http.StatusOK {
			t.Fatalf("%s: %d\n%s", path, status, body)
		}
		if err := json.Unmarshal([]byte(body), into); err != nil {
			t.Fatalf("%s: %v\n%s", path, err, body)
		}
	}
	var found struct{ Problems rules.Problems }
	ask("/check/problems", typed(strings.Replace(text, "send: quiz-retry", "send: quiz-retri", 1), ""), &found)
	if len(found.Problems) == 0 || found.Problems[0].EndCol-found.Problems[0].Col != len("quiz-retri") || found.Problems[0].Replacement == nil || found.Problems[0].Replacement.Text != "quiz-retry" {
		t.Errorf("got %+v", found.Problems)
	}
	var offered rules.Completion
	ask("/complete", typed(strings.Replace(text, "if: event.passed == false", "if: event.", 1), "if: event."), &offered)
	if !slices.ContainsFunc(offered.Items, func(i rules.CompletionItem) bool { return i.Label == "score_pct" }) {
		t.Errorf("got %+v", offered)
	}
	var words rules.HoverWords
	ask("/hover", typed(text, "event: assessment"), &words)
	if words.Title != "assessment.graded" || words.Words == "" {
		t.Errorf("got %+v", words)
	}
	var nothing rules.HoverWords
	ask("/hover", url.Values{"path": {"rules/quiz-retry.yaml"}, "content": {text}, "offset": {"a lot"}}, &nothing)
	if nothing.Words != "" {
		t.Errorf("got %+v", nothing)
	}
	if _, saved := s.draft("maya"); saved {
		t.Error("a question saved something")
	}
	for _, path := range []string{"/check/problems", "/complete", "/hover"} {
		if status, _ := b.do(http.MethodPost, path, url.Values{"path": {"../settings.yaml"}, "offset": {"0"}}); status != http.StatusNotFound {
			t.Errorf("%s answers %d about a file outside", path, status)
		}
	}
}

// TestOnlyEditorPagesHaveANonce: the policy of a page with the editor names the nonce that the page hands to it, a new one each time.
func TestOnlyEditorPagesHaveANonce(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	seen := map[string]bool{}
	for _, path := range []string{"/rules/quiz-retry", "/rules/quiz-retry", "/files?path=settings.yaml"} {
		answer, err := http.Get(s.server.URL + "/homeroom" + path)
		if err != nil {
			t.Fatal(err)
		}
		policy := answer.Header.Get("Content-Security-Policy")
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		nonce := regexp.MustCompile(`style-src 'self' 'nonce-([A-Z0-9]{26})'`).FindStringSubmatch(policy)
		if nonce == nil || seen[nonce[1]] || strings.Contains(policy, "unsafe") {
			t.Fatalf("%s has the policy %s", path, policy)
		}
		seen[nonce[1]] = true
	}
	answer, err := http.Get(s.server.URL + "/homeroom/rules")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if policy := answer.Header.Get("Content-Security-Policy"); strings.Contains(policy, "nonce") {
		t.Errorf("the list of rules has the policy %s", policy)
	}
}

// TestTheBundleNamesItsLicences: every package of the lock file is in the notice, in its version.
func TestTheBundleNamesItsLicences(t *testing.T) {
	lock, err := os.ReadFile("ui/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	notice, err := os.ReadFile("static/editor.NOTICE.txt")
	if err != nil {
		t.Fatal(err)
	}
	var locked struct {
		Packages map[string]struct{ Version, License string }
	}
	if err := json.Unmarshal(lock, &locked); err != nil {
		t.Fatal(err)
	}
	for folder, p := range locked.Packages {
		name, is := strings.CutPrefix(folder, "node_modules/")
		if is && !strings.Contains(string(notice), "\n== "+name+" "+p.Version+", "+p.License+"\n") {
			t.Errorf("the notice does not name %s %s", name, p.Version)
		}
	}
}
