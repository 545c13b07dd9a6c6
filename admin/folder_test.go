package admin_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"homeroom/admin"
)

// memoryFolder is a small folder held in memory, with other files on top.
func memoryFolder(files map[string]string) fstest.MapFS {
	folder := fstest.MapFS{}
	for name, text := range map[string]string{
		"settings.yaml":       "sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n",
		"messages/welcome.md": "---\nsubject: \"Welcome, {{ learner.first_name | default: 'friend' }}\"\n---\nYour place is there.\n",
		"rules/welcome.yaml":  "rule: welcome\nwhen: {event: enrollment.created}\nper: course_id\ndo: [{send: welcome}]\n",
		"tests/welcome.yaml": `test: an enrollment is welcomed
learner: {traits: {email: ada@example.org}}
start: 2026-03-02T10:00:00Z
events: [{at: +0s, event: enrollment.created, properties: {course_id: go}}]
expect: [{at: +0s, sent: welcome}]
`,
	} {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

func TestCheckFolderInMemory(t *testing.T) {
	check := admin.CheckFolder(admin.LoadFolder(memoryFolder(nil), "."))
	if !check.OK || check.Rules != 1 || check.Messages != 1 || check.Hash == "" {
		t.Errorf("got %+v", check)
	}
	broken := admin.LoadFolder(memoryFolder(map[string]string{
		"rules/welcome.yaml": "rule: welcome\nwhen: {event: enrollment.created}\ndo: [{sned: welcome}]\n",
	}), "academies/spring")
	check = admin.CheckFolder(broken)
	if check.OK || len(check.Problems) == 0 || !strings.HasPrefix(check.Problems[0].File, "academies/spring/") {
		t.Errorf("got %+v", check)
	}
	var mistakes *admin.FolderError
	if _, err := admin.ExplainRule(broken, "welcome"); !errors.As(err, &mistakes) {
		t.Errorf("explaining a rule that does not compile: got %v", err)
	}
}

func TestTestFolderInMemory(t *testing.T) {
	folder := admin.LoadFolder(memoryFolder(nil), ".")
	run, err := admin.TestFolder(t.Context(), folder, admin.TestOptions{Coverage: true})
	if err != nil || len(run.Problems) != 0 || len(run.Results) != 1 || !run.Results[0].Passed || run.Coverage == nil {
		t.Errorf("got %+v, %v", run, err)
	}
	run, err = admin.TestFolder(t.Context(), folder, admin.TestOptions{Match: regexp.MustCompile("nothing")})
	if err != nil || len(run.Results) != 0 || run.Defined != 1 {
		t.Errorf("no test matches: got %+v, %v", run, err)
	}
}

func TestSimulateInMemory(t *testing.T) {
	events := `{"id":"e1","learner_id":"u_1","event":"enrollment.created","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go"},"traits":{"email":"ada@example.org"}}`
	report, err := admin.Simulate(t.Context(), admin.LoadFolder(memoryFolder(nil), "."), strings.NewReader(events), admin.SimulateOptions{})
	if err != nil || report.Summary.Sent["welcome"] != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestPreviewMessage(t *testing.T) {
	folder := admin.LoadFolder(memoryFolder(nil), ".")
	overrides, err := admin.ParseOverrides("with.yaml", []byte("learner: {first_name: Grace}"))
	if err != nil {
		t.Fatal(err)
	}
	preview, err := admin.PreviewMessage(folder, admin.PreviewOptions{Message: "welcome", Overrides: overrides})
	if err != nil || preview.Subject != "Welcome, Grace" {
		t.Errorf("got %+v, %v", preview, err)
	}
	var input *admin.InputError
	if _, err := admin.PreviewMessage(folder, admin.PreviewOptions{Message: "nobody"}); !errors.As(err, &input) {
		t.Errorf("an unknown message: got %v", err)
	}
	if _, err := admin.ParseOverrides("with.yaml", []byte("lerner: {}")); !errors.As(err, &input) {
		t.Errorf("a misspelled key: got %v", err)
	}
	messages, err := admin.Messages(folder)
	if err != nil || len(messages) != 1 || messages[0].SentBy[0] != "welcome" {
		t.Errorf("got %+v, %v", messages, err)
	}
}
