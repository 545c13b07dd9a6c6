package console_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSchedulingADraft: an approver says when; the draft, the list and the overview say so, and an edit cancels it and says that, too.
func TestSchedulingADraft(t *testing.T) {
	s := openSite(t, tokens(t, "maya  editor  "+mayas+"\ntom  approver  "+toms+"\n"), 1)
	maya := s.browser(mayas)
	tom := s.browser(toms)
	save := func(content string) {
		t.Helper()
		page := maya.get("/files?path=settings.yaml&draft=maya")
		form := url.Values{"path": {"settings.yaml"}, "draft": {"maya"}, "revision": {field(t, revisionField, page)}, "content": {content}}
		if status, page := maya.do(http.MethodPost, "/files", form); status != http.StatusOK {
			t.Fatalf("%d\n%s", status, page)
		}
	}
	morning := time.Now().UTC().AddDate(0, 0, 2)
	at := morning.Format("2006-01-02") + "T09:00"
	type answer struct {
		Hash     string
		Revision uint64
		Schedule *struct{ By, Zone, Why string }
	}
	read := func() (d answer) {
		t.Helper()
		if err := json.Unmarshal([]byte(tom.get("/drafts/maya", "Accept", "application/json")), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	page := maya.get("/files?path=settings.yaml")
	form := url.Values{"path": {"settings.yaml"}, "draft": {"maya"}, "revision": {field(t, revisionField, page)}, "content": {"# one\n" + string(s.inForce("settings.yaml"))}}
	if status, page := maya.do(http.MethodPost, "/files", form); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	schedule := func(at, zone string, wanted int) string {
		t.Helper()
		d := read()
		form := url.Values{"hash": {d.Hash}, "revision": {strconv.FormatUint(d.Revision, 10)}, "at": {at}, "zone": {zone}, "note": {"for December"}, "in_flight": {"finish"}}
		status, page := tom.do(http.MethodPost, "/drafts/maya/schedule", form)
		if status != wanted {
			t.Fatalf("at %q: %d\n%s", at, status, page)
		}
		return page
	}
	if page := schedule("2099-12-01T09:00", "Europe/Berlin", http.StatusUnprocessableEntity); !strings.Contains(page, "year ahead") {
		t.Errorf("the page does not say why:\n%s", page)
	}
	if page := schedule(at, "Europe/Berlin", http.StatusUnprocessableEntity); !strings.Contains(page, "must approve") {
		t.Errorf("without an approval:\n%s", page)
	}
	d := read()
	reason := url.Values{"revision": {strconv.FormatUint(d.Revision, 10)}, "reason": {"for December"}}
	if status, page := maya.do(http.MethodPost, "/drafts/maya/propose", reason); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	d = read()
	if status, page := tom.do(http.MethodPost, "/drafts/maya/approve", url.Values{"revision": {strconv.FormatUint(d.Revision, 10)}, "hash": {d.Hash}}); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	schedule("nonsense", "Europe/Berlin", http.StatusUnprocessableEntity)
	schedule(at, "Atlantis", http.StatusUnprocessableEntity)
	said := "cheduled by tom for " + morning.Format("Mon 2 Jan 2006") + " 09:00 Europe/Berlin"
	if page := schedule(at, "Europe/Berlin", http.StatusOK); !strings.Contains(page, said) || !strings.Contains(page, "Cancel it") {
		t.Errorf("the draft says:\n%s", page)
	}
	for _, path := range []string{"/", "/drafts"} {
		if page := maya.get(path); !strings.Contains(page, said) {
			t.Errorf("%s does not say so:\n%s", path, page)
		}
	}
	save("# two\n" + string(s.inForce("settings.yaml")))
	if d := read(); d.Schedule == nil || d.Schedule.Why != "maya changed the draft" {
		t.Errorf("after an edit: %+v", d.Schedule)
	}
	if page := tom.get("/"); !strings.Contains(page, "was cancelled: maya changed the draft") {
		t.Errorf("the overview does not say so:\n%s", page)
	}
	seen := url.Values{"revision": {strconv.FormatUint(read().Revision, 10)}}
	if status, page := tom.do(http.MethodPost, "/drafts/maya/unschedule", seen); status != http.StatusOK || strings.Contains(page, "was cancelled") {
		t.Errorf("it is still said: %d\n%s", status, page)
	}
	if page := tom.get("/audit?action=unschedule"); !strings.Contains(page, "because the draft was changed") {
		t.Errorf("the audit says:\n%s", page)
	}
}
