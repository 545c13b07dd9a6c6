//go:build browser

package browser_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/dev/browser"
)

// TestPagesOfTheConsole: each page by day and night, on a desk and on a phone: contrast, overflow, labels, headings, focus, and
// nothing that its policy forbids.
func TestPagesOfTheConsole(t *testing.T) {
	tab, root, installation := newConsole(t)
	draft, err := installation.DraftOf(t.Context(), "maya")
	must(t, err)
	_, err = installation.SaveDraft(t.Context(), draft, admin.FileEdit{Path: "rules/welcome.yaml", Content: []byte("rule: welcome\nwhen:\n  event: assessment.graded\n  if: " + longCondition + "\ndo: [{send: welcom}]\n")}, "maya")
	must(t, err)
	history, err := installation.PublicationHistory(t.Context())
	must(t, err)
	for _, path := range []string{
		"/revisions/" + history.Publications[0].Hash,
		"/", "/rules", "/rules/quiz-retry", "/rules/welcome", "/rules/quiz-retry/try", "/messages", "/files?path=messages/quiz-retry.md",
		"/drafts", "/drafts/maya", "/drafts/maya/backtest", "/revisions", "/broadcasts", "/lift", "/at-risk", "/at-risk?course=crs_go", "/learners", "/learners/u_1/data", "/events", "/deadletters", "/people", "/audit", "/sign-in",
	} {
		t.Run(strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
			open(t, tab, root+path, http.StatusOK)
			everywhere(t, tab, browser.PageChecks()...)
		})
	}
}

// longCondition has a mistake and is longer than half a desk is wide, so that its line among the problems could widen the page.
const longCondition = "event.passed == false && event.score <= 45 && !has(course.completed_at) && !has(course.cancelled_at) && !has(course.archived_at)"

// TestWritingARule: a mistake is shown while one types, without saving; what is saved is in the draft. Without scripts the same
// comes with the page after saving.
func TestWritingARule(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(map[bool]string{true: "with scripts", false: "without"}[scripts], func(t *testing.T) {
			tab, root, installation := newConsole(t)
			must(t, tab.Show(desktop))
			must(t, tab.Scripts(scripts))
			open(t, tab, root+"/rules/quiz-retry", http.StatusOK)
			const side = `document.getElementById("side").textContent`
			if got := text(t, tab, side); !strings.Contains(got, "no problems") || !strings.Contains(got, "send quiz-retry by email") {
				t.Fatalf("the flow is not beside the editor: %s", got)
			}
			// The text field, as it is without scripts.
			const misspell = `(() => { const t = document.querySelector("form.editor textarea"); t.value = t.value.replace("send: quiz-retry", "send: quiz-retri"); t.dispatchEvent(new Event("input", {bubbles: true})); return ""; })()`
			if scripts {
				typeOver(t, tab, "send: quiz-retry", "y", "i")
				await(t, tab, side+`.includes("1 problem")`)
			} else {
				text(t, tab, misspell)
				status, err := tab.Click("button[value=save]")
				must(t, err)
				if status != http.StatusOK {
					t.Fatalf("saving leads to %d", status)
				}
			}
			if got := text(t, tab, side); !strings.Contains(got, "quiz-retri") || !strings.Contains(got, "1 problem") {
				t.Errorf("the mistake is not shown: %s", got)
			}
			_, err := installation.Draft(t.Context(), "maya")
			if saved := err == nil; saved == scripts {
				t.Errorf("saved: %v", saved)
			}
			quietly(t, tab)
		})
	}
}

// TestBacktestingADraft: the page follows the backtest by itself, or by its link without scripts, and shows what changes.
func TestBacktestingADraft(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(map[bool]string{true: "with scripts", false: "without"}[scripts], func(t *testing.T) {
			tab, root, installation := newConsole(t)
			draft, err := installation.DraftOf(t.Context(), "maya")
			must(t, err)
			sooner := strings.NewReplacer("wait: 2h", "wait: 1h", "holdout: 10%", "holdout: 0%").Replace(string(draft.Files["rules/quiz-retry.yaml"]))
			_, err = installation.SaveDraft(t.Context(), draft, admin.FileEdit{Path: "rules/quiz-retry.yaml", Content: []byte(sooner)}, "maya")
			must(t, err)
			must(t, tab.Show(desktop))
			must(t, tab.Scripts(scripts))
			open(t, tab, root+"/drafts/maya/backtest", http.StatusOK)
			text(t, tab, `String(document.querySelector("main form.inline select").value = "0")`) // the assessments were graded long before today
			if status, err := tab.Click("main form.inline button"); err != nil || status != http.StatusOK {
				t.Fatalf("beginning leads to %d, %v", status, err)
			}
			const isOver = `document.querySelector("main").textContent.includes("2 messages change, of 2 learners")`
			if scripts {
				await(t, tab, isOver)
			}
			deadline := time.Now().Add(browser.MaxWait)
			for !scripts && text(t, tab, `String(`+isOver+`)`) != "true" {
				if time.Now().After(deadline) {
					t.Fatalf("it never holds that %s", isOver)
				}
				open(t, tab, root+"/drafts/maya/backtest", http.StatusOK)
			}
			text(t, tab, `String(document.querySelectorAll("main details").forEach((d) => { d.open = true; }))`)
			quietly(t, tab)
			must(t, tab.Scripts(true))
			everywhere(t, tab, browser.PageChecks()...)
		})
	}
}

// await evaluates a condition in the page, and in those that it leads to by itself, until it holds.
func await(t *testing.T, tab *browser.Tab, condition string) {
	t.Helper()
	must(t, tab.Until(condition))
}
