//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"homeroom/dev/browser"
)

// typeOver selects the last occurrence of old in the editor's line that holds a text, and types over it.
func typeOver(t *testing.T, tab *browser.Tab, line, old, typed string) {
	t.Helper()
	done := text(t, tab, fmt.Sprintf(`(() => {
		const row = [...document.querySelectorAll(".cm-line")].find((l) => l.textContent.includes(%[1]q));
		if (!row) return "no such line: " + document.querySelector(".cm-content")?.textContent;
		document.querySelector(".cm-content").focus();
		const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
		let at = row.textContent.indexOf(%[1]q) + %[1]q.lastIndexOf(%[2]q);
		for (let node = walker.nextNode(); node; node = walker.nextNode()) {
			if (at < node.length) { getSelection().setBaseAndExtent(node, at, node, at + %[2]q.length); break; }
			at -= node.length;
		}
		return document.execCommand("insertText", false, %[3]q) ? "" : "nothing was typed";
	})()`, line, old, typed))
	if done != "" {
		t.Fatal(done)
	}
}

// openEditor opens a rule in the editor.
func openEditor(t *testing.T, screen browser.Screen) (*browser.Tab, string) {
	t.Helper()
	tab, root, _ := newConsole(t)
	must(t, tab.Show(screen))
	open(t, tab, root+"/rules/quiz-retry", http.StatusOK)
	await(t, tab, `document.querySelector(".cm-content") !== null`)
	return tab, root
}

const editorText = `document.querySelector("form.editor textarea").value`

// TestMistakesAreUnderlinedAndReplaced: a mistake is underlined while one types, F8 leads to it, and its button mends it.
func TestMistakesAreUnderlinedAndReplaced(t *testing.T) {
	tab, _ := openEditor(t, desktop)
	typeOver(t, tab, "send: quiz-retry", "y", "i")
	await(t, tab, `document.querySelector(".cm-lintRange-error")?.textContent === "quiz-retri"`)
	must(t, tab.Press(kb.Home))
	must(t, tab.Press(kb.F8))
	await(t, tab, `document.querySelector(".cm-tooltip-lint, .cm-diagnostic") !== null`)
	if got := text(t, tab, `document.querySelector(".cm-diagnosticAction").textContent`); got != "Replace by quiz-retry" {
		t.Errorf("the button says %q", got)
	}
	must(t, tab.Tick(".cm-diagnosticAction"))
	await(t, tab, editorText+`.includes("send: quiz-retry") && document.querySelector(".cm-lintRange-error") === null`)
	quietly(t, tab)
}

// TestProblemsBesideTheEditorReplace: the list of problems leads to the place, and replaces too; a step of the flow leads to its line.
func TestProblemsBesideTheEditorReplace(t *testing.T) {
	tab, _ := openEditor(t, desktop)
	typeOver(t, tab, "holdout: 10%", "holdout", "holdaut")
	await(t, tab, `document.querySelector("#problems button[data-replace]:not([hidden])") !== null`)
	must(t, tab.Tick("#problems button[data-replace]"))
	await(t, tab, editorText+`.includes("\nholdout: 10%") && document.querySelector(".flow a.verb") !== null`)
	must(t, tab.Tick(".flow > li.send a.verb"))
	await(t, tab, `document.querySelector(".cm-activeLine").textContent.includes("send: quiz-retry")`)
	quietly(t, tab)
}

// TestCompletionKnowsTheEvent: what is offered behind event. are the properties of the event of this place; a choice is written.
func TestCompletionKnowsTheEvent(t *testing.T) {
	tab, _ := openEditor(t, desktop)
	typeOver(t, tab, "if: event.passed == false", "event.passed", "event.")
	const offered = `[...document.querySelectorAll(".cm-tooltip-autocomplete li")].map((l) => l.textContent).join("\n")`
	await(t, tab, offered+`.includes("score_pct")`)
	if got := text(t, tab, offered); strings.Contains(got, "lesson_id") || !strings.Contains(got, "passed") {
		t.Errorf("it offers %q", got)
	}
	must(t, tab.Press("sc"))
	await(t, tab, offered+`.startsWith("score_pct")`)
	must(t, tab.Tick(".cm-tooltip-autocomplete li[aria-selected]"))
	await(t, tab, editorText+`.includes("if: event.score_pct == false")`)
	quietly(t, tab)
}

// TestTheEditorLooksRight holds the editor, with a mistake and with what is offered, to the checks of every page, on every screen.
func TestTheEditorLooksRight(t *testing.T) {
	tab, root, _ := newConsole(t)
	for _, screen := range browser.Screens() {
		must(t, tab.Show(screen))
		open(t, tab, root+"/rules/quiz-retry", http.StatusOK)
		await(t, tab, `document.querySelector(".cm-content") !== null`)
		typeOver(t, tab, "event: assessment.graded", "graded", "gradet")
		await(t, tab, `document.querySelector(".cm-lintRange-error") !== null && document.querySelector("#problems") !== null`)
		on(t, tab, []browser.Screen{screen}, browser.PageChecks()...)
	}
}

// TestWhatIsTypedIsKept: a text that was not saved is offered when the page is opened again, and forgotten when it is saved.
func TestWhatIsTypedIsKept(t *testing.T) {
	tab, root := openEditor(t, desktop)
	typeOver(t, tab, "holdout: 10%", "10", "25")
	await(t, tab, `Object.values(localStorage).some((v) => v.includes("holdout: 25%"))`)
	open(t, tab, root+"/rules/quiz-retry", http.StatusOK)
	await(t, tab, `document.querySelector(".kept button") !== null`)
	must(t, tab.Tick(".kept button"))
	await(t, tab, editorText+`.includes("holdout: 25%") && document.querySelector(".kept").hidden`)
	status, err := tab.Click("button[value=save]")
	must(t, err)
	if status != http.StatusOK {
		t.Fatalf("saving leads to %d", status)
	}
	await(t, tab, editorText+`.includes("holdout: 25%") && localStorage.length === 0`)
	quietly(t, tab)
}

// TestNothingIsLostWithoutTheConsole: while the console does not answer, saving says so and keeps the text on the page.
func TestNothingIsLostWithoutTheConsole(t *testing.T) {
	var away atomic.Int32 // the status that POST requests get instead of the console's answer; 0: they get that
	tab, root, _ := newConsoleBehind(t, func(console http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if status := int(away.Load()); status != 0 && r.Method == http.MethodPost {
				w.WriteHeader(status)
				return
			}
			console.ServeHTTP(w, r)
		})
	})
	must(t, tab.Show(desktop))
	open(t, tab, root+"/rules/quiz-retry", http.StatusOK)
	await(t, tab, `document.querySelector(".cm-content") !== null`)
	away.Store(http.StatusBadGateway)
	typeOver(t, tab, "holdout: 10%", "10", "25")
	must(t, tab.Tick("button[value=save]"))
	await(t, tab, `document.querySelector(".kept").textContent.includes("does not answer")`)
	away.Store(http.StatusUnauthorized)
	must(t, tab.Tick("button[value=save]"))
	await(t, tab, `document.querySelector(".kept").textContent.includes("session has ended")`)
	if got := text(t, tab, editorText); !strings.Contains(got, "holdout: 25%") {
		t.Errorf("the text is gone: %s", got)
	}
	away.Store(0)
	status, err := tab.Click("button[value=save]")
	must(t, err)
	if status != http.StatusOK {
		t.Fatalf("saving leads to %d", status)
	}
}

// TestWithoutScriptsThereIsATextField: the text is there to be read and changed, and nothing is shown that needs a script.
func TestWithoutScriptsThereIsATextField(t *testing.T) {
	tab, root, _ := newConsole(t)
	must(t, tab.Show(desktop))
	must(t, tab.Scripts(false))
	open(t, tab, root+"/rules/quiz-retry", http.StatusOK)
	var shown bool
	must(t, tab.Eval(`document.querySelector("textarea").checkVisibility() && !document.querySelector(".kept").checkVisibility() && document.querySelector(".cm-editor") === null`, &shown))
	if !shown {
		t.Error("the text field is not there, or something that needs a script is")
	}
	quietly(t, tab)
}

// TestWordsAreExplained: the pointer on an event shows its properties.
func TestWordsAreExplained(t *testing.T) {
	tab, _ := openEditor(t, desktop)
	var at struct{ X, Y float64 }
	must(t, tab.Eval(`(() => {
		const row = [...document.querySelectorAll(".cm-line")].find((l) => l.textContent.includes("event: assessment.graded"));
		const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
		for (let node = walker.nextNode(); node; node = walker.nextNode()) {
			const from = node.data.indexOf("assessment.graded");
			if (from < 0) continue;
			const range = document.createRange();
			range.setStart(node, from + 3);
			range.setEnd(node, from + 4);
			const { left, top, width, height } = range.getBoundingClientRect();
			return { X: left + width / 2, Y: top + height / 2 };
		}
	})()`, &at))
	must(t, tab.Eval(fmt.Sprintf(`document.elementFromPoint(%[1]f, %[2]f).dispatchEvent(new MouseEvent("mousemove", { bubbles: true, clientX: %[1]f, clientY: %[2]f })), null`, at.X, at.Y), nil))
	await(t, tab, `document.querySelector(".words")?.textContent.includes("score_pct")`)
	quietly(t, tab)
}
