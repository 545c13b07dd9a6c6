package sendertest

import (
	"context"
	"errors"
	"fmt"
	"homeroom/delivery/email"
	"maps"
	"net/http"
	"strings"
	"testing"

	"homeroom/delivery"
)

// Options say what the suite may know of the provider under test.
type Options struct {
	// From is an address that the provider lets the account send from; empty: hello@example.com.
	From string
	// WrongKey opens a sender like the one under test, but with a key that the provider does not know; nil: the provider
	// has no keys, and that case is left out.
	WrongKey func(t *testing.T) email.Sender
	// Arrived returns what the provider took for a send id, after the sender came back; nil: it can't be asked, as in a
	// sandbox. The test then looks at the answers only.
	Arrived func(t *testing.T, sendID string) []Arrival
}

// Arrival is a mail as the provider has it.
type Arrival struct {
	Subject                     string
	ToName                      string
	Categories                  []string
	HeaderNames                 []string
	OpenTracking, ClickTracking bool
}

// verdict is what has to come of a send.
type verdict struct {
	class  delivery.Class // empty: accepted
	status int            // HTTP status of a refusal; 0: refused without asking the provider
}

var accepted = verdict{}

// finalVerdict by the provider, for good.
func finalVerdict(status int) verdict { return verdict{delivery.Final, status} }

// scenario is one send that differs from a good one by its change.
type scenario struct {
	name   string
	change func(*email.Email)
	want   verdict
	look   func(t *testing.T, a Arrival) // at what arrived, if that is known
}

// longArg is more than any limit that is documented for custom arguments (10,000 and 50,000 bytes).
const longArg = 60_000

var scenarios = []scenario{
	{
		name:   "a good mail",
		want:   accepted,
		change: func(*email.Email) {},
		look: func(t *testing.T, a Arrival) {
			if !a.OpenTracking || !a.ClickTracking {
				t.Errorf("tracking is off: %+v", a)
			}
		},
	},
	{name: "text only", want: accepted, change: func(m *email.Email) { m.HTML = "" }},
	{name: "HTML only", want: accepted, change: func(m *email.Email) { m.Text = "" }},
	{
		name: "no reply address, no names",
		want: accepted,
		change: func(m *email.Email) {
			m.ReplyTo = ""
			m.FromName = ""
			m.ToName = ""
		},
	},
	{
		name: "names and subject in any script",
		want: accepted,
		change: func(m *email.Email) {
			m.ToName = `Zoë „Ωmega“, O'Brien-学`
			m.FromName = "Academy <αβγ>, Ltd."
			m.Subject = "Grüße, 学生 🎓 — “again”"
		},
		look: func(t *testing.T, a Arrival) {
			if a.ToName != `Zoë „Ωmega“, O'Brien-学` || a.Subject != "Grüße, 学生 🎓 — “again”" {
				t.Errorf("arrived as %+v", a)
			}
		},
	},
	{
		name:   "a minor's mail",
		want:   accepted,
		change: func(m *email.Email) { m.NoTracking = true },
		look: func(t *testing.T, a Arrival) {
			if a.OpenTracking || a.ClickTracking {
				t.Errorf("tracking is on: %+v", a)
			}
		},
	},
	{
		name: "one-click unsubscribe",
		want: accepted,
		change: func(m *email.Email) {
			m.Headers = map[string]string{"List-Unsubscribe": "<https://academy.example/u/token>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
		},
		look: func(t *testing.T, a Arrival) {
			if len(a.HeaderNames) != 2 {
				t.Errorf("arrived with headers %v", a.HeaderNames)
			}
		},
	},
	// Categories are for statistics: no mail is worth losing over them.
	{
		name: "too many categories",
		want: accepted,
		change: func(m *email.Email) {
			m.Categories = nil
			for i := range 14 {
				m.Categories = append(m.Categories, fmt.Sprintf("rule-%d", i))
			}
		},
		look: func(t *testing.T, a Arrival) {
			if len(a.Categories) != 10 || a.Categories[0] != "rule-0" {
				t.Errorf("arrived with categories %v, want the first ten", a.Categories)
			}
		},
	},
	{name: "a category that is too long", want: accepted, change: func(m *email.Email) { m.Categories = []string{strings.Repeat("x", 300)} }},
	{
		name:   "a rule and its message of the same name",
		want:   accepted,
		change: func(m *email.Email) { m.Categories = []string{"well-done", "well-done"} },
		look: func(t *testing.T, a Arrival) {
			if len(a.Categories) != 1 {
				t.Errorf("arrived with categories %v, want one", a.Categories)
			}
		},
	},
	{name: "categories in no provider's alphabet", want: accepted, change: func(m *email.Email) { m.Categories = []string{"zurück", "", "学"} }},

	{name: "an address that is none", want: finalVerdict(http.StatusBadRequest), change: func(m *email.Email) { m.To = "not an address" }},
	{name: "no address", want: finalVerdict(http.StatusBadRequest), change: func(m *email.Email) { m.To = "" }},
	{name: "a sender that is no address", want: finalVerdict(http.StatusBadRequest), change: func(m *email.Email) { m.From = "academy" }},
	{name: "an empty subject", want: finalVerdict(http.StatusBadRequest), change: func(m *email.Email) { m.Subject = "" }},
	{
		name: "nothing to say",
		want: finalVerdict(http.StatusBadRequest),
		change: func(m *email.Email) {
			m.HTML = ""
			m.Text = ""
		},
	},
	{name: "a send id without end", want: finalVerdict(http.StatusBadRequest), change: func(m *email.Email) { m.SendID += strings.Repeat("x", longArg) }},

	{name: "a reserved header", want: verdict{class: delivery.Final}, change: withHeader("Bcc", "someone@example.com")},
	{name: "a reserved header in small letters", want: verdict{class: delivery.Final}, change: withHeader("x-sg-id", "1")},
	{name: "a header of two lines", want: verdict{class: delivery.Final}, change: withHeader("X-Note", "one\r\nBcc: someone@example.com")},
	{name: "a subject of two lines", want: verdict{class: delivery.Final}, change: func(m *email.Email) { m.Subject = "One\r\nBcc: someone@example.com" }},
	{name: "a subject with a bare line feed", want: verdict{class: delivery.Final}, change: func(m *email.Email) { m.Subject = "One\nmore" }},
}

func withHeader(name, value string) func(*email.Email) {
	return func(m *email.Email) { m.Headers = map[string]string{name: value} }
}

// Run checks that the senders made by open keep the contract of email.Sender. open is called once per case; senders
// may share an account.
func Run(t *testing.T, open func(t *testing.T) email.Sender, o Options) {
	t.Helper()
	if o.From == "" {
		o.From = "hello@example.com"
	}
	for i, c := range scenarios {
		t.Run(c.name, func(t *testing.T) {
			m := goodEmail(fmt.Sprintf("snd-conformance-%d", i), o.From)
			c.change(&m)
			_, err := open(t).Send(t.Context(), m)
			c.want.checkError(t, err, m)
			if o.Arrived == nil {
				return
			}
			arrived := o.Arrived(t, m.SendID)
			if c.want == accepted && len(arrived) != 1 || c.want != accepted && len(arrived) != 0 {
				t.Fatalf("%d mails arrived: %+v", len(arrived), arrived)
			}
			if c.look != nil {
				c.look(t, arrived[0])
			}
		})
	}
	if o.WrongKey != nil {
		t.Run("a wrong key", func(t *testing.T) {
			m := goodEmail("snd-conformance-key", o.From)
			_, err := o.WrongKey(t).Send(t.Context(), m)
			verdict{delivery.Refused, http.StatusUnauthorized}.checkError(t, err, m)
		})
	}
	t.Run("the caller has given up", func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := open(t).Send(ended, goodEmail("snd-conformance-ended", o.From))
		verdict{class: delivery.Retry}.checkError(t, err, email.Email{})
	})
	t.Run("a sender can be used again", func(t *testing.T) {
		s := open(t)
		bad := goodEmail("snd-conformance-bad", o.From)
		bad.To = "not an address"
		_, err := s.Send(t.Context(), bad)
		finalVerdict(http.StatusBadRequest).checkError(t, err, bad)
		m := goodEmail("snd-conformance-again", o.From)
		before := maps.Clone(m.Headers)
		_, err = s.Send(t.Context(), m)
		accepted.checkError(t, err, m)
		if !maps.Equal(m.Headers, before) {
			t.Errorf("the sender changed the message's headers: %v", m.Headers)
		}
	})
}

// goodEmail is a mail that every provider takes.
func goodEmail(id, from string) email.Email {
	return email.Email{
		SendID:     id,
		From:       from,
		FromName:   "Academy",
		ReplyTo:    "help@example.com",
		To:         "ada@example.com",
		ToName:     "Ada",
		Subject:    "One more try?",
		Text:       "Hello Ada",
		HTML:       "<p>Hello Ada</p>",
		Headers:    map[string]string{"X-Homeroom-Test": "conformance"},
		Categories: []string{"quiz-retry", "one-more-try"},
	}
}

// checkError compares what a sender said with the verdict. Whatever it said must not tell whom the mail was for.
func (v verdict) checkError(t *testing.T, err error, m email.Email) {
	t.Helper()
	if v == accepted {
		if err != nil {
			t.Errorf("not accepted: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("accepted, want %s with status %d", v.class, v.status)
	}
	if class, _ := delivery.Classify(err); class != v.class {
		t.Errorf("class %s (%v), want %s", class, err, v.class)
	}
	var e *delivery.Error
	if !errors.As(err, &e) {
		t.Errorf("got a %T, want a *delivery.Error", err)
	} else if e.Status != v.status {
		t.Errorf("status %d (%v), want %d", e.Status, err, v.status)
	}
	if err.Error() == "" {
		t.Error("the error says nothing")
	}
	for _, personal := range []string{m.To, m.ToName} {
		if personal != "" && strings.Contains(err.Error(), personal) {
			t.Errorf("the error tells whom the mail was for: %v", err)
		}
	}
}
