package delivery

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"
)

// NewHTTPClient returns the client by which an adapter calls its provider; timeout is of a whole request. It never makes a second request on its own: it follows
// no redirect, because the answer itself is the error, and it drops idle connections before the far end does so, because nobody can be certain about a request
// on a connection that is just being closed.
func NewHTTPClient(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         dialer.DialContext,
			TLSHandshakeTimeout: 5 * time.Second,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        64,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     15 * time.Second,
		},
	}
}

// TraceWritten returns a context whose request notes whether any of it was written to a connection: only then can the provider have got the message. When net/http
// asks for a second connection by itself, it knows that nothing was written to the first.
func TraceWritten(ctx context.Context) (traced context.Context, written *atomic.Bool) {
	written = new(atomic.Bool)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:          func(string) { written.Store(false) },
		WroteHeaderField: func(string, []string) { written.Store(true) },
		WroteHeaders:     func() { written.Store(true) },
		WroteRequest:     func(httptrace.WroteRequestInfo) { written.Store(true) },
	}), written
}

// maxRetryAfter bounds what is believed of the header Retry-After.
const maxRetryAfter = 24 * time.Hour

// RetryAfter reads the header of that name: seconds, or a date; at most a day. 0: it does not say.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(seconds), maxRetryAfter/time.Second) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), maxRetryAfter)
	}
	return 0
}
