package console_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"homeroom/rules"
)

// putSetting adds lines to settings.yaml in force.
func (s *site) putSetting(lines string, number int) {
	s.t.Helper()
	bundle, err := s.store.Rulesets.Current(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	inForce, err := s.store.Rulesets.Get(s.t.Context(), bundle.Hash)
	if err != nil {
		s.t.Fatal(err)
	}
	files := maps.Clone(inForce.Files)
	files["settings.yaml"] = append([]byte(lines), files["settings.yaml"]...)
	academy, problems := rules.FromBundle(files)
	if academy == nil {
		s.t.Fatal(problems)
	}
	s.put(academy, number)
}

// TestApprovalsOfTheSettings: the settings in force say how many must approve, and not those of the draft; who edits after an approval
// needs all of them again; what is published without is asked for by name.
func TestApprovalsOfTheSettings(t *testing.T) {
	s := openSite(t, tokens(t, "maya  editor,approver  "+mayas+"\ntom  approver,editor  "+toms+"\n"), 1)
	s.putSetting("approvals: 2\n", 2)
	maya := s.browser(mayas)
	tom := s.browser(toms)
	fields := func(b *browser) url.Values {
		t.Helper()
		var seen struct {
			Hash     string
			Revision uint64
		}
		if err := json.Unmarshal([]byte(b.get("/drafts/maya", "Accept", "application/json")), &seen); err != nil {
			t.Fatal(err)
		}
		return url.Values{"revision": {strconv.FormatUint(seen.Revision, 10)}, "hash": {seen.Hash}}
	}
	save := func(b *browser, content string) {
		t.Helper()
		page := b.get("/files?path=settings.yaml&draft=maya")
		form := url.Values{"path": {"settings.yaml"}, "draft": {"maya"}, "revision": {field(t, revisionField, page)}, "content": {content}}
		if status, page := b.do(http.MethodPost, "/files", form); status != http.StatusOK {
			t.Fatalf("%d\n%s", status, page)
		}
	}
	type draft struct {
		Needed  int `json:"approvals_needed"`
		Summary struct{ Approvers []string }
	}
	read := func() (d draft, text string) {
		t.Helper()
		text = maya.get("/drafts/maya", "Accept", "application/json")
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		return d, text
	}
	settings := strings.Replace(string(s.inForce("settings.yaml")), "approvals: 2", "approvals: 0", 1)
	save(maya, settings)
	form := fields(maya)
	form.Set("reason", "nobody needs to look")
	if status, page := maya.do(http.MethodPost, "/drafts/maya/propose", form); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	if status, page := maya.do(http.MethodPost, "/drafts/maya/approve", fields(maya)); status != http.StatusUnprocessableEntity {
		t.Errorf("maya approves her own: %d\n%s", status, page)
	}
	if status, page := tom.do(http.MethodPost, "/drafts/maya/approve", fields(tom)); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	if d, text := read(); d.Needed != 2 || !strings.Contains(text, `"tom"`) {
		t.Errorf("%d are needed; %s", d.Needed, text)
	}
	if status, page := tom.do(http.MethodPost, "/drafts/maya/publish", fields(tom)); status != http.StatusUnprocessableEntity || !strings.Contains(page, "approv") {
		t.Errorf("one approval of two: %d\n%s", status, page)
	}
	without := fields(tom)
	without.Set("without_approval", "1")
	if status, _ := tom.do(http.MethodPost, "/drafts/maya/publish", without); status != http.StatusServiceUnavailable { // Temporal is asked, which is away
		t.Errorf("published without approval by name: %d", status)
	}
	save(maya, settings+"# later\n")
	if status, page := tom.do(http.MethodPost, "/drafts/maya/publish", fields(tom)); status != http.StatusUnprocessableEntity {
		t.Errorf("an edit after the approval: %d\n%s", status, page)
	}
	s.putSetting("# none\n", 3)
	if page := maya.get("/people"); !strings.Contains(page, "2 other people") {
		t.Errorf("the page of people says\n%s", page)
	}
}

// TestPeopleAndSettings: the page says who may what and what is in force, and shows no token.
func TestPeopleAndSettings(t *testing.T) {
	s := openSite(t, tokens(t, "maya  editor,people  "+mayas+"\nvi  viewer  "+views+"\n"), 1)
	page := s.browser(views).get("/people")
	for _, want := range []string{"You are vi: viewer", "maya", "editor, people", "One other person must approve", "settings.yaml", "timezone"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	answer := s.browser(views).get("/people", "Accept", "application/json")
	for _, secret := range []string{mayas, views} {
		if strings.Contains(page+answer, secret) {
			t.Errorf("it shows a token:\n%s", answer)
		}
	}
	if strings.Contains(page, "/audit") {
		t.Error("a viewer is led to who did what")
	}
}
