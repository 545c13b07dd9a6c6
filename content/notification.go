package content

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"homeroom/internal/cleantext"
)

// Notification is a message as a phone shows it.
type Notification struct {
	Title string // one line: the subject
	Body  string // one line: what the front matter says under push, else the preheader, else the beginning of the text
	Link  string // where a touch leads: the first button; empty: to the app
}

const (
	// maxNotificationText bounds a body that is cut out of the text, in bytes. Phones show about so much.
	maxNotificationText = 180
	// MaxNotification bounds [Notification.Size], in bytes. Firebase takes 4096 bytes with everything around title, body and link: the names of the rule, the
	// message and the topic, say. What keeps the bound fits, however long these names are.
	MaxNotification = 3 << 10
)

// Size is how many bytes title, body and link have in a message to Firebase: as JSON, and the link twice, since apps and browsers read it in fields of their own.
func (n Notification) Size() int { return jsonSize(n.Title) + jsonSize(n.Body) + 2*jsonSize(n.Link) }

// jsonSize is how many bytes a text has as [json.Marshal] writes it, without the quotes: & is \u0026, six bytes.
func jsonSize(text string) int {
	raw, _ := json.Marshal(text) // a text can always be written
	return len(raw) - len(`""`)
}

// notificationOf is a rendered message as a phone shows it; push is what its front matter says.
func notificationOf(r Rendered, push string) Notification {
	n := Notification{Title: r.Subject, Body: cleantext.Line(push)}
	if n.Body == "" {
		n.Body = r.Preheader
	}
	if n.Body == "" {
		first, _, _ := strings.Cut(r.Plain, "\n\n")
		n.Body = cutText(cleantext.Line(first), maxNotificationText)
	}
	if len(r.Actions) > 0 {
		n.Link = r.Actions[0].URL
	}
	return n
}

// cutText shortens a text to at most limit bytes, at a space if there is one in its second half.
func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	if space := strings.LastIndexByte(text[:end], ' '); space > limit/2 {
		end = space
	}
	return text[:end] + "…"
}
