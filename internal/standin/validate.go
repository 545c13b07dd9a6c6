package standin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of the Mail Send API (its reference, "Limitations" and "Errors").
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

const (
	helpBase   = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."
	badAddress = "Does not contain a valid address."
	likeThis   = `e.g. {"email": "example@example.com"} or {"email": "example@example.com", "name": "Example Recipient"}.`
	tooShort   = "The content value must be a string at least one character in length."
)

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

// parseRequest reads and checks a request body. The request is valid only if there are no errors.
func parseRequest(body []byte, now time.Time) (*sendRequest, []apiError) {
	if !utf8.Valid(body) {
		return nil, []apiError{{Message: "Invalid UTF8 in request."}}
	}
	var r sendRequest
	if err := json.Unmarshal(body, &r); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			given, _, _ := strings.Cut(wrong.Value, " ")
			return nil, []apiError{{
				Message: fmt.Sprintf("Invalid type. Expected: %s, given: %s.", jsonType(wrong.Type), given),
				Field:   wrong.Field,
				Help:    helpBase + wrong.Field,
			}}
		}
		return nil, []apiError{{Message: "Bad Request"}}
	}
	c := requestCheck{now: now}
	c.checkSender(&r)
	c.checkPersonalizations(&r)
	c.checkContent(&r)
	c.checkAttachments(&r)
	c.checkHeaders("headers", r.Headers)
	c.checkCustomArgs("custom_args", r.CustomArgs)
	c.checkCategories(r.Categories)
	c.checkSendAt("send_at", r.SendAt)
	return &r, c.errs
}

// jsonType returns JSON's name for the values of a Go type.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Map, reflect.Struct, reflect.Pointer:
		return "object"
	case reflect.Slice:
		return "array"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "integer"
	default:
		return t.Kind().String()
	}
}

// requestCheck collects every mistake of one request.
type requestCheck struct {
	now  time.Time
	errs []apiError
}

func (c *requestCheck) addError(field, help, format string, args ...any) {
	c.errs = append(c.errs, apiError{Message: fmt.Sprintf(format, args...), Field: field, Help: helpBase + help})
}

// checkAddress requires an address in ASCII with a dot in its domain; the API accepts no internationalized mailboxes.
func (c *requestCheck) checkAddress(field, help, email string) {
	a, err := mail.ParseAddress(email)
	bad := err != nil || a.Address != email || a.Name != "" || len(email) > 254
	if at := strings.LastIndexByte(email, '@'); !bad {
		bad = at > 64 || !strings.Contains(strings.Trim(email[at+1:], "."), ".") || strings.ContainsFunc(email, notASCII)
	}
	if bad {
		c.addError(field, help, badAddress)
	}
}

func notASCII(r rune) bool { return r <= ' ' || r > '~' }

func (c *requestCheck) checkSender(r *sendRequest) {
	if r.From == nil || r.From.Email == "" {
		c.addError("from.email", "from", "The from object must be provided for every email send. It is an object that requires the email parameter, but may also contain a name parameter. %s", likeThis)
	} else {
		c.checkAddress("from.email", "from", r.From.Email)
	}
	if r.ReplyTo != nil {
		if r.ReplyTo.Email == "" {
			c.addError("reply_to.email", "reply_to", "The reply_to object, when used, must at least have an email parameter and may also contain a name parameter. %s", likeThis)
		} else {
			c.checkAddress("reply_to.email", "reply_to", r.ReplyTo.Email)
		}
		if len(r.ReplyToList) > 0 {
			c.addError("reply_to_list", "reply_to", "The reply_to and reply_to_list parameters may not both be given.")
		}
	}
}

func (c *requestCheck) checkPersonalizations(r *sendRequest) {
	const help = "personalizations"
	n := len(r.Personalizations)
	switch {
	case n == 0:
		c.addError("personalizations", help, "The personalizations field is required and must have at least one personalization.")
	case n > maxPersonalizations:
		c.addError("personalizations", help, "The personalization block is limited to %d personalizations per API request. You have provided %d personalizations. Please consider splitting this into multiple requests and resending your request.", maxPersonalizations, n)
		return
	}
	recipients := 0
	subjects := 0
	for i, p := range r.Personalizations {
		field := fmt.Sprintf("personalizations.%d", i)
		recipients += len(p.To) + len(p.Cc) + len(p.Bcc)
		if p.Subject != "" {
			subjects++
		}
		c.checkRecipients(field, p)
		if p.From != nil {
			c.checkAddress(field+".from.email", "personalizations.from", p.From.Email)
		}
		c.checkSubject(field+".subject", p.Subject)
		c.checkHeaders(field+".headers", p.Headers)
		c.checkCustomArgs(field+".custom_args", p.CustomArgs)
		if args, _ := json.Marshal(mergedArgs(r.CustomArgs, p.CustomArgs)); len(args) >= maxCustomArgs {
			c.addError(field+".custom_args", "personalizations.custom_args", "The combined size of both global and personalization custom arguments may not exceed %d bytes per personalization; these have %d.", maxCustomArgs, len(args))
		}
		c.checkSendAt(field+".send_at", p.SendAt)
	}
	if recipients > maxRecipients {
		c.addError("personalizations", help, "There is a limit of %d total recipients (to + cc + bcc) per request. You have provided %d.", maxRecipients, recipients)
	}
	if r.Subject == "" && r.TemplateID == "" && (n == 0 || subjects < n) {
		c.addError("subject", "subject", "The subject is required. You can get around this requirement if you use a template with a subject defined or if every personalization has a subject defined.")
	}
	c.checkSubject("subject", r.Subject)
}

// checkSubject refuses line breaks, which is stricter than the API's reference: that does not say how they are treated.
func (c *requestCheck) checkSubject(field, subject string) {
	if strings.ContainsAny(subject, "\r\n") {
		c.addError(field, "subject", "The subject can't contain CRLF characters.")
	}
}

func (c *requestCheck) checkRecipients(field string, p personalization) {
	if len(p.To) == 0 {
		c.addError(field+".to", "personalizations.to", "The to array is required for all personalization objects, and must have at least one email object with a valid email address.")
	}
	seen := map[string]bool{}
	for _, group := range []struct {
		name string
		list []Address
	}{{"to", p.To}, {"cc", p.Cc}, {"bcc", p.Bcc}} {
		for i, a := range group.list {
			c.checkAddress(fmt.Sprintf("%s.%s.%d.email", field, group.name, i), "personalizations."+group.name, a.Email)
			key := strings.ToLower(a.Email)
			if seen[key] {
				c.addError(field, "personalizations", "Each email address in the personalization block should be unique between to, cc, and bcc. We found the first duplicate instance of [%s] in the %s.%s field.", a.Email, field, group.name)
			}
			seen[key] = true
		}
	}
}

func (c *requestCheck) checkContent(r *sendRequest) {
	if len(r.Content) == 0 && r.TemplateID == "" {
		c.addError("content", "content", "Unless a valid template_id is provided, the content parameter is required. There must be at least one defined content block. We typically suggest both text/plain and text/html blocks are included, but only one block is required.")
	}
	rank := map[string]int{"text/plain": 0, "text/html": 1}
	last := 0
	seen := map[string]bool{}
	for i, part := range r.Content {
		field := fmt.Sprintf("content.%d", i)
		switch {
		case part.Type == "":
			c.addError(field+".type", "content.type", "Your content type must be a string with length of at least one character.")
		case strings.ContainsAny(part.Type, ";\r\n"):
			c.addError(field+".type", "content.type", "The content type cannot contain ';', or CRLF characters.")
		}
		if part.Value == "" {
			c.addError(field+".value", "content.value", tooShort)
		}
		at, known := rank[part.Type]
		if !known {
			at = len(rank)
		}
		if known && seen[part.Type] {
			c.addError(field+".type", "content.type", "If present, text/plain and text/html may only be provided once.")
		} else if at < last {
			c.addError(field+".type", "content.type", "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email: text/plain needs to be first, followed by text/html, followed by any other content.")
		}
		last = max(last, at)
		seen[part.Type] = true
	}
}

func (c *requestCheck) checkAttachments(r *sendRequest) {
	for i, a := range r.Attachments {
		field := fmt.Sprintf("attachments.%d", i)
		if a.Content == "" {
			c.addError(field+".content", "attachments.content", "The attachment content must be a string at least one character in length.")
		} else if _, err := base64.StdEncoding.DecodeString(a.Content); err != nil {
			c.addError(field+".content", "attachments.content", "The attachment content must be base64 encoded.")
		}
		switch {
		case a.Filename == "":
			c.addError(field+".filename", "attachments.filename", "The filename of the attachment is required.")
		case strings.ContainsAny(a.Filename, "\r\n"):
			c.addError(field+".filename", "attachments.filename", "The filename of your attachment can't contain CRLF characters.")
		}
	}
}

func (c *requestCheck) checkHeaders(field string, headers map[string]string) {
	seen := map[string]bool{}
	for name := range headers {
		lower := strings.ToLower(name)
		switch {
		case forbiddenHeaders[lower]:
			c.addError(field+"."+name, "headers", "Header can not be one of the reserved keys: %s.", name)
		case name == "" || strings.ContainsFunc(name, func(r rune) bool { return notASCII(r) || r == ':' }):
			c.addError(field, "headers", "Header keys can't contain non-ASCII characters and empty spaces.")
		case seen[lower]:
			c.addError(field+"."+name, "headers", "The headers can't contain duplicate keys.")
		case strings.ContainsAny(headers[name], "\r\n"):
			c.addError(field+"."+name, "headers", "The header values can't contain CRLF characters.")
		}
		seen[lower] = true
	}
}

func (c *requestCheck) checkCustomArgs(field string, args map[string]any) {
	if args != nil && len(args) == 0 {
		c.addError(field, "custom_args", "custom_args can't be empty.")
	}
	for name, value := range args {
		if _, ok := value.(string); !ok {
			c.addError(field+"."+name, "custom_args", "All values of custom arguments object must be strings.")
		}
	}
}

func (c *requestCheck) checkCategories(categories []string) {
	if len(categories) > maxCategories {
		c.addError("categories", "categories", "There is a limit of %d categories for each email that is sent. You provided %d categories.", maxCategories, len(categories))
	}
	seen := map[string]bool{}
	for i, name := range categories {
		field := fmt.Sprintf("categories.%d", i)
		switch {
		case name == "":
			c.addError(field, "categories", "Categories must be an array of strings at least one character in length.")
		case utf8.RuneCountInString(name) > maxCategory:
			c.addError(field, "categories", "Each category must not be longer than %d characters. %s exceeds this limit.", maxCategory, name)
		case strings.ContainsFunc(name, func(r rune) bool { return r > utf8.RuneSelf-1 }):
			c.addError(field, "categories", "Categories can not contain non-ASCII characters.")
		case seen[name]:
			c.addError(field, "categories", "The categories must be a unique list, and you have included %s more than once.", name)
		}
		seen[name] = true
	}
}

func (c *requestCheck) checkSendAt(field string, at int64) {
	if at > 0 && time.Unix(at, 0).Sub(c.now) > maxSendAhead {
		c.addError(field, "send_at", "Scheduling more than 72 hours in advance is forbidden.")
	}
}
