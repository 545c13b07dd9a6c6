package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/chromedp/chromedp/kb"
)

// Check is something that a page can fail.
type Check string

// The checks of Tab.Check.
const (
	// Contrast: text of 4.5:1 against what lies below it, large text of 3:1 (WCAG 2.2, 1.4.3). Texts in place of pictures
	// and values of form fields count too.
	Contrast Check = "contrast"
	// Overflow: no element is wider than the screen or cut off.
	Overflow Check = "overflow"
	// Alt: every picture has an alternative text, which may be empty.
	Alt Check = "alt"
	// Lang: the page declares its language.
	Lang Check = "lang"
	// Title: the page has a title.
	Title Check = "title"
	// Heading: the page has one main heading and one main part.
	Heading Check = "heading"
	// Label: form fields have labels, not only placeholders; links and buttons have a text.
	Label Check = "label"
	// Target: buttons, fields and links outside running text are 44 px high, or at least 24 px with nothing else within
	// the 44 px that a finger takes.
	Target Check = "target"
)

// The findings of Tab.Focus, Tab.Trouble and Tab.Axe.
const (
	Axe          Check = "axe"           // a rule of axe-core
	Focus        Check = "focus"         // the keyboard reaches every element, and the focus is visible
	Console      Check = "console"       // errors and warnings, such as the violation of a content security policy
	Request      Check = "request"       // a request that failed
	OtherMachine Check = "other machine" // a request to another machine
)

// MailChecks are for mails, whose heading and main part are the mail client's.
func MailChecks() []Check { return []Check{Contrast, Overflow, Alt, Lang, Title, Label, Target} }

// PageChecks are for pages.
func PageChecks() []Check { return append(MailChecks(), Heading) }

// Finding is one problem of a page.
type Finding struct {
	Check Check  `json:"check"`
	Where string `json:"where"` // the element or address
	Says  string `json:"says"`
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Check, f.Where, f.Says) }

//go:embed check.js
var checkSource string

//go:embed focus.js
var focusSource string

// Check runs the checks on the current page; s is the screen that Show was given.
func (t *Tab) Check(s Screen, checks ...Check) ([]Finding, error) {
	args, err := json.Marshal(map[string]any{"width": s.Width, "checks": checks})
	if err != nil {
		return nil, err
	}
	var found []Finding
	if err := t.Eval("("+checkSource+")("+string(args)+")", &found); err != nil {
		return nil, fmt.Errorf("check the page: %w", err)
	}
	return found, nil
}

// Focus moves through the page with the Tab key and checks every element that gets the focus.
func (t *Tab) Focus() ([]Finding, error) {
	const most = 200 // fields and links of a page
	if err := t.Eval("document.activeElement.blur(); window.homeroomFocus = "+focusSource+"; 0", nil); err != nil {
		return nil, fmt.Errorf("look at the focus: %w", err)
	}
	var found []Finding
	for range most {
		if err := t.Press(kb.Tab); err != nil {
			return nil, fmt.Errorf("press Tab: %w", err)
		}
		var step struct {
			More     bool      `json:"more"`
			Findings []Finding `json:"findings"`
		}
		if err := t.Eval("window.homeroomFocus.step()", &step); err != nil {
			return nil, fmt.Errorf("look at the focus: %w", err)
		}
		found = append(found, step.Findings...)
		if !step.More {
			break
		}
	}
	var rest []Finding
	if err := t.Eval("window.homeroomFocus.rest()", &rest); err != nil {
		return nil, fmt.Errorf("look at the focus: %w", err)
	}
	return append(found, rest...), nil
}
