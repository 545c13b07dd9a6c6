package content_test

import (
	"strings"
	"testing"

	"homeroom/content"
)

// A first name that is an advertisement would be mailed under the academy's signature, to whoever's address the spammer gave.
func TestANameThatIsNoneIsAbsent(t *testing.T) {
	const body = "Hi {{ learner.first_name | default: 'there' }}, {{ learner.traits.first_name | default: 'you' }} {{ learner.traits.lastName | default: 'too' }}"
	for _, name := range []string{"https://evil.example/login", "www.evil.example", "evil.example", "ada@evil.example", "Call +49 30 1234567", "<b>Ada</b>", "null",
		strings.Repeat("Ada ", 40), "\u202e\u200b"} {
		vars := content.SampleVars(nil)
		vars.Learner.FirstName = name
		vars.Learner.Traits["first_name"] = name
		vars.Learner.Traits["lastName"] = name
		r := render(t, body, vars)
		if !strings.Contains(r.Text, "Hi there, you too") || strings.Contains(r.HTML, "evil") {
			t.Errorf("%q: %q", name, r.Text)
		}
	}
	vars := content.SampleVars(nil)
	vars.Learner.FirstName = "Ada\u202e\n  Lovelace"
	if r := render(t, body, vars); !strings.Contains(r.Text, "Hi Ada Lovelace, Ada too") {
		t.Errorf("got %q", r.Text)
	}
	vars.Learner.FirstName = "" // only the trait is known
	if r := render(t, body, vars); !strings.Contains(r.Text, "Hi Ada, Ada too") {
		t.Errorf("got %q", r.Text)
	}
}
