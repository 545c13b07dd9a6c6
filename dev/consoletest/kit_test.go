//go:build browser

package consoletest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"homeroom/catalog"
	"homeroom/dev/browser"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/rules"
)

// site is Homeroom with its console, and a browser with a tab for the console and one for the inbox.
type site struct {
	t        *testing.T
	ctx      context.Context
	academy  *rules.Academy
	stack    *stack.Stack
	instance *instance.Instance
	console  *instance.Console
	tab      *browser.Tab
	inbox    *browser.Tab
	seq      int
}

// open starts everything. Everybody acts as maya.
func open(t *testing.T, files map[string]string) *site {
	t.Helper()
	s := &site{t: t, ctx: harness.Deadline(t), academy: harness.Academy(t, files)}
	s.stack = harness.StartStack(t, s.ctx, stack.Options{})
	s.instance = harness.OpenInstance(t, s.ctx, s.stack, instance.Options{Academy: s.academy})
	var err error
	s.console, err = s.instance.OpenConsole(s.ctx, s.stack, instance.ConsoleOptions{Name: "maya"})
	s.must(err)
	t.Cleanup(s.console.Close)
	// Not the test's own context, which ends before the browser is closed. One that hangs is killed when this one ends.
	life, end := context.WithTimeout(context.Background(), 2*harness.MaxWait)
	chromium, err := browser.Start(life)
	s.must(err)
	t.Cleanup(func() {
		defer end()
		if err := chromium.Close(); err != nil {
			t.Error(err)
		}
	})
	s.tab = s.newTab(chromium, s.console.URL)
	s.inbox = s.newTab(chromium, s.stack.InboxURL)
	return s
}

func (s *site) newTab(chromium *browser.Browser, address string) *browser.Tab {
	s.t.Helper()
	tab, err := chromium.Tab(strings.TrimPrefix(address, "http://"))
	s.must(err)
	s.t.Cleanup(tab.Close)
	s.must(tab.Show(browser.Screen{Name: "desktop", Width: 1280, Height: 900}))
	return tab
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// await waits until a JavaScript condition holds in the console's tab.
func (s *site) await(condition string) {
	s.t.Helper()
	if err := s.tab.Until(condition); err != nil {
		s.t.Fatalf("%v; the page says:\n%s", err, s.words())
	}
}

// awaitWords waits until the page holds a text.
func (s *site) awaitWords(words string) {
	s.t.Helper()
	s.await(fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, words))
}

// words returns what the console's page says.
func (s *site) words() string {
	s.t.Helper()
	var words string
	s.must(s.tab.Eval(`document.querySelector("main").innerText`, &words))
	return words
}

// mark gives the first visible link, button or summary with exactly these words an attribute by which it is clicked.
func (s *site) mark(words string) string {
	s.t.Helper()
	var found bool
	s.must(s.tab.Eval(fmt.Sprintf(`(() => {
		document.querySelectorAll("[data-story]").forEach((e) => e.removeAttribute("data-story"));
		const e = [...document.querySelectorAll("a, button, summary")].find((e) => e.checkVisibility() && e.textContent.trim() === %q);
		e?.setAttribute("data-story", "");
		return e !== undefined;
	})()`, words), &found))
	if !found {
		s.t.Fatalf("there is nothing to press that says %q; the page says:\n%s", words, s.words())
	}
	return "[data-story]"
}

// press clicks what says these words and waits for the page that it leads to.
func (s *site) press(words string) {
	s.t.Helper()
	status, err := s.tab.Click(s.mark(words))
	s.must(err)
	if status != http.StatusOK {
		s.t.Fatalf("%q leads to %d:\n%s", words, status, s.words())
	}
}

// tick clicks what says these words and leads to no other page.
func (s *site) tick(words string) {
	s.t.Helper()
	s.must(s.tab.Tick(s.mark(words)))
}

// fill writes into a field of the page.
func (s *site) fill(name, value string) {
	s.t.Helper()
	var found bool
	s.must(s.tab.Eval(fmt.Sprintf(`(() => {
		const field = [...document.querySelectorAll("main [name=" + %q + "]")].find((e) => e.checkVisibility());
		if (field) field.value = %q;
		return field !== undefined;
	})()`, name, value), &found))
	if !found {
		s.t.Fatalf("there is no field %s; the page says:\n%s", name, s.words())
	}
}

// typeOver selects a text in the editor's line that holds it, and types over it.
func (s *site) typeOver(old, typed string) {
	s.t.Helper()
	var problem string
	s.must(s.tab.Eval(fmt.Sprintf(`(() => {
		const row = [...document.querySelectorAll(".cm-line")].find((l) => l.textContent.includes(%[1]q));
		if (!row) return "no such line";
		document.querySelector(".cm-content").focus();
		const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
		const begin = row.textContent.indexOf(%[1]q);
		const range = document.createRange();
		let at = 0;
		for (let node = walker.nextNode(); node; node = walker.nextNode()) {
			if (begin >= at && begin < at + node.length) range.setStart(node, begin - at);
			const end = begin + %[1]q.length;
			if (end > at && end <= at + node.length) range.setEnd(node, end - at);
			at += node.length;
		}
		getSelection().removeAllRanges();
		getSelection().addRange(range);
		return document.execCommand("insertText", false, %[2]q) ? "" : "nothing was typed";
	})()`, old, typed), &problem))
	if problem != "" {
		s.t.Fatalf("typing over %q: %s", old, problem)
	}
}

// complete publishes that a learner completed a course.
func (s *site) complete(learner string) {
	s.t.Helper()
	s.seq++
	p := instance.Publisher{JS: s.instance.JS, Catalog: s.academy.Catalog}
	m, err := p.Message(catalog.Decoded{
		Event:  engine.Event{ID: fmt.Sprint(s.seq), Name: engine.EventCourseCompleted, Learner: learner, Time: s.instance.Clock.Now(), Properties: map[string]any{"course_id": "crs_go"}},
		Traits: map[string]any{"email": learner + "@learners.example", "first_name": "Ada"},
	})
	s.must(err)
	s.must(p.Publish(s.ctx, m))
}

// awaitMail waits until the inbox shows a mail to a learner with this subject, and fails if it shows one with the other subject.
func (s *site) awaitMail(learner, subject, other string) {
	s.t.Helper()
	harness.Eventually(s.t, s.ctx, "the mail to "+learner, func() error {
		if _, err := s.inbox.Open(s.stack.InboxURL + "/?q=" + learner + "%40learners.example"); err != nil {
			return err
		}
		var words string
		if err := s.inbox.Eval(`document.body.innerText`, &words); err != nil {
			return err
		}
		if strings.Contains(words, other) {
			s.t.Fatalf("%s got %q:\n%s", learner, other, words)
		}
		if !strings.Contains(words, subject) {
			return fmt.Errorf("no mail %q to %s:\n%s", subject, learner, words)
		}
		return nil
	})
}
