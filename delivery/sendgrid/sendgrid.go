package sendgrid

import (
	"context"
	"errors"
	"fmt"
	"homeroom/delivery/email"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sendgrid/rest"

	"homeroom/delivery"
)

// The hosts of SendGrid. EU subusers have one of their own.
const (
	HostGlobal = "https://api.sendgrid.com"
	HostEU     = "https://api.eu.sendgrid.com"
)

const endpoint = "/v3/mail/send"

// Options are how to reach SendGrid.
type Options struct {
	APIKey string // required
	// Host is the base address, without a path; empty: HostGlobal. A stand-in may be plain http.
	Host string
	// Sandbox asks SendGrid to check messages and not to send them.
	Sandbox bool
	// Timeout bounds one request from the first byte to the last; 0: 20 seconds.
	Timeout time.Duration
	// Now is the wall clock that SendGrid's reset times are read against; required.
	Now func() time.Time
}

// Format keeps the key out of logs, however the options are printed.
func (o Options) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "sendgrid.Options{Host:%q Sandbox:%t Timeout:%s}", o.Host, o.Sandbox, o.Timeout)
}

// Sender implements email.Sender. It may be used concurrently.
type Sender struct {
	host    string
	sandbox bool
	now     func() time.Time
	key     func() string // a function, so that printing a Sender does not print the key
	client  rest.Client
}

// New checks the options and returns a Sender. It does not call SendGrid.
func New(o Options) (*Sender, error) {
	if o.Host == "" {
		o.Host = HostGlobal
	}
	o.Host = strings.TrimSuffix(o.Host, "/")
	u, err := url.Parse(o.Host)
	switch {
	case o.APIKey == "":
		return nil, errors.New("sendgrid: the API key is missing")
	case strings.ContainsFunc(o.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("sendgrid: the API key has a space, a line break or another character that no key has; check how it was copied")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return nil, fmt.Errorf("sendgrid: the host must be an address like %s", HostGlobal)
	case o.Now == nil:
		return nil, errors.New("sendgrid: Options.Now is missing")
	}
	if o.Timeout <= 0 {
		o.Timeout = 20 * time.Second
	}
	key := o.APIKey
	return &Sender{
		host:    o.Host,
		sandbox: o.Sandbox,
		now:     o.Now,
		key:     func() string { return key },
		client:  rest.Client{HTTPClient: delivery.NewHTTPClient(o.Timeout)},
	}, nil
}

// Close drops idle connections.
func (s *Sender) Close() { s.client.HTTPClient.CloseIdleConnections() }

// Send implements email.Sender.
func (s *Sender) Send(ctx context.Context, m email.Email) (delivery.Receipt, error) {
	body, err := requestBody(m, s.sandbox)
	if err != nil {
		return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Message: err.Error(), Err: err}
	}
	request := rest.Request{
		Method:  rest.Post,
		BaseURL: s.host + endpoint,
		Body:    body,
		Headers: map[string]string{
			"Authorization": "Bearer " + s.key(), "Accept": "application/json",
			"Content-Type": "application/json", "User-Agent": "homeroom",
		},
	}
	ctx, written := delivery.TraceWritten(ctx)
	response, err := s.client.SendWithContext(ctx, request)
	if response != nil && (err == nil || isAccepted(response.StatusCode)) {
		return s.readAnswer(response)
	}
	if err == nil {
		err = errors.New("no answer")
	}
	failure := &delivery.Error{Class: delivery.Uncertain, Err: removeKey(err, s.key())}
	if !written.Load() {
		failure.Class = delivery.Retry
		failure.Message = fmt.Sprintf("SendGrid could not be reached: %v", failure.Err)
	} else {
		failure.Message = fmt.Sprintf("the connection to SendGrid broke off before its answer: %v", failure.Err)
	}
	return delivery.Receipt{}, failure
}

func isAccepted(status int) bool { return status >= 200 && status < 300 }

// readAnswer reads a complete answer, or an acceptance whose body broke off.
func (s *Sender) readAnswer(r *rest.Response) (delivery.Receipt, error) {
	headers := http.Header(r.Headers)
	if isAccepted(r.StatusCode) {
		return delivery.Receipt{MessageID: headers.Get("X-Message-Id")}, nil
	}
	e := &delivery.Error{Status: r.StatusCode, Class: classOf(r.StatusCode)}
	if e.Class == delivery.Retry {
		e.RetryAfter = retryAfter(headers, s.now())
	}
	e.Message = fmt.Sprintf("SendGrid answered %d: %s", r.StatusCode, s.errorText(r))
	return delivery.Receipt{}, e
}

// classOf says what a complete answer without acceptance means for the message.
func classOf(status int) delivery.Class {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusInternalServerError, status == http.StatusServiceUnavailable:
		return delivery.Retry
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return delivery.Refused
	case status >= 500: // gateways: what is behind them may have taken it
		return delivery.Uncertain
	default:
		return delivery.Final
	}
}

// removeKey removes the request's details from a client error, whose text would repeat the address, and the key wherever
// it may be.
func removeKey(err error, key string) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if strings.Contains(err.Error(), key) {
		return errors.New(strings.ReplaceAll(err.Error(), key, "(API key)"))
	}
	return err
}
