package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
)

const (
	// recognizedFor is for how long after a post a target has to recognize its id. A message that was put off is posted anew as long as its rule's patience allows.
	recognizedFor = 24 * time.Hour
	// misconfigured is how long a message waits whose target refuses every post, until somebody has looked at it.
	misconfigured = 10 * time.Minute
	// defaultTimeout bounds a post, as Standard Webhooks advises.
	defaultTimeout = 15 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes. Nothing in it counts: it is read so that the connection can be used again.
	maxAnswer = 16 << 10
)

// Options are how targets are reached.
type Options struct {
	Secrets Secrets // of the targets; a target without one is not posted to
	// PrivateHosts may be posted to although their addresses are not public, and without TLS: "host" or "host:port".
	PrivateHosts []string
	Timeout      time.Duration // of a post, from the first byte to the last; 0: 15 seconds
	Now          func() time.Time
}

// Poster hands a message to a target. Its errors are of type *[delivery.Error].
type Poster interface {
	// Post makes one attempt.
	Post(ctx context.Context, p Post) (delivery.Receipt, error)
}

// Post is a message that is ready to be posted.
type Post struct {
	ID     string // the send's
	Target content.Target
	Body   []byte
}

// Client posts to targets. It implements [Poster] and may be used concurrently.
type Client struct {
	o      Options
	dialer dialer
	http   *http.Client
}

// New checks the options and returns a client. It calls nobody.
func New(o Options) (*Client, error) {
	if o.Now == nil {
		return nil, errors.New("webhook: Options.Now is missing")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	var d dialer
	for _, host := range o.PrivateHosts {
		host = strings.ToLower(strings.TrimSpace(host))
		if host == "" || strings.ContainsAny(host, "/@*? \t\r\n") {
			return nil, fmt.Errorf("webhook: %q is no host; write it like push.internal or push.internal:8080", host)
		}
		d.private = append(d.private, host)
	}
	return &Client{
		o:      o,
		dialer: d,
		http: &http.Client{
			Timeout: o.Timeout,
			// A redirect would lead somewhere that nobody declared.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				DialContext:            d.dial,
				TLSHandshakeTimeout:    5 * time.Second,
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
				ForceAttemptHTTP2:      true,
				MaxIdleConns:           64,
				MaxIdleConnsPerHost:    16,
				IdleConnTimeout:        15 * time.Second,
				MaxResponseHeaderBytes: maxAnswer,
			},
		},
	}, nil
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Post implements [Poster].
func (c *Client) Post(ctx context.Context, p Post) (delivery.Receipt, error) {
	if wait := c.checkTarget(p.Target); wait != nil {
		return delivery.Receipt{}, wait
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Target.URL, bytes.NewReader(p.Body))
	if err != nil {
		return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Err: err, Message: fmt.Sprintf("the target %s cannot be posted to: %v", p.Target.Name, err)}
	}
	now := c.o.Now()
	request.Header = http.Header{
		"Content-Type":  {ContentType},
		"User-Agent":    {"homeroom"},
		HeaderID:        {p.ID},
		HeaderTimestamp: {timestamp(now)},
		HeaderSignature: {sign(c.o.Secrets[p.Target.Name], p.ID, now, p.Body)},
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return delivery.Receipt{}, noAnswer(p.Target, err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer) // what it says does not count
	return delivery.Receipt{}, readAnswer(p.Target, answer, now)
}

// checkTarget returns why nothing is posted to a target before somebody has looked at the configuration; nil: it may be.
func (c *Client) checkTarget(t content.Target) error {
	u, err := url.Parse(t.URL)
	switch {
	case t.URL == "" || err != nil:
		return &delivery.Error{Class: delivery.Final, Message: "the message names no target that settings.yaml declares"}
	case len(c.o.Secrets[t.Name]) == 0:
		return waitForPeople(0, fmt.Sprintf("this process has no secret for the target %s; add it to the file of --target-secrets-file", t.Name), nil)
	case u.Scheme != "https" && !c.dialer.mayBePrivate(hostPort(u)):
		return waitForPeople(0, fmt.Sprintf("the target %s is not https, and its host is not named by --target-private", t.Name), nil)
	}
	return nil
}

// hostPort is the address that a URL is dialed at.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// waitForPeople is the error of a target to which no message can be posted until somebody has changed something. Messages wait: those of other targets go on.
func waitForPeople(status int, words string, cause error) error {
	return &delivery.Error{Class: delivery.Retry, Status: status, RetryAfter: misconfigured, Message: words, Err: cause}
}

// noAnswer says what it means that no answer came. A repeat is recognized, so that the message is posted again. The cause's own words may repeat the address with
// what it holds, and are left out.
func noAnswer(t content.Target, err error) error {
	if errors.Is(err, errPrivate) {
		return waitForPeople(0, fmt.Sprintf("the target %s leads to an address that is not public; name its host with --target-private if that is meant", t.Name), errPrivate)
	}
	why := "it could not be reached"
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		why = "it took too long"
	}
	return &delivery.Error{Class: delivery.Retry, Message: fmt.Sprintf("no answer from the target %s: %s", t.Name, why)}
}

// readAnswer says what a complete answer means for the message; nil: the target took it.
func readAnswer(t content.Target, r *http.Response, now time.Time) error {
	words := fmt.Sprintf("the target %s answered %d", t.Name, r.StatusCode)
	switch status := r.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return &delivery.Error{Class: delivery.Retry, Status: status, RetryAfter: delivery.RetryAfter(r.Header, now), Message: words}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return waitForPeople(status, words+": it does not know the signature; compare its secret with the one of --target-secrets-file", nil)
	case status == http.StatusNotFound, status == http.StatusGone, status == http.StatusMethodNotAllowed:
		return waitForPeople(status, words+": nobody takes messages there; compare its url in settings.yaml", nil)
	case status >= 300 && status < 400:
		return waitForPeople(status, words+": redirects are not followed; write where it leads into settings.yaml", nil)
	default:
		return &delivery.Error{Class: delivery.Final, Status: status, Message: words}
	}
}

// Channel posts messages. It implements delivery.Channel.
type Channel struct{ poster Poster }

// NewChannel returns the channel webhook over a poster.
func NewChannel(poster Poster) Channel { return Channel{poster} }

// Name implements delivery.Channel.
func (Channel) Name() string { return engine.ChannelWebhook }

// Medium implements delivery.Channel.
func (Channel) Medium() string { return engine.ChannelWebhook }

// Address implements delivery.Channel: whom a message is for is said by the learner's id, and by traits that the target names.
func (Channel) Address(delivery.Recipient) string { return "" }

// RefusesAddress implements delivery.Channel.
func (Channel) RefusesAddress(string) string { return "" }

// RecognizesRepeatFor implements delivery.Channel.
func (Channel) RecognizesRepeatFor() time.Duration { return recognizedFor }

// Hears implements delivery.Channel: nothing comes back.
func (Channel) Hears() []string { return nil }

// Prepare implements delivery.Channel.
func (c Channel) Prepare(s engine.Send, to delivery.Recipient, m delivery.Message, _ content.Outward) func(context.Context) (delivery.Receipt, error) {
	body, err := writeBody(s, to, m)
	return func(ctx context.Context) (delivery.Receipt, error) {
		if err != nil {
			return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Message: err.Error(), Err: err}
		}
		return c.poster.Post(ctx, Post{ID: s.ID, Target: m.PostTo, Body: body})
	}
}
