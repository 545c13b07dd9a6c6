package standin

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	anchor   = regexp.MustCompile(`(?is)<a\s[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	bareLink = regexp.MustCompile(`https?://[^\s<>"]+`)
	inAngles = regexp.MustCompile(`<\s*(https?://[^>\s]+)\s*>`)
)

// linksOf returns the http(s) links of a mail in reading order, each once.
func linksOf(m Message) []string {
	var found []string
	for _, match := range anchor.FindAllStringSubmatch(m.HTML, -1) {
		found = append(found, strings.TrimSpace(html.UnescapeString(match[1]+match[2])))
	}
	if m.HTML == "" {
		found = bareLink.FindAllString(m.Text, -1)
	}
	var list []string
	for _, link := range found {
		if (strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://")) && !slices.Contains(list, link) {
			list = append(list, link)
		}
	}
	return list
}

// headerValue returns a header of the mail, regardless of case.
func (m *Message) headerValue(name string) string {
	for k, v := range m.Headers {
		if textproto.CanonicalMIMEHeaderKey(k) == textproto.CanonicalMIMEHeaderKey(name) {
			return v
		}
	}
	return ""
}

// UnsubscribeURL returns the address that a mail program's unsubscribe button posts to (RFC 8058); empty if the mail has
// none.
func (m *Message) UnsubscribeURL() string {
	if !strings.EqualFold(strings.ReplaceAll(m.headerValue("List-Unsubscribe-Post"), " ", ""), "List-Unsubscribe=One-Click") {
		return ""
	}
	if match := inAngles.FindStringSubmatch(m.headerValue("List-Unsubscribe")); match != nil {
		return match[1]
	}
	return ""
}

// errNoOneClick is why there is no unsubscribe button.
var errNoOneClick = errors.New("the mail has no one-click unsubscribe: it needs the headers List-Unsubscribe with an https address and List-Unsubscribe-Post: List-Unsubscribe=One-Click")

// oneClick performs the mail program's one-click unsubscribe: a POST without cookies that follows no redirect. It returns
// the answer in words.
func (s *Server) oneClick(ctx context.Context, m Message) (string, error) {
	to := m.UnsubscribeURL()
	if to == "" {
		return "", errNoOneClick
	}
	if !isLoopback(to) {
		return "", fmt.Errorf("the unsubscribe link %w", errOtherMachine)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		return "", fmt.Errorf("the unsubscribe link is no address: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", userAgentOf(m))
	status, err := requestStatus(s.client, r)
	if err != nil {
		return "", fmt.Errorf("the unsubscribe request got no answer: %w", err)
	}
	words := fmt.Sprintf("answered %d %s", status, http.StatusText(status))
	s.reportEventsOf(m, Event{Kind: OneClick, URL: to, Status: strconv.Itoa(status), Reason: words})
	if status != http.StatusOK {
		return words, fmt.Errorf("the unsubscribe request was %s; mail programs want 200", words)
	}
	return words, nil
}

// visitLink requests a link as a reader's browser does, but only on this machine and without redirects.
func (s *Server) visitLink(ctx context.Context, m Message, link string) error {
	if !isLoopback(link) {
		return errOtherMachine
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", userAgentOf(m))
	r.Header.Set("Accept", "text/html")
	_, err = requestStatus(s.client, r)
	return err
}
