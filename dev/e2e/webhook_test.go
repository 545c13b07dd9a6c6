package e2e

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"homeroom/app"
	"homeroom/delivery/webhook"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/targetstandin"
)

// TestWebhook: a message for a target is posted once, signed, although the first answer was lost, and costs no mail.
func TestWebhook(t *testing.T) {
	target, err := targetstandin.New(targetstandin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(target)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := webhook.ReadSecrets(strings.NewReader("chat " + targetstandin.Secret))
	if err != nil {
		t.Fatal(err)
	}
	files := harness.Files(map[string]string{"rules/retry.yaml": `rule: retry
when: {event: assessment.graded, if: event.passed == false}
per: assessment_id
do:
  - send: nudge
    channel: webhook
`})
	files["settings.yaml"] += "targets: {chat: {url: \"" + server.URL + "/homeroom\", traits: [email]}}\n"
	target.Fail(targetstandin.Fault{Status: 502, Taken: true})
	w := open(t, harness.Academy(t, files), instance.Options{Targets: app.TargetOptions{Secrets: secrets, PrivateHosts: []string{u.Host}}})
	w.publish("ada", "assessment.graded", failedQuiz("q1"))
	sent := w.wait(1, of("ada", engine.KindSent))
	post, taken := target.Post(sent[0].Send)
	var body webhook.Body
	if err := json.Unmarshal(post.Body, &body); err != nil || !taken {
		t.Fatalf("send %s arrived as %s (%v); the target counted %+v", sent[0].Send, post.Body, err, target.Counts())
	}
	if body.Subject != "ada" || body.Data.Target != "chat" || body.Data.Title != "One more try" || body.Data.Traits["email"] != address("ada") || post.Repeats != 1 {
		t.Errorf("arrived as %+v after %d repeats", body, post.Repeats)
	}
	if sent[0].Channel != engine.ChannelWebhook {
		t.Errorf("the decision names the channel %q", sent[0].Channel)
	}
	if c := w.stack.Mail.Counts(); c.Requests != 0 {
		t.Errorf("%d requests at the mail provider", c.Requests)
	}
}
