package standin

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// errOtherMachine says that an address is not requested because it is not on this machine.
var errOtherMachine = errors.New("leads to another machine, and nothing leaves this one; use an address like http://127.0.0.1:8081")

// isLoopback reports whether the address is http(s) on this machine.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback()
}

// newLoopbackClient returns a client that connects to this machine only, whatever a name resolves to, and follows no
// redirects.
func newLoopbackClient() *http.Client {
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error {
			if to, err := netip.ParseAddrPort(address); err != nil || !to.Addr().Unmap().IsLoopback() {
				return errOtherMachine
			}
			return nil
		},
	}
	return &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// joinItems returns the body of a post: a JSON array with the line ends of the real webhook, because the signature covers
// them.
func joinItems(batch []webhookItem) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, it := range batch {
		if i > 0 {
			b.WriteString(",\r\n")
		}
		b.Write(it.json)
	}
	b.WriteString("]\r\n")
	return b.Bytes()
}

// postOnce posts a batch once and reports whether it was answered with 2xx.
func (h *webhookPoster) postOnce(batch []webhookItem) bool {
	h.mu.Lock()
	to := h.url
	h.mu.Unlock()
	status, _ := h.postSigned(to, joinItems(batch)) // any error leads to another try
	accepted := status >= 200 && status < 300
	h.changeAndNotify(func() {
		h.counts.Posts++
		h.counts.LastStatus = status
		if accepted {
			h.counts.Accepted += len(batch)
			h.counts.Waiting -= len(batch)
		}
	})
	return accepted
}

// postSigned makes one signed post; the status is 0 if there was no answer.
func (h *webhookPoster) postSigned(to string, body []byte) (status int, err error) {
	if !isLoopback(to) {
		return 0, errOtherMachine
	}
	r, err := http.NewRequestWithContext(h.tasks.ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	timestamp := strconv.FormatInt(h.now().Unix(), 10)
	sum := sha256.Sum256(append([]byte(timestamp), body...))
	signature, err := ecdsa.SignASN1(rand.Reader, h.key, sum[:])
	if err != nil {
		return 0, fmt.Errorf("sign the webhook: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "SendGrid Event API")
	r.Header.Set(TimestampHeader, timestamp)
	r.Header.Set(SignatureHeader, base64.StdEncoding.EncodeToString(signature))
	return requestStatus(h.client, r)
}

// requestStatus makes a request and returns the status of the answer; it drops the body.
func requestStatus(client *http.Client, r *http.Request) (int, error) {
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // so that the connection can be used again
	return response.StatusCode, nil
}
