package standin

import (
	"strings"
	"time"
)

// SendArg is the custom argument that carries Homeroom's own id of a send.
const SendArg = "homeroom_send"

// Address is an address with an optional name, in SendGrid's own spelling.
type Address struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// String writes the address as a mail header does.
func (a Address) String() string {
	if a.Name == "" {
		return a.Email
	}
	return a.Name + " <" + a.Email + ">"
}

// Label is what a person calls the address: its name, or the address itself.
func (a Address) Label() string {
	if a.Name != "" {
		return a.Name
	}
	return a.Email
}

// Message is one mail: one personalization of an accepted request.
type Message struct {
	ID         string            `json:"id"`                // the request's X-Message-Id; ".1", ".2" … for further personalizations
	SendID     string            `json:"send_id,omitempty"` // custom argument homeroom_send
	Copy       int               `json:"copy"`              // 1 for the first mail with this send id, 2 for its first repeat …
	At         time.Time         `json:"at"`                // when it was taken, by Options.Now
	From       Address           `json:"from"`
	ReplyTo    *Address          `json:"reply_to,omitempty"`
	To         []Address         `json:"to"`
	Cc         []Address         `json:"cc,omitempty"`
	Bcc        []Address         `json:"bcc,omitempty"`
	Subject    string            `json:"subject"`
	Text       string            `json:"text,omitempty"`
	HTML       string            `json:"html,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	Categories []string          `json:"categories,omitempty"`
	CustomArgs map[string]string `json:"custom_args,omitempty"`
	Tracking   map[string]bool   `json:"tracking,omitempty"` // by setting ("open_tracking"): on or off; absent: the account's default
	Events     []Event           `json:"events,omitempty"`   // the first 50, oldest first
}

// keepEvents is the maximum number of events that are kept of one mail.
const keepEvents = 50

// isTracked reports whether the setting is on. It is on unless the mail turns it off.
func (m *Message) isTracked(setting string) bool {
	on, present := m.Tracking[setting]
	return on || !present
}

// sizeInBytes returns roughly how much memory the message takes, in bytes.
func (m *Message) sizeInBytes() int {
	return 1024 + len(m.Subject) + len(m.Text) + len(m.HTML)
}

// matchesWords reports whether every word of the query occurs somewhere a person would look for it. Words are lower case.
func (m *Message) matchesWords(words []string) bool {
	if len(words) == 0 {
		return true
	}
	var b strings.Builder
	for _, list := range [][]Address{m.To, m.Cc, m.Bcc} {
		for _, a := range list {
			b.WriteString(a.String() + "\n")
		}
	}
	b.WriteString(m.Subject + "\n" + m.SendID + "\n" + m.ID + "\n" + strings.Join(m.Categories, "\n"))
	text := strings.ToLower(b.String())
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// Counts counts what happened so far. Unlike messages, counts are never dropped.
type Counts struct {
	Requests   int         `json:"requests"`   // posts to /v3/mail/send, however they ended
	Statuses   map[int]int `json:"statuses"`   // answers by status; 0: the connection was reset or the client had gone
	Accepted   int         `json:"accepted"`   // mails taken, repeats included
	Suppressed int         `json:"suppressed"` // of the mails taken, those dropped because of a suppression list
	Sandboxed  int         `json:"sandboxed"`  // requests that were only validated
	Duplicates int         `json:"duplicates"` // mails whose send id had been taken before
	Unnamed    int         `json:"unnamed"`    // mails without a send id
	Held       int         `json:"held"`       // requests waiting for a release right now
	Repeated   []string    `json:"repeated"`   // the first 100 send ids that came more than once
}
