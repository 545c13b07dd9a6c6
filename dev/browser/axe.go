package browser

import (
	"fmt"
	"strings"
)

// axeTags choose the rules of axe-core: WCAG 2.2, levels A and AA, and what axe calls good practice.
const axeTags = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]`

// axeRun is an expression: a promise of findings. Frames are left out: a mail is a page of its own.
const axeRun = `axe.run(document, {iframes: false, resultTypes: ["violations"], runOnly: ` + axeTags + `, rules: {"target-size": {enabled: true}}}).then(({violations}) =>
	violations.flatMap((v) => v.nodes.map((n) => ({check: "axe", where: n.target.join(" ") + " " + n.html.slice(0, 160), says: v.id + ": " + v.help + "; " + n.failureSummary.replace(/\s+/g, " ")}))))`

// Axe runs axe-core on the current page. The source is that of axe.min.js. Scripts must be on.
func (t *Tab) Axe(source string) ([]Finding, error) {
	if !strings.Contains(source, "axe") {
		return nil, fmt.Errorf("this is not axe-core: %.80q", source)
	}
	if err := t.Eval(source+"\n;0", nil); err != nil {
		return nil, fmt.Errorf("load axe-core: %w", err)
	}
	var found []Finding
	if err := t.Await(axeRun, &found); err != nil {
		return nil, fmt.Errorf("run axe-core: %w", err)
	}
	return found, nil
}
