package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRulesExplain(t *testing.T) {
	dir := academy(t, nil)
	code, out, err := homeroom(t, "", "rules", "explain", dir, "welcome")
	if code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, err)
	}
	for _, want := range []string{"Starts when enrollment.created arrives.", "wait 1h", "send welcome by email", "WAKES A WORKFLOW"} {
		if !strings.Contains(out, want) {
			t.Errorf("missing %q in\n%s", want, out)
		}
	}
	if code, _, err := homeroom(t, "", "rules", "explain", dir, "welcom"); code != 2 || !strings.Contains(err, "did you mean welcome?") {
		t.Errorf("an unknown rule: exit %d, %q", code, err)
	}
}

func TestRulesRender(t *testing.T) {
	dir := academy(t, map[string]string{
		"messages/welcome.md":    "---\nsubject: \"Welcome, {{ learner.first_name | default: 'friend' }}\"\npreheader: At last\n---\n{{ trigger.course_id }} for {{ vars.plan | default: 'free' }}.\n",
		"messages/welcome.de.md": "---\nsubject: Willkommen\n---\n{{ vars.plan | default: 'frei' }}.\n",
		"rules/welcome.yaml":     "rule: welcome\nwhen: {event: enrollment.created}\nper: course_id\ndo:\n  - send: welcome\n    with: {plan: '\"pro\"'}\n",
	})
	with := filepath.Join(t.TempDir(), "with.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(with, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("learner: {first_name: Grace}\ntrigger: {course_id: rust}\nvars: {plan: null}\ntime: 2026-03-02T10:00:00Z\n")
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"text", nil, "Subject:   Welcome, Ada\nPreheader: At last\n\nsample for pro.\n"},
		{"another language", []string{"--locale", "de-AT"}, "Subject:   Willkommen\n\npro.\n"},
		{"other values", []string{"--with", with}, "Subject:   Welcome, Grace\nPreheader: At last\n\nrust for free.\n"},
		{"html", []string{"--format", "html"}, "<!DOCTYPE html>"},
	}
	for _, c := range cases {
		code, out, err := homeroom(t, "", append([]string{"rules", "render", dir, "welcome"}, c.args...)...)
		if code != 0 || !strings.HasPrefix(out, c.want) {
			t.Errorf("%s: exit %d, got\n%s%s", c.name, code, out, err)
		}
	}
	_, out, _ := homeroom(t, "", "rules", "render", dir, "welcome", "--format", "json")
	var mail map[string]string
	if err := json.Unmarshal([]byte(out), &mail); err != nil || mail["subject"] != "Welcome, Ada" || mail["html"] == "" {
		t.Errorf("json: %v in\n%s", err, out)
	}

	write("lerner: {first_name: Grace}\n")
	if code, _, err := homeroom(t, "", "rules", "render", dir, "welcome", "--with", with); code != 2 || !strings.Contains(err, "lerner") {
		t.Errorf("a misspelled key: exit %d, %q", code, err)
	}
	if code, _, err := homeroom(t, "", "rules", "render", dir, "welcom"); code != 2 || !strings.Contains(err, "did you mean welcome?") {
		t.Errorf("an unknown message: exit %d, %q", code, err)
	}
}

func TestRulesSchema(t *testing.T) {
	for _, kind := range []string{"rule", "settings", "courses", "test"} {
		code, out, err := homeroom(t, "", "rules", "schema", "--for", kind)
		if code != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, "draft/2020-12/schema") {
			t.Errorf("%s: exit %d, %.200s%s", kind, code, out, err)
		}
	}
	if code, _, _ := homeroom(t, "", "rules", "schema", "--for", "cat"); code != 2 {
		t.Errorf("an unknown kind: exit %d", code)
	}
}
