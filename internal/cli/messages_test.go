package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// postbox is a SendGrid that answers one thing and remembers what it was asked.
type postbox struct {
	status  int
	answer  string
	bodies  []string
	headers http.Header
}

func (p *postbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.bodies = append(p.bodies, string(body))
	p.headers = r.Header
	w.Header().Set("X-Message-Id", "msg-1")
	w.WriteHeader(p.status)
	_, _ = io.WriteString(w, p.answer)
}

// sendTest runs `homeroom messages send-test` against a SendGrid.
func sendTest(t *testing.T, p *postbox, change func(*MessagesSendTestCmd)) (out string, err error) {
	t.Helper()
	server := httptest.NewServer(p)
	defer server.Close()
	t.Setenv("SENDGRID_API_KEY", "SG.key")
	c := &MessagesSendTestCmd{
		Message:       "certificate-ready",
		To:            "maya@academy.example",
		Academy:       "../../examples/academy",
		SendGridFlags: SendGridFlags{SendGridAccountFlags: SendGridAccountFlags{SendGridHost: server.URL}},
	}
	change(c)
	var printed, complained bytes.Buffer
	at := func() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }
	err = c.Run(t.Context(), IO{Out: &printed, Err: &complained, Now: at})
	return printed.String(), err
}

func TestSendTest(t *testing.T) {
	p := &postbox{status: http.StatusAccepted}
	with := filepath.Join(t.TempDir(), "with.yaml")
	if err := os.WriteFile(with, []byte("learner: {first_name: Grace}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := sendTest(t, p, func(c *MessagesSendTestCmd) { c.With = with })
	if err != nil {
		t.Fatal(err)
	}
	want := "SendGrid took \"[test] Your certificate is ready\" (certificate-ready, default locale) to maya@academy.example from maya@academy.example as msg-1. It should be there in a minute.\n"
	if out != want {
		t.Errorf("got %q\nwant %q", out, want)
	}
	var mail struct {
		Subject          string
		Categories       []string
		Headers          map[string]string
		Personalizations []struct {
			To []struct{ Email string }
			// CustomArgs carry the send id.
			CustomArgs map[string]string `json:"custom_args"`
		}
		Content  []struct{ Type, Value string }
		Tracking struct {
			Open struct{ Enable bool } `json:"open_tracking"`
		} `json:"tracking_settings"`
	}
	if err := json.Unmarshal([]byte(p.bodies[0]), &mail); err != nil {
		t.Fatal(err)
	}
	if mail.Subject != "[test] Your certificate is ready" || len(mail.Categories) != 1 || mail.Categories[0] != "homeroom-test" ||
		!strings.HasPrefix(mail.Personalizations[0].CustomArgs["homeroom_send"], "test-") || mail.Personalizations[0].To[0].Email != "maya@academy.example" {
		t.Errorf("mail %+v", mail)
	}
	if len(mail.Headers) != 0 || mail.Tracking.Open.Enable {
		t.Errorf("headers %v, opens tracked %t", mail.Headers, mail.Tracking.Open.Enable)
	}
	if text := mail.Content[0].Value; !strings.Contains(text, "Congratulations, Grace!") || !strings.Contains(text, "https://academy.example/unsubscribe/sample") {
		t.Errorf("text %s", text)
	}
}

func TestSendTestInTheSandbox(t *testing.T) {
	p := &postbox{status: http.StatusOK}
	out, err := sendTest(t, p, func(c *MessagesSendTestCmd) {
		c.Sandbox = true
		c.Message = "welcome"
		c.Locale = "de-AT"
	})
	if err != nil || !strings.HasPrefix(out, `SendGrid checked "[test] Ihr Platz ist da: `) || !strings.Contains(out, "(welcome, de)") || !strings.HasSuffix(out, "delivers nothing: sandbox mode.\n") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestWhatGoesWrongWithATest(t *testing.T) {
	const forbidden = `{"errors":[{"message":"The from address does not match a verified Sender Identity.","field":"from"}]}`
	for _, c := range []struct {
		name   string
		p      postbox
		change func(*MessagesSendTestCmd)
		code   int
		want   []string
		sent   int
	}{
		{"in SendGrid's own words", postbox{status: 403, answer: forbidden}, nil, 1,
			[]string{"certificate-ready was not sent: SendGrid answered 403: The from address does not match a verified Sender Identity. (from)"}, 1},
		{"a wrong key", postbox{status: 401, answer: `{"errors":[{"message":"The provided authorization grant is invalid"}]}`}, nil, 1,
			[]string{"401: The provided authorization grant is invalid; is SENDGRID_API_KEY the whole key"}, 1},
		{"a busy SendGrid", postbox{status: 429}, nil, 1, []string{"429: too many requests; try again in a moment"}, 1},
		{"a gateway", postbox{status: 502}, nil, 1, []string{"look into the inbox before you try again"}, 1},
		{"no address", postbox{}, func(c *MessagesSendTestCmd) { c.To = "Maya <maya@academy.example>" }, 2, []string{"write the bare one"}, 0},
		{"no such message", postbox{}, func(c *MessagesSendTestCmd) { c.Message = "nobody" }, 2, []string{"there is no message nobody; there are announcement, cancelled-ask-why, "}, 0},
		{"nobody is there", postbox{}, func(c *MessagesSendTestCmd) { c.SendGridHost = "http://127.0.0.1:1" }, 1, []string{"could not be reached", "; try again in a moment"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*MessagesSendTestCmd) {}
			}
			out, err := sendTest(t, &c.p, change)
			if err == nil || out != "" || len(c.p.bodies) != c.sent {
				t.Fatalf("got %q, %v after %d mails", out, err, len(c.p.bodies))
			}
			var complained bytes.Buffer
			if code := exitCode(err, IO{Err: &complained}); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(complained.String(), want) {
					t.Errorf("got %s, without %q", &complained, want)
				}
			}
		})
	}
}

func TestMessagesList(t *testing.T) {
	var out bytes.Buffer
	if err := (&MessagesListCmd{Dir: "../../examples/academy"}).Run(t.Context(), IO{Out: &out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"MESSAGE               LOCALES      TOPIC         SENT BY               SUBJECT\n",
		"quiz-retry            default, de  progress      quiz-retry            Another go at that quiz?\n",
		"welcome               default, de  -             welcome               You're in: {{ course.title | default: 'your new course' }}\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("missing %q in\n%s", want, &out)
		}
	}
}

// TestATestMailKeepsToTheAllowList: a staging system mails nobody whom its allow-list does not name, and an empty list is a mistake.
func TestATestMailKeepsToTheAllowList(t *testing.T) {
	p := &postbox{status: http.StatusAccepted}
	_, err := sendTest(t, p, func(c *MessagesSendTestCmd) { c.Allow = []string{"elsewhere.example"} })
	if err == nil || !strings.Contains(err.Error(), "does not name it") {
		t.Errorf("to somebody whom the list does not name: %v", err)
	}
	t.Setenv("HOMEROOM_ALLOW", " ")
	if _, err := sendTest(t, p, func(*MessagesSendTestCmd) {}); err == nil || !strings.Contains(err.Error(), "HOMEROOM_ALLOW is set and empty") {
		t.Errorf("with an empty list: %v", err)
	}
	if len(p.bodies) > 0 {
		t.Errorf("%d mails were sent", len(p.bodies))
	}
}
