package rules_test

import (
	"strings"
	"testing"

	"homeroom/content"
	"homeroom/rules"
)

// TestUTM: the academy's own links are marked unless the settings say otherwise.
func TestUTM(t *testing.T) {
	for settings, want := range map[string]content.Campaign{
		"":                             {Source: "homeroom", Medium: "email", Name: "base", Content: "hello"},
		"utm: {source: school}\n":      {Source: "school", Medium: "email", Name: "base", Content: "hello"},
		"utm: {medium: newsletter}\n":  {Source: "homeroom", Medium: "newsletter", Name: "base", Content: "hello"},
		"utm: off\n":                   {},
		"utm: false\n":                 {},
		"patience: 1d\nutm: \"off\"\n": {},
	} {
		academy, problems := rules.Load(withBase(map[string]string{"settings.yaml": settings}), ".")
		if academy == nil || len(problems) > 0 {
			t.Fatalf("%q: %s", settings, printed(t, problems))
		}
		if got := academy.Library.Campaign("base", "hello"); got != want {
			t.Errorf("%q gives %+v, want %+v", settings, got, want)
		}
	}
}

// TestLookReachesTheMail: accent, own site and LinkedIn page.
func TestLookReachesTheMail(t *testing.T) {
	academy, problems := rules.Load(withBase(map[string]string{
		"rules/base.yaml": "rule: base\nwhen: {event: certificate.earned}\ndo:\n  - send: hello\n",
		"settings.yaml": "accent: \"#b83280\"\npublic_url: https://school.example\nlinkedin_organization_id: 1234567\n" +
			"links: {certificate: \"https://school.example/c\"}\n",
		"messages/hello.md": "---\nsubject: Hello\n---\n{% button \"Home\" \"https://school.example/home\" %}\n\n{% if share %}{% share %}{% endif %}",
	}), ".")
	if academy == nil {
		t.Fatal(printed(t, problems))
	}
	vars := academy.Sample("hello")
	mail, err := academy.Library.Render("hello", "", vars)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"background-color:#b83280", `href="https://school.example"`, "organizationId=1234567"} {
		if !strings.Contains(mail.HTML, want) {
			t.Errorf("the mail lacks %s", want)
		}
	}
}
