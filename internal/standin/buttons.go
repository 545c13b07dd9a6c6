package standin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// pressButton performs what a learner does with a mail: open, click (a link), unsubscribe or spam. The error says why it
// could not be done.
func (s *Server) pressButton(ctx context.Context, m Message, button, link string) error {
	const notReported = "this mail does not report that it was %s: %s is off, as for minors"
	switch button {
	case "open":
		if !s.openMail(m, false) {
			return fmt.Errorf(notReported, "opened", "open tracking")
		}
	case "click":
		if !slices.Contains(linksOf(m), link) {
			return fmt.Errorf("the mail has no link %q", link)
		}
		if !s.clickLink(m, link) {
			return fmt.Errorf(notReported, "clicked", "click tracking")
		}
	case "spam":
		s.reportEventsOf(m, Event{Kind: SpamReport})
	case "unsubscribe":
		_, err := s.oneClick(ctx, m)
		return err
	default:
		return fmt.Errorf("there is no button %q; there are open, click, unsubscribe and spam", button)
	}
	return nil
}

// buttonPage handles a button of a mail's page and redirects back to the page, which then shows the new events.
func (s *Server) buttonPage(w http.ResponseWriter, r *http.Request) {
	m, ok := s.mails.getMessage(r.PathValue("id"))
	if !ok {
		renderPage(w, http.StatusNotFound, "gone.html", nil)
		return
	}
	back := "/mail/" + url.PathEscape(m.ID)
	if err := s.pressButton(r.Context(), m, r.PathValue("button"), ""); err != nil {
		if now, ok := s.mails.getMessage(m.ID); ok {
			m = now // with the events that the failed attempt added
		}
		s.renderMail(w, m, r.FormValue("view"), err.Error())
		return
	}
	if view := r.FormValue("view"); view != "" {
		back += "?" + url.Values{"view": {view}}.Encode()
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// eventLine is one event as people read it on a mail's page.
type eventLine struct {
	Event
	When, Words, Detail string
}

// describeEvents returns a mail's events as lines for people.
func describeEvents(m Message) []eventLine {
	lines := make([]eventLine, 0, len(m.Events))
	for _, e := range m.Events {
		l := eventLine{Event: e, When: e.At.UTC().Format("15:04")}
		if day := e.At.UTC().Format("2 Jan"); day != m.At.UTC().Format("2 Jan") {
			l.When = day + ", " + l.When
		}
		l.Words, l.Detail = describeEvent(e)
		lines = append(lines, l)
	}
	return lines
}

func describeEvent(e Event) (words, detail string) {
	switch e.Kind {
	case Processed:
		return "Accepted by the provider", ""
	case Delivered:
		return "Delivered", e.Response
	case Dropped:
		return "Not sent by the provider", e.Reason
	case Deferred:
		return "Put off by the learner's mail server", e.Response
	case Bounce:
		if e.BounceType == "blocked" {
			return "Blocked by the learner's mail server", e.Reason
		}
		return "Bounced", e.Reason
	case Open:
		if e.Machine {
			return "Fetched by a mail program", "not a person"
		}
		return "Opened", ""
	case Click:
		return "Link followed", e.URL
	case SpamReport:
		return "Marked as spam", ""
	case OneClick:
		return "Unsubscribe pressed", e.Reason
	case Unsubscribe:
		return "Unsubscribed at the provider", ""
	}
	return e.Kind, e.Reason
}

// listLabelOf returns the word that the inbox shows for a mail: the event of the highest rank. It is empty without events.
func listLabelOf(m Message) listLabel {
	ranks := []listLabel{
		{Delivered, "delivered", false}, {Deferred, "put off", false}, {Open, "opened", false}, {Click, "clicked", false},
		{OneClick, "unsubscribed", false}, {Unsubscribe, "unsubscribed", false},
		{Dropped, "dropped", true}, {Bounce, "bounced", true}, {SpamReport, "spam", true},
	}
	for _, rank := range slices.Backward(ranks) {
		if slices.ContainsFunc(m.Events, func(e Event) bool {
			return e.Kind == rank.Kind && !e.Machine && (e.Kind != OneClick || e.isAcceptedOneClick())
		}) {
			return rank
		}
	}
	return listLabel{}
}

// listLabel is the word that the inbox shows for a mail.
type listLabel struct {
	Kind, Word string
	Bad        bool
}
