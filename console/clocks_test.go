package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"homeroom/console"
)

// TestTwoClocks: where learners live in a time of their own, what people did is as old as it is by the machine's clock, what learners did by theirs, and the foot says so.
func TestTwoClocks(t *testing.T) {
	learners := func() time.Time { return time.Now().AddDate(0, 0, -70) }
	s := openSiteIn(t, console.ThisMachine{Name: "maya"}, 0, console.TestMail{}, nil, clocks{learners, time.Now})
	if err := s.store.Events.Publish(t.Context(), "u_1", "course.completed", "1", learners().Add(-3*time.Hour), map[string]any{"course_id": "c"}); err != nil {
		t.Fatal(err)
	}
	maya := s.browser("")
	status, page := maya.do(http.MethodPost, "/files", url.Values{
		"path":     {"settings.yaml"},
		"draft":    {"maya"},
		"revision": {field(t, revisionField, maya.get("/files?path=settings.yaml"))},
		"content":  {string(s.inForce("settings.yaml")) + "# more\n"},
		"action":   {"save"},
	})
	if status != http.StatusOK || !strings.Contains(page, "saved just now by maya") {
		t.Errorf("%d, and a draft of a moment ago is not said to be:\n%s", status, page)
	}
	if !strings.Contains(maya.get("/revisions"), ">just now</td>") {
		t.Error("a publication of a moment ago is not said to be")
	}
	if events := maya.get("/events"); !strings.Contains(events, ">3 hours ago</span>") {
		t.Errorf("an event of three hours ago is not said to be:\n%s", events)
	}
	if !strings.Contains(page, "for them it is "+learners().UTC().Format("Mon 02 Jan 2006")) {
		t.Error("the foot does not say what time it is for the learners")
	}
	if strings.Contains(openSite(t, console.ThisMachine{Name: "maya"}, 0).browser("").get("/"), "for them it is") {
		t.Error("the foot speaks of two clocks where there is one")
	}
}
