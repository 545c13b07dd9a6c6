package sendgrid

import (
	"encoding/json"
	"errors"
	"fmt"
	"homeroom/delivery/email"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go/helpers/mail"

	"homeroom/delivery"
)

// Limits of the mail-send endpoint.
const (
	maxCategories  = 10
	maxCategoryLen = 255
)

// reserved are the headers that the endpoint refuses, in canonical form.
var reserved = []string{"X-Sg-Id", "X-Sg-Eid", "Received", "Dkim-Signature", "Content-Type", "Content-Transfer-Encoding",
	"To", "From", "Subject", "Reply-To", "Cc", "Bcc"}

// requestBody writes the JSON of one message.
func requestBody(m email.Email, sandbox bool) ([]byte, error) {
	if strings.ContainsAny(m.Subject, "\r\n") {
		return nil, errors.New("sendgrid: the subject has a line break")
	}
	v3 := mail.NewV3Mail()
	v3.SetFrom(mail.NewEmail(m.FromName, m.From))
	if m.ReplyTo != "" {
		v3.SetReplyTo(mail.NewEmail("", m.ReplyTo))
	}
	v3.Subject = m.Subject
	to := mail.NewPersonalization()
	to.AddTos(mail.NewEmail(m.ToName, m.To))
	for _, address := range m.AlsoTo {
		to.AddTos(mail.NewEmail("", address))
	}
	for _, address := range m.Cc {
		to.AddCCs(mail.NewEmail("", address))
	}
	to.SetCustomArg(delivery.SendIDArg, m.SendID)
	v3.AddPersonalizations(to)
	if m.Text != "" { // plain text first: the endpoint asks for this order
		v3.AddContent(mail.NewContent("text/plain", m.Text))
	}
	if m.HTML != "" {
		v3.AddContent(mail.NewContent("text/html", m.HTML))
	}
	for name, value := range m.Headers {
		if slices.Contains(reserved, textproto.CanonicalMIMEHeaderKey(name)) {
			return nil, fmt.Errorf("sendgrid: the header %s may not be set", name)
		}
		if strings.ContainsAny(name+value, "\r\n") {
			return nil, fmt.Errorf("sendgrid: the header %s has a line break", name)
		}
		v3.SetHeader(name, value)
	}
	v3.AddCategories(validCategories(m.Categories)...)
	// Our own List-Unsubscribe is the only one.
	track := !m.NoTracking
	v3.SetTrackingSettings(mail.NewTrackingSettings().
		SetClickTracking(mail.NewClickTrackingSetting().SetEnable(track).SetEnableText(false)).
		SetOpenTracking(mail.NewOpenTrackingSetting().SetEnable(track)).
		SetSubscriptionTracking(mail.NewSubscriptionTrackingSetting().SetEnable(false)))
	if sandbox {
		v3.SetMailSettings(mail.NewMailSettings().SetSandboxMode(mail.NewSetting(true)))
	}
	body, err := json.Marshal(v3)
	if err != nil {
		return nil, fmt.Errorf("sendgrid: write the request: %w", err)
	}
	return body, nil
}

// validCategories are those that the endpoint takes: ten at the most, short, in ASCII, each once. They are for statistics; no
// mail is refused over them.
func validCategories(list []string) []string {
	var taken []string
	for _, c := range list {
		c = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return -1
			}
			return r
		}, c)
		c = strings.TrimSpace(c[:min(len(c), maxCategoryLen)])
		if c != "" && len(taken) < maxCategories && !slices.Contains(taken, c) {
			taken = append(taken, c)
		}
	}
	return taken
}

// errorText returns what SendGrid said in an error answer, in its own words.
func (s *Sender) errorText(r *rest.Response) string {
	var body struct {
		Errors []struct {
			Message string `json:"message"`
			Field   string `json:"field"`
		} `json:"errors"`
	}
	var messages []string
	if json.Unmarshal([]byte(r.Body), &body) == nil {
		for _, e := range body.Errors {
			if e.Field != "" {
				e.Message += " (" + e.Field + ")"
			}
			messages = append(messages, e.Message)
		}
	}
	text := strings.Join(messages, "; ")
	if strings.TrimSpace(text) == "" {
		text = strings.ToLower(http.StatusText(r.StatusCode))
	}
	text = strings.ReplaceAll(text, s.key(), "(API key)")
	return strings.Join(strings.Fields(strings.ToValidUTF8(text[:min(len(text), 1000)], "")), " ")
}

// retryAfter reads how long SendGrid wants to be left alone: X-RateLimit-Reset is in unix seconds, Retry-After in
// seconds from now. 0: it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil && n > 0 {
		return max(time.Unix(n, 0).Sub(now), 0)
	}
	if n, err := strconv.Atoi(h.Get("Retry-After")); err == nil && n > 0 {
		return time.Duration(min(n, 7*24*3600)) * time.Second
	}
	return 0
}
