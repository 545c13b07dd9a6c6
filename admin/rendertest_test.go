package admin_test

import (
	"strings"
	"testing"

	"homeroom/admin"
)

// TestRuleTestsRenderWhatIsSent: a message that production could not write for this very event is failed in a rule test, too.
func TestRuleTestsRenderWhatIsSent(t *testing.T) {
	const (
		catalog = "events:\n  shop.opened:\n    properties: {price_cents: integer, page: string}\n"
		rule    = "rule: shop\nwhen: {event: shop.opened}\ndo: [{send: shop}]\n"
		message = "---\nsubject: \"{% if trigger.price_cents %}Only {{ trigger.price_cents }}{% else %}Come in{% endif %}\"\n---\n" +
			"Dear {{ learner.first_name | default: \"friend\" }}, this line is long enough to be broken in the plain text: {% button \"Come in\" links.shop %}\n"
		settings = "links: {shop: \"https://shop.example/{{ page | default: 'all' }}\"}\n"
		start    = "learner: {traits: {email: ada@example.org, first_name: Ada}}\nstart: 2026-03-02T10:00:00Z\n"
	)
	for _, c := range []struct {
		name, message, properties, expect string
		passed                            bool
		want                              string // in the timeline
	}{
		{"it says so", message, "price_cents: 100", `{sent: shop, text_contains: ["Only 100", "Dear Ada, this line is long enough to be broken in the plain text:"]}`, true, ""},
		{"with no optional property", message, "page: x", "{sent: shop, text_contains: Come in}", true, ""},
		{"the address of the button", message, "page: x", "{sent: shop, text_contains: https://shop.example/x}", true, ""},
		{"it says something else", message, "price_cents: 100", "{sent: shop, text_contains: Only 200}", false, `text shop does not contain "Only 200"`},
		{
			"a link that is none", strings.Replace(message, "links.shop", "trigger.page | default: links.shop", 1),
			"page: next door", "{sent: shop}", false, "template_error",
		},
		{
			"expected to fail", strings.Replace(message, "links.shop", "trigger.page | default: links.shop", 1),
			"page: next door", "{failed: shop, reason: template_error}", true, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := admin.LoadFolder(memoryFolder(map[string]string{
				"catalog.yaml":     catalog,
				"settings.yaml":    settings,
				"rules/shop.yaml":  rule,
				"messages/shop.md": c.message,
				"tests/welcome.yaml": "test: shop\n" + start + "events: [{at: +0s, event: shop.opened, properties: {" + c.properties + "}}]\nexpect: [" +
					strings.Replace(c.expect, "{", "{at: +0s, ", 1) + "]\n",
			}), ".")
			run, err := admin.TestFolder(t.Context(), folder, admin.TestOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(run.Problems) > 0 || len(run.Results) != 1 {
				t.Fatalf("problems: %v", run.Problems)
			}
			var printed strings.Builder
			if err := run.Results[0].Write(&printed, false); err != nil {
				t.Fatal(err)
			}
			if flat := strings.Join(strings.Fields(printed.String()), " "); run.Results[0].Passed != c.passed || !strings.Contains(flat, c.want) {
				t.Errorf("passed: %v, want %v and %q in:\n%s", run.Results[0].Passed, c.passed, c.want, printed.String())
			}
		})
	}
}
