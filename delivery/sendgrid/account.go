package sendgrid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sendgrid/rest"

	"homeroom/delivery"
)

// The errors of questions about the account.
var (
	ErrKeyUnknown   = errors.New("SendGrid does not know the API key")    // 401
	ErrNotPermitted = errors.New("the API key may not ask SendGrid this") // 403
)

// PermissionSend is the permission that Homeroom needs, and the only one.
const PermissionSend = "mail.send"

// Permissions are those of the API key (GET /v3/scopes). Nothing is sent. The errors are [ErrKeyUnknown],
// [ErrNotPermitted], or say why SendGrid could not be asked.
func (s *Sender) Permissions(ctx context.Context) ([]string, error) {
	var answer struct {
		Scopes []string `json:"scopes"`
	}
	err := s.getJSON(ctx, "/v3/scopes", &answer)
	return answer.Scopes, err
}

// MaySendAs reports whether the account may send from an address: its domain is authenticated (GET
// /v3/whitelabel/domains) or it is a verified sender (GET /v3/verified_senders). A key that may only send may not ask:
// [ErrNotPermitted].
func (s *Sender) MaySendAs(ctx context.Context, address string) (bool, error) {
	var domains []struct {
		Domain string `json:"domain"`
		Valid  bool   `json:"valid"`
	}
	_, domain, _ := strings.Cut(address, "@")
	first := s.getJSON(ctx, "/v3/whitelabel/domains?limit=200", &domains)
	for _, d := range domains {
		if d.Valid && d.Domain != "" && (strings.EqualFold(d.Domain, domain) || strings.HasSuffix(strings.ToLower(domain), "."+strings.ToLower(d.Domain))) {
			return true, nil
		}
	}
	var senders struct {
		Results []struct {
			From     string `json:"from_email"`
			Verified bool   `json:"verified"`
		} `json:"results"`
	}
	second := s.getJSON(ctx, "/v3/verified_senders?limit=200", &senders)
	for _, one := range senders.Results {
		if one.Verified && strings.EqualFold(one.From, address) {
			return true, nil
		}
	}
	if first != nil { // half an answer is no "no"
		return false, first
	}
	return false, second
}

// getJSON asks SendGrid for something and reads its answer.
func (s *Sender) getJSON(ctx context.Context, path string, into any) error {
	response, err := s.ask(ctx, rest.Get, path)
	if err == nil {
		err = s.checkAnswer(response)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(response.Body), into); err != nil {
		path, _, _ := strings.Cut(path, "?")
		return fmt.Errorf("SendGrid's answer to %s is not what its reference says: %w", path, err)
	}
	return nil
}

// ask makes one request that is not about a message.
func (s *Sender) ask(ctx context.Context, method rest.Method, path string) (*rest.Response, error) {
	response, err := s.client.SendWithContext(ctx, rest.Request{
		Method:  method,
		BaseURL: s.host + path,
		Headers: map[string]string{"Authorization": "Bearer " + s.key(), "Accept": "application/json", "User-Agent": "homeroom"},
	})
	if err == nil && response == nil {
		err = errors.New("no answer")
	}
	if err != nil {
		return nil, fmt.Errorf("SendGrid could not be reached at %s: %w", s.host, removeKey(err, s.key()))
	}
	return response, nil
}

// checkAnswer returns an error unless an answer says that all is well: a [*delivery.Error] with the status, that wraps [ErrKeyUnknown] or
// [ErrNotPermitted] if it says so.
func (s *Sender) checkAnswer(response *rest.Response) error {
	if isAccepted(response.StatusCode) {
		return nil
	}
	e := &delivery.Error{
		Class:   classOf(response.StatusCode),
		Status:  response.StatusCode,
		Message: fmt.Sprintf("SendGrid answered %d: %s", response.StatusCode, s.errorText(response)),
	}
	switch response.StatusCode {
	case http.StatusUnauthorized:
		e.Err = ErrKeyUnknown
	case http.StatusForbidden:
		e.Err = ErrNotPermitted
	case http.StatusTooManyRequests:
		e.RetryAfter = retryAfter(http.Header(response.Headers), s.now())
	}
	if e.Err != nil {
		e.Message = fmt.Sprintf("%v (%d: %s)", e.Err, response.StatusCode, s.errorText(response))
	}
	return e
}
