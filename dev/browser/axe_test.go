//go:build browser && axe

package browser_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"homeroom/admin"
	"homeroom/dev/browser"
)

// axeSource is where npm puts axe-core.
const axeSource = "axe/node_modules/axe-core/axe.min.js"

// axeScreens are a desk and a phone, by day and by night.
func axeScreens() []browser.Screen {
	var screens []browser.Screen
	for _, s := range browser.Screens() {
		if s.Name != "small phone" {
			screens = append(screens, s)
		}
	}
	return screens
}

// pageKind names a page by its path without ids: /drafts/maya/publish is of the kind /drafts/*/publish.
func pageKind(path string) string {
	parts := strings.Split(path, "/")
	for n := 2; n < len(parts); n += 2 {
		parts[n] = "*"
	}
	return strings.Join(parts, "/")
}

// consolePage is a page of the console: a path with its query, and the status that it answers with.
type consolePage struct {
	path   string
	status int
}

// consolePages lists the pages of a console that was filled, in the state in which they show the most.
func consolePages(earlier string) []consolePage {
	var pages []consolePage
	for _, path := range []string{
		"/", "/rules", "/rules?draft=tom", "/rules/quiz-retry", "/rules/welcome?draft=tom", "/rules/a-new-rule", "/rules/quiz-retry/try", "/rules/quiz-retry/try?learner=u_1",
		"/messages", "/messages/quiz-retry", "/messages/quiz-retry?view=phone&locale=de", "/messages/quiz-retry?view=text", "/files?path=messages/quiz-retry.md",
		"/files?path=settings.yaml", "/drafts", "/drafts/maya", "/drafts/tom", "/drafts/maya/backtest", "/revisions", "/revisions/" + earlier, "/broadcasts", "/lift",
		"/learners", "/learners/u_1", "/learners/u_1/data", "/at-risk?course=crs_go", "/learners/u_1?not=in+force", "/learners/u_1?not=in+force&rule=quiz-retry", "/events", "/deadletters", "/deadletters?reason=unknown_event", "/people", "/audit",
		"/audit?who=nobody", "/sign-in", "/at-risk",
	} {
		pages = append(pages, consolePage{path, http.StatusOK})
	}
	return append(pages, consolePage{"/no-such-page", http.StatusNotFound}, consolePage{"/drafts/nobody", http.StatusNotFound}, consolePage{"/drafts/maya/publish", http.StatusServiceUnavailable})
}

// TestEveryPageIsAccessible runs the rules of axe-core on every page of the console, by day and by night, on a desk and on a phone; first with scripts at the root of
// an address, then without under a path. No page complains, which is how a browser tells that its policy was violated.
func TestEveryPageIsAccessible(t *testing.T) {
	source, err := os.ReadFile(axeSource)
	if err != nil {
		t.Fatalf("%v; run: (cd dev/browser/axe && npm ci --ignore-scripts)", err)
	}
	for _, way := range []struct {
		name, prefix string
		scripts      bool
	}{{"with scripts", "", true}, {"without scripts, under a path", "/team/homeroom", false}} {
		t.Run(way.name, func(t *testing.T) {
			s := startConsole(t, way.prefix, func(h http.Handler) http.Handler { return h })
			pages := consolePages(s.fill())
			s.runBacktest()
			listed := map[string]bool{"/": true}
			for _, p := range pages {
				path, _, _ := strings.Cut(p.path, "?")
				listed[pageKind(path)] = true
			}
			for _, p := range pages {
				t.Run(strings.ReplaceAll(p.path, "/", " "), func(t *testing.T) {
					must(t, s.tab.Scripts(way.scripts))
					open(t, s.tab, s.root+p.path, p.status)
					must(t, s.tab.Scripts(true)) // axe needs them; those of the page have not run
					s.holdToAxe(t, string(source))
					for _, link := range s.links(t) {
						if !listed[pageKind(link)] {
							t.Errorf("it leads to %s, which is of no kind that this test opens", link)
						}
					}
				})
			}
			must(t, s.tab.Scripts(true))
			open(t, s.tab, s.root+"/messages/quiz-retry/frame", http.StatusOK)
			quietly(t, s.tab)
			_, err := s.installation.Pause(t.Context(), admin.PauseOptions{Author: "maya", Note: "the certificate mail has a wrong link"})
			must(t, err)
			open(t, s.tab, s.root+"/", http.StatusOK)
			s.holdToAxe(t, string(source))
		})
	}
}

// runBacktest runs a backtest of maya's draft to its end.
func (s *consoleStand) runBacktest() {
	s.t.Helper()
	open(s.t, s.tab, s.root+"/drafts/maya/backtest", http.StatusOK)
	if status, err := s.tab.Click("main form.inline button"); err != nil || status != http.StatusOK {
		s.t.Fatalf("beginning leads to %d, %v", status, err)
	}
	await(s.t, s.tab, `document.querySelector("main").textContent.includes("run by maya")`)
}

// TestAxeFinds: a page with faults fails, so that a silent axe is a good page.
func TestAxeFinds(t *testing.T) {
	source, err := os.ReadFile(axeSource)
	must(t, err)
	tab, root := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = w.Write([]byte(page(`<table><tr><th></th></tr></table><input>`)))
	}))
	open(t, tab, root, http.StatusOK)
	found, err := tab.Axe(string(source))
	must(t, err)
	var says []string
	for _, f := range found {
		says = append(says, f.Says)
	}
	for _, rule := range []string{"label: ", "empty-table-header: "} {
		if !strings.Contains(strings.Join(says, "\n"), rule) {
			t.Errorf("no finding of the rule %s, only %q", rule, says)
		}
	}
}

// holdToAxe opens what is folded and runs axe-core on every screen.
func (s *consoleStand) holdToAxe(t *testing.T, source string) {
	t.Helper()
	text(t, s.tab, `(document.querySelectorAll("details").forEach((d) => { d.open = true; }), "")`)
	found := map[browser.Finding][]string{}
	for _, screen := range axeScreens() {
		must(t, s.tab.Show(screen))
		findings, err := s.tab.Axe(source)
		must(t, err)
		for _, f := range findings {
			found[f] = append(found[f], screen.String())
		}
	}
	for f, screens := range found {
		t.Errorf("%s [%s]", f, strings.Join(screens, "; "))
	}
	quietly(t, s.tab)
}

// links returns the paths within the console that the page leads to.
func (s *consoleStand) links(t *testing.T) []string {
	t.Helper()
	var addresses []string
	must(t, s.tab.Eval(`[...document.querySelectorAll("main a[href]:not([download]), header a[href]")].map((a) => a.href)`, &addresses))
	root, err := url.Parse(s.root + "/")
	must(t, err)
	var paths []string
	for _, address := range addresses {
		u, err := url.Parse(address)
		must(t, err)
		if u.Host != root.Host {
			continue
		}
		path, inside := strings.CutPrefix(u.Path, strings.TrimSuffix(root.Path, "/"))
		if !inside {
			t.Errorf("%s leads out of %s", address, s.root)
		}
		paths = append(paths, path)
	}
	return paths
}
