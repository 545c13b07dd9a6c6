package standin

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The kinds of events: SendGrid's, and OneClick, which only the inbox shows.
const (
	Processed   = "processed"
	Dropped     = "dropped"
	Delivered   = "delivered"
	Deferred    = "deferred"
	Bounce      = "bounce"
	Open        = "open"
	Click       = "click"
	SpamReport  = "spamreport"
	Unsubscribe = "unsubscribe" // by SendGrid's own link, which Homeroom's mails do not have

	OneClick = "one_click" // the learner's mail program posted to List-Unsubscribe; never reported
)

// reportable lists the kinds that the event webhook reports.
var reportable = []string{
	Processed, Dropped, Delivered, Deferred, Bounce, Open, Click, SpamReport, Unsubscribe,
	"group_unsubscribe", "group_resubscribe", "account_status_change",
}

// Event is something that happened to a mail. Its JSON has the webhook's field names. Empty fields get the most likely
// value of the real webhook.
type Event struct {
	Kind       string    `json:"event"`
	ID         string    `json:"sg_event_id,omitempty"`
	At         time.Time `json:"at"`                  // zero: now
	Email      string    `json:"email,omitempty"`     // default: the first recipient
	Reason     string    `json:"reason,omitempty"`    // of bounce and dropped; what a one-click request was answered
	Status     string    `json:"status,omitempty"`    // of bounce: "5.1.1"; of a one-click request: "200"
	BounceType string    `json:"type,omitempty"`      // "bounce" or "blocked"
	Response   string    `json:"response,omitempty"`  // of the learner's mail server
	Attempt    int       `json:"attempt,omitempty"`   // of deferred
	URL        string    `json:"url,omitempty"`       // of click
	UserAgent  string    `json:"useragent,omitempty"` // of open, click
	IP         string    `json:"ip,omitempty"`
	Machine    bool      `json:"sg_machine_open,omitempty"` // opened by a mail program's prefetch, not by a person
	// Late omits sg_message_id and smtp-id, as the real webhook does when a bounce comes days later.
	Late bool `json:"late,omitempty"`
}

// Bad reports whether the event is bad news for the sender.
func (e Event) Bad() bool {
	return slices.Contains([]string{Dropped, Bounce, SpamReport}, e.Kind) || e.Kind == OneClick && !e.isAcceptedOneClick()
}

// isAcceptedOneClick reports whether a one-click request was answered with 200, as mail programs require.
func (e Event) isAcceptedOneClick() bool { return e.Status == "200" }

// withDefaults returns the event with its empty fields filled from the mail and the kind.
func (e Event) withDefaults(m Message, now time.Time) Event {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.At.IsZero() {
		e.At = now
	}
	orElse := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	if len(m.To) > 0 {
		orElse(&e.Email, m.To[0].Email)
	}
	switch e.Kind {
	case Delivered:
		orElse(&e.Response, "250 2.0.0 OK")
	case Deferred:
		orElse(&e.Response, "421 4.7.0 try again later")
		e.Attempt = max(e.Attempt, 1)
	case Dropped:
		orElse(&e.Reason, "Bounced Address")
		orElse(&e.Status, "5.0.0")
	case Bounce:
		orElse(&e.BounceType, "bounce")
		orElse(&e.Status, "5.1.1")
		orElse(&e.Reason, "550 5.1.1 The email account that you tried to reach does not exist")
	case Open, Click:
		orElse(&e.UserAgent, userAgentOf(m))
		orElse(&e.IP, fmt.Sprintf("203.0.113.%d", 1+int(randomShare(0, m, "ip")*250)))
	}
	return e
}

// webhookJSON returns the event as the webhook posts it: the custom arguments, overridden by SendGrid's fields.
func (e Event) webhookJSON(m Message) []byte {
	fields := map[string]any{}
	for name, value := range m.CustomArgs {
		fields[name] = value
	}
	maps.Copy(fields, map[string]any{"email": e.Email, "event": e.Kind, "timestamp": e.At.Unix(), "sg_event_id": e.ID})
	id, part, _ := strings.Cut(m.ID, ".")
	if !e.Late {
		fields["sg_message_id"] = fmt.Sprintf("%s.filterdrecv-5645d9c87f-78xmx-1-%X-%s.0", id, m.At.Unix(), "0"+part)
		fields["smtp-id"] = "<" + id + "@geopod-ismtpd-1>"
	}
	switch len(m.Categories) {
	case 0:
	case 1:
		fields["category"] = m.Categories[0]
	default:
		fields["category"] = m.Categories
	}
	for name, value := range map[string]string{
		"reason": e.Reason, "status": e.Status, "type": e.BounceType, "response": e.Response,
		"url": e.URL, "useragent": e.UserAgent, "ip": e.IP,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	switch e.Kind {
	case Open:
		fields["sg_machine_open"] = e.Machine
		fields["sg_content_type"] = "html"
	case Click:
		fields["url_offset"] = map[string]any{"index": 0, "type": "html"}
	case Deferred:
		fields["attempt"] = fmt.Sprint(e.Attempt)
	case Bounce:
		fields["tls"] = 1
		fields["bounce_classification"] = "Invalid Address"
	case Delivered:
		fields["tls"] = 1
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(fields) // strings, numbers and booleans only
	return bytes.TrimSpace(b.Bytes())
}

var userAgents = []string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
}

// userAgentOf returns the user agent of the mail's reader.
func userAgentOf(m Message) string {
	return userAgents[int(randomShare(0, m, "browser")*float64(len(userAgents)))]
}

// randomShare returns a number in [0, 1) that depends only on the seed, the mail and the question. The mail counts by its
// send id and copy if it has a send id, because message ids differ from run to run.
func randomShare(seed uint64, m Message, question string) float64 {
	of := m.SendID
	if of == "" {
		of = m.ID
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%d\x00%s", seed, of, m.Copy, question))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

// Report reports an event of the mail with this X-Message-Id or send id (of several copies the newest). The event is added
// to the mail, and posted to the webhook if there is one. It returns an error if there is no such mail or kind of event.
func (s *Server) Report(id string, e Event) error {
	if !slices.Contains(reportable, e.Kind) {
		return fmt.Errorf("the stand-in SendGrid has no event %q; there are %s", e.Kind, strings.Join(reportable, ", "))
	}
	m, ok := s.mails.getMessage(id)
	if !ok {
		return fmt.Errorf("the stand-in SendGrid keeps no mail with message or send id %q", id)
	}
	s.reportEventsOf(m, e)
	return nil
}

// reportEventsOf adds events to a mail and to the webhook's queue, in order.
func (s *Server) reportEventsOf(m Message, events ...Event) {
	items := make([]webhookItem, 0, len(events))
	for i := range events {
		events[i] = events[i].withDefaults(m, s.now())
		s.lists.noteEvent(events[i])
		if slices.Contains(reportable, events[i].Kind) {
			items = append(items, webhookItem{id: events[i].ID, json: events[i].webhookJSON(m)})
		}
	}
	s.mails.addEvents(m.ID, events...)
	s.hook.addItems(items...)
}
