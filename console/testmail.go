package console

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"homeroom/admin"
)

// TestMail says how test mails are sent.
type TestMail struct {
	NewSender func() (admin.TestSender, error) // nil: there is no key, and the page says what to set
	Sandbox   bool                             // the provider checks mails and delivers none
	Allow     []string                         // the only addresses and domains that get any; empty: every one
}

// testMailForm is what a message's page offers to send.
type testMailForm struct {
	To    string `json:"to,omitempty"` // the person's own address; empty: their name here is none
	Typed bool   `json:"typed"`        // they may type one
	Ready bool   `json:"ready"`        // there is a key
}

// offerTestMail returns to whom a person may send a test mail. One's own address is the name that one signed in with; another may be typed by who may see every
// learner's address anyway.
func (c *Console) offerTestMail(p Person) *testMailForm {
	if !p.May(RoleEditor) {
		return nil
	}
	return &testMailForm{
		To:    admin.AddressOf(p.Name),
		Typed: p.May(RolePeople),
		Ready: c.o.TestMail.NewSender != nil,
	}
}

// errNoMailKey says that the console cannot send.
var errNoMailKey = errors.New("the console has no key of SendGrid: set SENDGRID_API_KEY or --sendgrid-key-file where it runs")

// sendTestMail sends a message with sample data to the person who asks.
func (c *Console) sendTestMail(req *request) (*page, error) {
	form := c.offerTestMail(req.person)
	to := strings.TrimSpace(req.PostFormValue("to"))
	switch {
	case !form.Ready:
		return nil, &admin.InputError{Err: errNoMailKey}
	case to == "":
		to = form.To
	case to != form.To && !form.Typed:
		return nil, fmt.Errorf("%s may send test mails to the address they signed in with only: another needs the role %s, too: %w", req.person.Name, RolePeople, errForbidden)
	}
	if to == "" {
		return nil, &admin.InputError{Err: fmt.Errorf("the name %s is no address: type yours", req.person.Name)}
	}
	w, err := c.openWorkspace(req)
	if err != nil {
		return nil, err
	}
	message := req.PathValue("message")
	locale := strings.TrimSpace(req.PostFormValue("locale"))
	sent, err := c.as(req).SendTest(req.Context(), w.folder, admin.SendTestOptions{
		PreviewOptions: admin.PreviewOptions{
			Message: message,
			Locale:  locale,
		},
		To:        to,
		Allow:     c.o.TestMail.Allow,
		NewSender: c.o.TestMail.NewSender,
	})
	if err != nil {
		return nil, err
	}
	notice := fmt.Sprintf("“%s” is on its way to %s.", sent.Subject, sent.To)
	if c.o.TestMail.Sandbox {
		notice = fmt.Sprintf("SendGrid checked “%s”, and delivers nothing: sandbox mode.", sent.Subject)
	}
	path := joinPath([]string{"/messages", message})
	if locale != "" {
		path += "?locale=" + url.QueryEscape(locale)
	}
	return c.goTo(req, path, notice)
}
