package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"homeroom/delivery"
)

// Host is Firebase's.
const Host = "https://fcm.googleapis.com"

const (
	// defaultTimeout bounds one request from the first byte to the last.
	defaultTimeout = 15 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 16 << 10
)

// Options are how Firebase is reached.
type Options struct {
	Account Account       // who sends; the zero Account: nothing is sent, and messages wait
	Host    string        // the base address, without a path; empty: [Host]. A stand-in may be plain http.
	Timeout time.Duration // of a request; 0: 15 seconds
	Now     func() time.Time
}

// Pusher hands a message to one app. Its errors are of type *[delivery.Error].
type Pusher interface {
	// Push makes one attempt.
	Push(ctx context.Context, p Push) (delivery.Receipt, error)
}

// Push is a message that is ready for one app.
type Push struct {
	Token string // the app's
	Body  []byte // the request's
}

// Client pushes through Firebase. It implements [Pusher] and may be used concurrently.
type Client struct {
	url    string
	now    func() time.Time
	tokens *tokens // nil: there is no account
	http   *http.Client
}

// New checks the options and returns a client. It calls nobody.
func New(o Options) (*Client, error) {
	if o.Host == "" {
		o.Host = Host
	}
	u, err := url.Parse(strings.TrimSuffix(o.Host, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return nil, fmt.Errorf("push: the host must be an address like %s", Host)
	case o.Now == nil:
		return nil, errors.New("push: Options.Now is missing")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	c := &Client{
		url:  u.String() + "/v1/projects/" + url.PathEscape(o.Account.Project) + "/messages:send",
		now:  o.Now,
		http: delivery.NewHTTPClient(o.Timeout),
	}
	if o.Account.config != nil {
		c.tokens = &tokens{account: o.Account, http: c.http, now: o.Now}
	}
	return c, nil
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Check asks for an access token, and sends nothing. Its errors are of type *[delivery.Error].
func (c *Client) Check() error {
	if c.tokens == nil {
		return errNoAccount
	}
	_, err := c.tokens.accessToken(context.Background()) // it ends within the timeout
	return err
}

// errNoAccount lets messages wait until the process is given an account.
var errNoAccount = &delivery.Error{Class: delivery.Refused, Message: "this process has no service account; give it one with --push-account-file"}

// Push implements [Pusher].
func (c *Client) Push(ctx context.Context, p Push) (delivery.Receipt, error) {
	if c.tokens == nil {
		return delivery.Receipt{}, errNoAccount
	}
	token, err := c.tokens.accessToken(ctx)
	if err != nil {
		return delivery.Receipt{}, err
	}
	ctx, written := delivery.TraceWritten(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(p.Body))
	if err != nil {
		return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Message: "the request to Firebase cannot be written"}
	}
	request.GetBody = nil // net/http would make a request again on a connection that broke off
	request.Header = http.Header{
		"Authorization": {"Bearer " + token},
		"Content-Type":  {"application/json; charset=utf-8"},
		"User-Agent":    {"homeroom"},
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return delivery.Receipt{}, noAnswer(err, written.Load())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return c.readAnswer(answer, body, err)
}

// readAnswer reads an answer; its body may have broken off.
func (c *Client) readAnswer(answer *http.Response, body []byte, broken error) (delivery.Receipt, error) {
	if answer.StatusCode >= 200 && answer.StatusCode < 300 { // it is accepted, whatever became of the body
		var accepted struct {
			Name string `json:"name"` // projects/P/messages/ID
		}
		_ = json.Unmarshal(body, &accepted)
		return delivery.Receipt{MessageID: accepted.Name[strings.LastIndexByte(accepted.Name, '/')+1:]}, nil
	}
	if broken != nil {
		return delivery.Receipt{}, &delivery.Error{Class: delivery.Uncertain, Status: answer.StatusCode, Message: "the connection to Firebase broke off within its answer"}
	}
	if answer.StatusCode == http.StatusUnauthorized {
		c.tokens.forgetToken()
	}
	return delivery.Receipt{}, classifyAnswer(answer.StatusCode, answer.Header, body, c.now())
}

// noAnswer says what it means that no answer came. The cause's own words may repeat the address, and are left out.
func noAnswer(err error, written bool) error {
	why := "it could not be reached"
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		why = "it took too long"
	}
	if !written {
		return &delivery.Error{Class: delivery.Retry, Message: "no answer from Firebase: " + why}
	}
	return &delivery.Error{Class: delivery.Uncertain, Message: "no answer from Firebase to a message that was written: " + why}
}
