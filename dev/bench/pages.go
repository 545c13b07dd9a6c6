package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"homeroom/app"
	"homeroom/dev/browser"
	"homeroom/dev/instance"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
)

// The budgets of docs/console.md.
const (
	pageBudget     = 150 * time.Millisecond
	squiggleBudget = 300 * time.Millisecond
)

// views is how often each page is asked for.
const views = 15

// consolePage is a page of the console that is measured.
type consolePage struct {
	name string
	path string
	form url.Values // posted; nil: it is only looked at
}

// consolePages lists the pages, in the order of the console's navigation.
func consolePages() []consolePage {
	return []consolePage{
		{name: "overview", path: "/"},
		{name: "rules", path: "/rules"},
		{name: "rule", path: "/rules/quiz-retry"},
		{name: "messages", path: "/messages"},
		{name: "message", path: "/messages/quiz-retry"},
		{name: "drafts", path: "/drafts"},
		{name: "draft", path: "/drafts/maya"},
		{name: "lift", path: "/lift"},
		{name: "at risk", path: "/at-risk"},
		{name: "at risk, a course", path: "/at-risk?course=crs_go"},
		{name: "learners", path: "/learners"},
		{name: "learner by address", path: "/learners/find", form: url.Values{"address": {"u_111@campus.example"}}},
		{name: "learner with a workflow", path: "/learners/" + liveLearner},
		{name: "learner without one", path: "/learners/u_111"},
		{name: "why not, a rule", path: "/learners/u_111?not=in+force&rule=quiz-retry"},
		{name: "why not, all rules", path: "/learners/u_111?not=in+force"},
		{name: "try it on a learner", path: "/rules/quiz-retry/try?learner=u_111"},
		{name: fmt.Sprintf("learner with %s events", withCommas(longEvents)), path: "/learners/" + longLearner},
		{name: "  why not, a rule", path: "/learners/" + longLearner + "?not=in+force&rule=quiz-retry"},
		{name: "revisions", path: "/revisions"},
		{name: "dead letters", path: "/deadletters"},
		{name: "people", path: "/people"},
		{name: "audit", path: "/audit"},
	}
}

// Pages measures how long the server takes for each page of the console of a campus with Options.Learners learners, and when the first mistake is underlined.
func (o *Options) Pages(ctx context.Context) (r *Report, err error) {
	s, stop, err := o.startServers(ctx, "pages", standin.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	load, err := o.fillCampus(ctx, s)
	if err != nil {
		return nil, err
	}
	options := realTime(o.Academy, o.Log)
	options.Roles = []app.Role{app.RoleWorker}
	h, err := instance.Open(ctx, s, options)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	console, err := h.OpenConsole(ctx, s, instance.ConsoleOptions{Name: "maya", Log: o.Log})
	if err != nil {
		return nil, err
	}
	defer console.Close()
	if err := writeDraft(ctx, console); err != nil {
		return nil, err
	}
	r = newReport(fmt.Sprintf("console: %s; median of %d views after the first", load, views))
	report := o.progressOf("pages")
	pages := consolePages()
	if o.ProfileViews != nil {
		if err := pprof.StartCPUProfile(o.ProfileViews); err != nil {
			return nil, err
		}
		defer pprof.StopCPUProfile()
	}
	for n, p := range pages {
		report(n, len(pages))
		if err := measurePage(ctx, r, console.URL, p); err != nil {
			return r, err
		}
	}
	return r, measureSquiggle(ctx, r, console.URL)
}

// measurePage asks for a page several times.
func measurePage(ctx context.Context, r *Report, root string, p consolePage) error {
	var first time.Duration
	var took []time.Duration
	for n := range views + 1 {
		began := time.Now()
		counted, err := askPage(ctx, root, p)
		if err != nil {
			return err
		}
		if n == 0 {
			first = time.Since(began)
			for ; !counted; counted, err = askPage(ctx, root, p) {
				if err == nil {
					err = clock.Sleep(ctx, 200*time.Millisecond)
				}
				if err != nil {
					return err
				}
			}
			continue
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	median := took[len(took)/2]
	r.addFigure(Figure{
		Name:   p.name,
		Value:  inMilliseconds(median),
		Budget: "< " + inMilliseconds(pageBudget),
		Met:    budgetMet(median < pageBudget),
		Note:   fmt.Sprintf("first %s, slowest of the others %s", inMilliseconds(first), inMilliseconds(took[len(took)-1])),
		Data:   map[string]float64{"median_s": median.Seconds(), "first_s": first.Seconds(), "slowest_s": took[len(took)-1].Seconds()},
	})
	return nil
}

func inMilliseconds(d time.Duration) string {
	return fmt.Sprintf("%s ms", withCommas(float64(d.Round(time.Millisecond).Milliseconds())))
}

// askPage asks for a page and reads it whole. counted reports whether all its figures are there.
func askPage(ctx context.Context, root string, p consolePage) (counted bool, err error) {
	method := http.MethodGet
	if p.form != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, root+p.path, strings.NewReader(p.form.Encode()))
	if err != nil {
		return false, err
	}
	request.Header.Set("Accept", "text/html")
	if p.form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d: %.2000s", p.path, answer.StatusCode, body)
	}
	return !bytes.Contains(body, []byte(">Look again<")), err
}

// measureSquiggle measures from the navigation to a rule with a mistake until the mistake is underlined, in Chromium. Without Chromium it measures nothing.
func measureSquiggle(ctx context.Context, r *Report, root string) (err error) {
	chromium, err := browser.Start(ctx)
	if errors.Is(err, browser.ErrNoBrowser) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, chromium.Close()) }()
	tab, err := chromium.Tab(strings.TrimPrefix(root, "http://"))
	if err != nil {
		return err
	}
	defer tab.Close()
	if err := tab.Show(browser.Screen{Name: "desktop", Width: 1280, Height: 900}); err != nil {
		return err
	}
	var took []float64
	for range views {
		if _, err := tab.Open(root + "/rules/" + mistakenRule); err != nil {
			return err
		}
		if err := tab.Until(`performance.getEntriesByName("underlined").length > 0 || document.querySelector(".cm-lintRange-error") !== null && performance.mark("underlined") !== null`); err != nil {
			return err
		}
		var ms float64
		if err := tab.Eval(`performance.getEntriesByName("underlined")[0].startTime`, &ms); err != nil {
			return err
		}
		took = append(took, ms)
	}
	slices.Sort(took)
	median := time.Duration(took[len(took)/2] * float64(time.Millisecond))
	r.addFigure(Figure{
		Name:   "first mistake underlined",
		Value:  inMilliseconds(median),
		Budget: "≤ " + inMilliseconds(squiggleBudget),
		Met:    budgetMet(median <= squiggleBudget),
		Note:   "from the navigation, in Chromium, with an empty cache",
		Data:   map[string]float64{"median_s": median.Seconds()},
	})
	return nil
}
