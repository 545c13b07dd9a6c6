package console_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/internal/temporaltest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/workflows"
)

// openSiteWithBroadcasts starts a console whose Temporal has broadcasts, with a rule in force that a person may start.
func openSiteWithBroadcasts(t *testing.T) *site {
	t.Helper()
	lately := time.Now().Add(-time.Hour)
	progress := func(status workflows.BroadcastStatus, reached int, dry bool) workflows.BroadcastProgress {
		return workflows.BroadcastProgress{
			Event:     "broadcast.started",
			Rules:     []string{"announce"},
			Status:    status,
			Total:     5000,
			PerSecond: 100,
			Audience:  `learner.locale == "it's"`,
			By:        "lee",
			DryRun:    dry,
			Counts: workflows.BroadcastCounts{
				Seen:       reached + 30,
				Reached:    reached,
				LeftOut:    map[string]int{"condition": 20, "came_later": 10},
				Unwritable: map[string]int{"unsubscribed": 7},
			},
		}
	}
	return openSiteWith(t,
		temporaltest.Broadcast{ID: "bc-runs", Started: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, Progress: progress(workflows.BroadcastRuns, 1234, false)},
		temporaltest.Broadcast{ID: "bc-done", Started: lately, Ended: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, Progress: progress(workflows.BroadcastDone, 4321, false)},
		temporaltest.Broadcast{ID: "bc-dry", Started: lately, Ended: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, Progress: progress(workflows.BroadcastDone, 777, true)},
		temporaltest.Broadcast{ID: "bc-given-up", Started: lately, Ended: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, Progress: progress(workflows.BroadcastCancelled, 555, true)},
		temporaltest.Broadcast{ID: "bc-killed", Started: lately, Ended: lately, Status: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, Progress: progress(workflows.BroadcastRuns, 17, false)},
	)
}

// openSiteWith starts a console whose Temporal has these broadcasts.
func openSiteWith(t *testing.T, list ...temporaltest.Broadcast) *site {
	t.Helper()
	temporal := temporaltest.NewBroadcasts(t, list...)
	s := openSiteOf(t, console.AnyOf{tokens(t, "vi  viewer  "+views+"\ntom  approver  "+toms+"\n")}, 1, console.TestMail{}, temporal)
	files := map[string][]byte{
		"settings.yaml":       []byte("sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n"),
		"rules/announce.yaml": []byte("rule: announce\nwhen: {broadcast: true}\ndo: [{send: news}]\n"),
		"messages/news.md":    []byte("---\nsubject: News\n---\nHi.\n"),
	}
	academy, problems := rules.FromBundle(files)
	if academy == nil {
		t.Fatal(problems)
	}
	s.put(academy, 2)
	return s
}

// TestBroadcasts: everybody sees how far broadcasts have come and whom they left out; an approver, and nobody else, gets the buttons and the form.
func TestBroadcasts(t *testing.T) {
	s := openSiteWithBroadcasts(t)
	viewer := s.browser(views)
	approver := s.browser(toms)
	page := viewer.get("/broadcasts")
	for _, words := range []string{"1,234", "1,264 of 5,000", "running, 25", "4,321", "terminated", "by lee", "20: the condition of the audience does not hold", "1 other reason"} {
		if !strings.Contains(page, words) {
			t.Errorf("the page does not say %q:\n%s", words, page)
		}
	}
	for _, not := range []string{"777", "<button>Pause", "Count whom it reaches"} {
		if strings.Contains(page, not) {
			t.Errorf("a viewer's page says %q", not)
		}
	}
	if page := approver.get("/broadcasts"); strings.Count(page, "<button>Pause") != 1 || !strings.Contains(page, "Count whom it reaches") {
		t.Errorf("an approver has no buttons:\n%s", page)
	}
	var all struct {
		Broadcasts []admin.Broadcast
		Rules      []admin.BroadcastRule
	}
	if err := json.Unmarshal([]byte(viewer.get("/broadcasts", "Accept", "application/json")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Broadcasts) != 3 || len(all.Rules) != 1 || all.Rules[0].Name != "announce" {
		t.Errorf("as JSON: %+v", all)
	}
}

// TestADryRunIsShown: it says who would be reached and why others are left out, and an approver starts it from there; nobody starts what was not counted.
func TestADryRunIsShown(t *testing.T) {
	s := openSiteWithBroadcasts(t)
	approver := s.browser(toms)
	page := approver.get("/broadcasts/bc-dry")
	for _, words := range []string{"Dry run bc-dry", "Would be reached", "777 learners", "7 of those reached: left the topic", "Start it for 777 learners", `--audience &#39;learner.locale == &#34;it&#39;\&#39;&#39;s&#34;&#39; --dry-run`} {
		if !strings.Contains(page, words) {
			t.Errorf("the page does not say %q:\n%s", words, page)
		}
	}
	if page := approver.get("/broadcasts/bc-given-up"); strings.Contains(page, "Start it for") {
		t.Error("a dry run that was cancelled may be started")
	}
	if page := s.browser(views).get("/broadcasts/bc-dry"); strings.Contains(page, "Start it for") {
		t.Error("a viewer may start it")
	}
	for path, form := range map[string]url.Values{
		"/broadcasts/bc-done/start":     {},
		"/broadcasts/bc-given-up/start": {},
		"/broadcasts/bc-dry/start":      {"rate": {"fast"}},
		"/broadcasts/count":             {"rule": {"none"}},
	} {
		if status, body := approver.do(http.MethodPost, path, form); status != http.StatusUnprocessableEntity {
			t.Errorf("%s with %v: %d\n%s", path, form, status, body)
		}
	}
	if status, _ := approver.do(http.MethodGet, "/broadcasts/bc-none", nil); status != http.StatusNotFound {
		t.Errorf("one that is not there: %d", status)
	}
}

// TestACountIsStartedOnce: a form that is sent again, or by two people, starts nothing more, a count whose rule has changed since is not started, counts are recorded, and only who
// may start broadcasts or see addresses reads the condition.
func TestACountIsStartedOnce(t *testing.T) {
	s := openSiteWith(t)
	approver := s.browser(toms)
	count := func() (id string) {
		t.Helper()
		status, page := approver.do(http.MethodPost, "/broadcasts/count", url.Values{"rule": {"announce"}, "audience": {`learner.locale == "de"`}})
		if status != http.StatusOK || !strings.Contains(page, "<dt>Condition</dt>") {
			t.Fatalf("%d\n%s", status, page)
		}
		return regexp.MustCompile(`Dry run (bc-[a-z0-9]+)`).FindStringSubmatch(page)[1]
	}
	id := count()
	if page := s.browser(views).get("/broadcasts/" + id); strings.Contains(page, "learner.locale") {
		t.Errorf("a viewer reads the condition:\n%s", page)
	}
	for _, rate := range []string{"NaN", "0.0000000001", "0.1", "10001", "Inf"} {
		if status, page := approver.do(http.MethodPost, "/broadcasts/"+id+"/start", url.Values{"rate": {rate}}); status != http.StatusUnprocessableEntity {
			t.Errorf("a pace of %s: %d\n%s", rate, status, page)
		}
	}
	if status, page := approver.do(http.MethodPost, "/broadcasts/"+id+"/start", url.Values{}); status != http.StatusOK || !strings.Contains(page, "It is started.") {
		t.Fatalf("%d\n%s", status, page)
	}
	if status, page := approver.do(http.MethodPost, "/broadcasts/"+id+"/start", url.Values{}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "started already, as "+id+"-start") {
		t.Errorf("it is started again: %d\n%s", status, page)
	}

	other := count()
	academy, problems := rules.FromBundle(map[string][]byte{
		"settings.yaml":       []byte("sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n"),
		"rules/announce.yaml": []byte("rule: announce\nwhen: {broadcast: true}\nagain: always\ndo: [{send: news}]\n"),
		"messages/news.md":    []byte("---\nsubject: News\n---\nHi.\n"),
	})
	if academy == nil {
		t.Fatal(problems)
	}
	s.put(academy, 3)
	if status, page := approver.do(http.MethodPost, "/broadcasts/"+other+"/start", url.Values{}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "count it again") {
		t.Errorf("a rule that was not counted is started: %d\n%s", status, page)
	}
	log, err := s.admin.AuditLog(t.Context(), admin.AuditOptions{Action: string(store.ActionCountBroadcast)})
	if err != nil || len(log.Records) != 2 || log.Records[0].Target != "announce" || strings.Contains(fmt.Sprint(log.Records), "locale") {
		t.Errorf("recorded: %+v, %v", log, err)
	}
}

// TestABroadcastIsPausedFromThePage: an approver pauses, resumes and cancels, which is recorded; one that is over says so.
func TestABroadcastIsPausedFromThePage(t *testing.T) {
	s := openSiteWithBroadcasts(t)
	approver := s.browser(toms)
	for _, step := range []struct{ do, button, notice string }{
		{"pause", "<button>Go on", "Paused."},
		{"resume", "<button>Pause", "It goes on."},
		{"cancel", "cancelled", "Cancelled."},
	} {
		status, page := approver.do(http.MethodPost, "/broadcasts/bc-runs/"+step.do, url.Values{"back": {"/homeroom/broadcasts/bc-runs"}})
		if status != http.StatusOK || !strings.Contains(page, step.button) || !strings.Contains(page, step.notice) || !strings.Contains(page, "tom paused, resumed or cancelled it") {
			t.Errorf("%s: %d\n%s", step.do, status, page)
		}
	}
	if _, page := approver.do(http.MethodPost, "/broadcasts/bc-done/pause", url.Values{"back": {"/homeroom/broadcasts"}}); !strings.Contains(page, "It is over already.") {
		t.Errorf("one that is over:\n%s", page)
	}
	log, err := s.admin.AuditLog(t.Context(), admin.AuditOptions{Who: "tom"})
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []store.AuditAction{store.ActionPauseBroadcast, store.ActionResumeBroadcast, store.ActionCancelBroadcast} {
		found := false
		for _, r := range log.Records {
			found = found || r.Action == action && r.Target == "bc-runs" && r.Way == admin.WayConsole
		}
		if !found {
			t.Errorf("%s is not recorded: %+v", action, log.Records)
		}
	}
}

// TestABroadcastOfAnyEvent: an event's id may hold any letter; its broadcast is shown and paused all the same, and one that is not there is not called over.
func TestABroadcastOfAnyEvent(t *testing.T) {
	ids := []string{"bm90aXo=", "bm90aXo=3D", "neue Lektion", "über/uns", "100%", "?a#b", "a/../b", ".", "..", "~..", "~~."}
	list := []temporaltest.Broadcast{}
	for n, id := range ids {
		list = append(list, temporaltest.Broadcast{
			ID:       id,
			Started:  time.Now().Add(-time.Minute),
			Status:   enums.WORKFLOW_EXECUTION_STATUS_RUNNING,
			Progress: workflows.BroadcastProgress{Event: "content.published", Rules: []string{"announce"}, Status: workflows.BroadcastRuns, Total: 5000 + n},
		})
	}
	s := openSiteWith(t, list...)
	approver := s.browser(toms)
	rows := strings.Split(approver.get("/broadcasts"), "<tr>")
	for n, id := range ids {
		progress := fmt.Sprintf("0 of 5,%03d", n)
		at := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, progress) })
		if at < 0 {
			t.Errorf("%q is listed without its progress:\n%s", id, rows)
			continue
		}
		shown := browsedTo(t, rows[at], `<td><a href="([^"]*)"`)
		if page := approver.get(shown); !strings.Contains(page, "Broadcast "+html.EscapeString(id)) || !strings.Contains(page, progress) {
			t.Errorf("%q at %s is shown as:\n%s", id, shown, page)
		}
		pause := browsedTo(t, rows[at], `action="([^"]*/pause)"`)
		if status, page := approver.do(http.MethodPost, pause, url.Values{"back": {"/homeroom" + shown}}); status != http.StatusOK || !strings.Contains(page, "<button>Go on") {
			t.Errorf("%q is not paused by %s: %d\n%s", id, pause, status, page)
		}
		if all, err := s.admin.KillSwitch(t.Context()); err != nil || all.Paused {
			t.Fatalf("%s has stopped all sending: %v", pause, err)
		}
	}
	if status, page := approver.do(http.MethodPost, "/broadcasts/bc-none/cancel", url.Values{}); status != http.StatusNotFound || strings.Contains(page, "over already") {
		t.Errorf("one that is not there: %d\n%s", status, page)
	}
}

// browsedTo returns the path below the console's prefix that a browser asks for when it follows the address that a pattern finds in a page.
func browsedTo(t *testing.T, page, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no %s:\n%s", pattern, page)
	}
	address, err := url.Parse(html.UnescapeString(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	base := &url.URL{Scheme: "http", Host: "console.example", Path: "/homeroom/broadcasts"}
	return strings.TrimPrefix(base.ResolveReference(address).EscapedPath(), "/homeroom")
}

// TestBroadcastsWithoutTemporal: the page says that the broadcasts are not known, and what could be started.
func TestBroadcastsWithoutTemporal(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	if page := s.browser("").get("/broadcasts"); !strings.Contains(page, "The broadcasts are not known") || !strings.Contains(page, `<option value="announcement">`) {
		t.Errorf("it says:\n%s", page)
	}
}
