package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/delivery/sendgrid"
	"homeroom/internal/standin"
)

// TestTestMails: an editor sends a message to the address they signed in with and to no other, who may see people types one, and each is recorded before it goes.
// While sending is paused nothing goes.
func TestTestMails(t *testing.T) {
	mails := standin.New(standin.Options{Now: time.Now})
	t.Cleanup(mails.Close)
	provider := httptest.NewServer(mails)
	t.Cleanup(provider.Close)
	ivans := strings.Repeat("i", 30)
	people := tokens(t, "maya@academy.example  editor  "+mayas+"\ntom  editor,people,approver  "+toms+"\nivan  editor  "+ivans+"\n")
	s := openSiteWithMail(t, people, 1, console.TestMail{
		NewSender: func() (admin.TestSender, error) {
			return sendgrid.New(sendgrid.Options{APIKey: "SG.key", Host: provider.URL, Now: time.Now})
		},
		Allow: []string{"academy.example"},
	})
	sent := func(want ...string) {
		t.Helper()
		var got []string
		for _, m := range mails.Messages("") {
			if !strings.HasPrefix(m.Subject, "[test] ") {
				t.Errorf("the subject is %q", m.Subject)
			}
			got = append(got, m.To[0].Email)
		}
		log, err := s.admin.AuditLog(t.Context(), admin.AuditOptions{Action: "send_test"})
		if err != nil || strings.Join(got, " ") != strings.Join(want, " ") || log.Total != len(want) {
			t.Errorf("sent to %v, want %v; %d recorded, %v", got, want, log.Total, err)
		}
	}
	maya := s.browser(mayas)
	tom := s.browser(toms)
	test := "/messages/quiz-retry/test"

	if page := maya.get("/messages/quiz-retry"); !strings.Contains(page, "Send it to maya@academy.example as a test") || strings.Contains(page, `name="to"`) {
		t.Errorf("maya is offered\n%s", page)
	}
	if status, page := maya.do(http.MethodPost, test, url.Values{}); status != http.StatusOK || !strings.Contains(page, "is on its way to maya@academy.example") {
		t.Fatalf("%d\n%s", status, page)
	}
	sent("maya@academy.example")
	if status, page := maya.do(http.MethodPost, test, url.Values{"to": {"ada@example.org"}}); status != http.StatusForbidden {
		t.Errorf("%d\n%s", status, page)
	}
	if status, page := s.browser(ivans).do(http.MethodPost, test, url.Values{}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "ivan is no address") {
		t.Errorf("%d\n%s", status, page)
	}
	for _, hostile := range []string{"Ada <ada@example.org>", "a@b\r\nBcc: c@example.org", "nobody", strings.Repeat("a", 400) + "@example.org"} {
		if status, page := tom.do(http.MethodPost, test, url.Values{"to": {hostile}}); status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d\n%s", hostile, status, page)
		}
	}
	if status, page := tom.do(http.MethodPost, test, url.Values{"to": {"tom@academy.example"}}); status != http.StatusOK {
		t.Fatalf("%d\n%s", status, page)
	}
	if status, page := tom.do(http.MethodPost, test, url.Values{"to": {"ada@learners.example"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "HOMEROOM_ALLOW") {
		t.Errorf("whom the allow-list does not name: %d\n%s", status, page)
	}
	if status, _ := tom.do(http.MethodPost, "/messages/nothing/test", url.Values{"to": {"tom@academy.example"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("a message that is not there: %d", status)
	}

	if _, err := s.admin.As(admin.Actor{Name: "tom"}).Pause(t.Context(), admin.PauseOptions{Author: "tom", Note: "wrong price"}); err != nil {
		t.Fatal(err)
	}
	if status, page := maya.do(http.MethodPost, test, url.Values{}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "wrong price") {
		t.Errorf("%d\n%s", status, page)
	}
	if got := len(mails.Messages("")); got != 2 {
		t.Errorf("%d mails were sent", got)
	}
}

// TestNoKeyForTestMails: a console without a key says what to set, and sends nothing.
func TestNoKeyForTestMails(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	b := s.browser("")
	status, page := b.do(http.MethodPost, "/messages/quiz-retry/test", url.Values{"to": {"maya@academy.example"}})
	if shown := b.get("/messages/quiz-retry"); status != http.StatusUnprocessableEntity || !strings.Contains(page, "--sendgrid-key-file") || !strings.Contains(shown, "--sendgrid-key-file") {
		t.Errorf("%d\n%s\n%s", status, page, shown)
	}
}
