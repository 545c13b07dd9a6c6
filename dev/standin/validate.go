package standin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of the Mail Send API.
const (
	maxBody             = 30 << 20 // bytes of a request
	maxPersonalizations = 1000
	maxRecipients       = 1000  // to + cc + bcc of a request
	maxCustomArgs       = 10000 // bytes of JSON; must stay below
	maxCategories       = 10
	maxCategory         = 255 // characters
	maxSendAhead        = 72 * time.Hour
)

// forbiddenHeaders may not be set by a sender, in lower case.
var forbiddenHeaders = map[string]bool{
	"x-sg-id": true, "x-sg-eid": true, "received": true, "dkim-signature": true, "content-type": true,
	"content-transfer-encoding": true, "to": true, "from": true, "subject": true, "reply-to": true, "cc": true, "bcc": true,
}

const helpBase = "https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors#"

// apiError is one entry of SendGrid's {"errors":[…]}; an empty field or help is written as null.
type apiError struct {
	Message string
	Field   string // "personalizations.0.to.0.email"
	Help    string
}

// MarshalJSON writes null where there is nothing to say, as the API does.
func (e apiError) MarshalJSON() ([]byte, error) {
	orNull := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return json.Marshal(struct {
		Message string  `json:"message"`
		Field   *string `json:"field"`
		Help    *string `json:"help"`
	}{e.Message, orNull(e.Field), orNull(e.Help)})
}

// parse reads and checks a request body. The request is only of use when there are no errors.
func parse(body []byte, now time.Time) (*sendRequest, []apiError) {
	var r sendRequest
	if err := json.Unmarshal(body, &r); err != nil {
		var typeErr *json.UnmarshalTypeError
		if errors.As(err, &typeErr) && typeErr.Field != "" {
			return nil, []apiError{{Message: fmt.Sprintf("The %s parameter must not be a %s.", typeErr.Field, typeErr.Value), Field: typeErr.Field}}
		}
		return nil, []apiError{{Message: "Bad Request: " + err.Error()}}
	}
	c := check{now: now}
	c.sender(&r)
	c.personalizations(&r)
	c.content(&r)
	c.headers("headers", r.Headers)
	c.categories(r.Categories)
	c.sendAt("send_at", r.SendAt)
	return &r, c.errs
}

// check collects every mistake of one request.
type check struct {
	now  time.Time
	errs []apiError
}

func (c *check) fail(field, help, format string, args ...any) {
	c.errs = append(c.errs, apiError{Message: fmt.Sprintf(format, args...), Field: field, Help: helpBase + help})
}

func (c *check) address(field, help, email string) {
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != strings.TrimSpace(email) || a.Name != "" {
		c.fail(field, help, "Does not contain a valid address.")
	}
}

func (c *check) sender(r *sendRequest) {
	if r.From == nil || r.From.Email == "" {
		c.fail("from.email", "from", "The from object must be provided for every email send. It is an object that requires the email parameter, but may also contain a name parameter.")
	} else {
		c.address("from.email", "from", r.From.Email)
	}
	if r.ReplyTo != nil {
		c.address("reply_to.email", "reply_to", r.ReplyTo.Email)
	}
	if r.ReplyTo != nil && len(r.ReplyToList) > 0 {
		c.fail("reply_to_list", "reply_to", "The reply_to and reply_to_list parameters may not both be given.")
	}
}

func (c *check) personalizations(r *sendRequest) {
	const help = "personalizations"
	n := len(r.Personalizations)
	switch {
	case n == 0:
		c.fail("personalizations", help, "The personalizations field is required and must have at least one personalization.")
	case n > maxPersonalizations:
		c.fail("personalizations", help, "The personalization block is limited to %d personalizations per API request. You have provided %d personalizations.", maxPersonalizations, n)
		return
	}
	recipients, subjects := 0, 0
	for i, p := range r.Personalizations {
		field := fmt.Sprintf("personalizations.%d", i)
		recipients += len(p.To) + len(p.Cc) + len(p.Bcc)
		if p.Subject != "" {
			subjects++
		}
		c.recipients(field, p)
		c.headers(field+".headers", p.Headers)
		c.sendAt(field+".send_at", p.SendAt)
		if args, _ := json.Marshal(mergedArgs(r.CustomArgs, p.CustomArgs)); len(args) >= maxCustomArgs {
			c.fail(field+".custom_args", "custom_args", "Custom arguments must stay below %d bytes in all; these are %d.", maxCustomArgs, len(args))
		}
	}
	if recipients > maxRecipients {
		c.fail("personalizations", help, "There is a limit of %d total recipients (to + cc + bcc) per request. You have provided %d.", maxRecipients, recipients)
	}
	if r.Subject == "" && r.TemplateID == "" && (n == 0 || subjects < n) {
		c.fail("subject", "subject", "The subject is required. You can get around this requirement if you use a template with a subject defined or if every personalization has a subject defined.")
	}
}

func (c *check) recipients(field string, p personalization) {
	if len(p.To) == 0 {
		c.fail(field+".to", "personalizations", "The to array is required for all personalization objects, and must have at least one email object with a valid email address.")
	}
	seen := map[string]bool{}
	for _, group := range []struct {
		name string
		list []Address
	}{{"to", p.To}, {"cc", p.Cc}, {"bcc", p.Bcc}} {
		for i, a := range group.list {
			c.address(fmt.Sprintf("%s.%s.%d.email", field, group.name, i), "personalizations", a.Email)
			key := strings.ToLower(a.Email)
			if seen[key] {
				c.fail(field, "personalizations", "Each email address in the personalization block should be unique between to, cc, and bcc. We found the first duplicate instance of [%s] in the %s.%s field.", a.Email, field, group.name)
			}
			seen[key] = true
		}
	}
}

func (c *check) content(r *sendRequest) {
	const help = "content"
	if len(r.Content) == 0 && r.TemplateID == "" {
		c.fail("content", help, "Unless a valid template_id is provided, the content parameter is required. There must be at least one defined content block.")
	}
	rank := map[string]int{"text/plain": 0, "text/html": 1}
	last, seen := 0, map[string]bool{}
	for i, part := range r.Content {
		field := fmt.Sprintf("content.%d", i)
		switch {
		case part.Type == "":
			c.fail(field+".type", help, "The content type must be a string at least one character in length.")
		case strings.ContainsAny(part.Type, ";\r\n"):
			c.fail(field+".type", help, "The content type cannot contain ';', or CRLF characters.")
		}
		if part.Value == "" {
			c.fail(field+".value", help, "The content value must be a string at least one character in length.")
		}
		at, known := rank[part.Type]
		if !known {
			at = len(rank)
		}
		if known && seen[part.Type] {
			c.fail(field+".type", help, "If present, text/plain and text/html may only be provided once.")
		} else if at < last {
			c.fail(field+".type", help, "If present, text/plain must be first, followed by text/html, followed by any other content.")
		}
		last, seen[part.Type] = max(last, at), true
	}
	for i, a := range r.Attachments {
		field := fmt.Sprintf("attachments.%d", i)
		if _, err := base64.StdEncoding.DecodeString(a.Content); err != nil || a.Content == "" {
			c.fail(field+".content", "attachments", "The attachment content must be base64 encoded.")
		}
		if a.Filename == "" {
			c.fail(field+".filename", "attachments", "The filename of the attachment is required.")
		}
	}
}

func (c *check) headers(field string, headers map[string]string) {
	for name := range headers {
		switch {
		case forbiddenHeaders[strings.ToLower(name)]:
			c.fail(field+"."+name, "headers", "The header %s is reserved and may not be set.", name)
		case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }):
			c.fail(field, "headers", "The header name %q must be printable ASCII without spaces or colons.", name)
		case strings.ContainsAny(headers[name], "\r\n"):
			c.fail(field+"."+name, "headers", "The value of header %s may not contain line breaks.", name)
		}
	}
}

func (c *check) categories(categories []string) {
	if len(categories) > maxCategories {
		c.fail("categories", "categories", "You may insert up to %d categories; these are %d.", maxCategories, len(categories))
	}
	seen := map[string]bool{}
	for i, name := range categories {
		field := fmt.Sprintf("categories.%d", i)
		switch {
		case name == "" || utf8.RuneCountInString(name) > maxCategory:
			c.fail(field, "categories", "A category must have 1 to %d characters.", maxCategory)
		case seen[name]:
			c.fail(field, "categories", "The categories should be unique; %q occurs twice.", name)
		}
		seen[name] = true
	}
}

func (c *check) sendAt(field string, at int64) {
	if at > 0 && time.Unix(at, 0).Sub(c.now) > maxSendAhead {
		c.fail(field, "send_at", "The send_at parameter may not be more than 72 hours ahead.")
	}
}
