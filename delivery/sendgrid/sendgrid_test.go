package sendgrid_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"homeroom/delivery/email"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
)

const key = "SG.this-is-the-secret-key"

var (
	now   = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	ready = email.Email{
		SendID:     "snd-1",
		From:       "hello@academy.example",
		FromName:   "Academy",
		ReplyTo:    "help@academy.example",
		To:         "ada@example.org",
		ToName:     "Ada",
		Subject:    "Grüße",
		HTML:       "<p>Hi</p>",
		Text:       "Hi",
		Headers:    map[string]string{"List-Unsubscribe": "<https://a.example/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
		Categories: []string{"certificate", "well-done"},
	}
)

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func sender(t *testing.T, o sendgrid.Options) *sendgrid.Sender {
	t.Helper()
	o.APIKey = key
	o.Now = func() time.Time { return now }
	s, err := sendgrid.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestTheRequest(t *testing.T) {
	for _, c := range []struct {
		name    string
		sandbox bool
		minor   bool
		want    string
	}{
		{
			name: "plain",
			want: `{
			"from": {"name": "Academy", "email": "hello@academy.example"},
			"reply_to": {"email": "help@academy.example"},
			"subject": "Grüße",
			"personalizations": [{"to": [{"name": "Ada", "email": "ada@example.org"}], "custom_args": {"homeroom_send": "snd-1"}}],
			"content": [{"type": "text/plain", "value": "Hi"}, {"type": "text/html", "value": "<p>Hi</p>"}],
			"headers": {"List-Unsubscribe": "<https://a.example/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
			"categories": ["certificate", "well-done"],
			"tracking_settings": {
				"click_tracking": {"enable": true, "enable_text": false},
				"open_tracking": {"enable": true}, "subscription_tracking": {"enable": false}}
		}`,
		},
		{
			name:    "sandbox, a minor",
			sandbox: true,
			minor:   true,
			want: `{
			"from": {"name": "Academy", "email": "hello@academy.example"},
			"reply_to": {"email": "help@academy.example"},
			"subject": "Grüße",
			"personalizations": [{"to": [{"name": "Ada", "email": "ada@example.org"}], "custom_args": {"homeroom_send": "snd-1"}}],
			"content": [{"type": "text/plain", "value": "Hi"}, {"type": "text/html", "value": "<p>Hi</p>"}],
			"headers": {"List-Unsubscribe": "<https://a.example/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
			"categories": ["certificate", "well-done"],
			"mail_settings": {"sandbox_mode": {"enable": true}},
			"tracking_settings": {
				"click_tracking": {"enable": false, "enable_text": false},
				"open_tracking": {"enable": false}, "subscription_tracking": {"enable": false}}
		}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got any
			host := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "POST" || r.URL.Path != "/v3/mail/send" || r.Header.Get("Authorization") != "Bearer "+key || r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
				}
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				w.Header().Set("X-Message-Id", "msg-1")
				w.WriteHeader(http.StatusAccepted)
			})
			m := ready
			m.NoTracking = c.minor
			receipt, err := sender(t, sendgrid.Options{Host: host + "/", Sandbox: c.sandbox}).Send(t.Context(), m)
			if err != nil || receipt.MessageID != "msg-1" {
				t.Fatalf("got %+v, %v", receipt, err)
			}
			var want any
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for _, c := range []struct {
		status  int
		headers map[string]string
		body    string
		class   delivery.Class // empty: accepted
		after   time.Duration
		words   string
	}{
		{status: 202},
		{status: 200}, // sandbox mode
		{
			status: 400,
			body:   `{"errors":[{"message":"Does not contain a valid address.","field":"personalizations.0.to.0.email"},{"message":"Second."}]}`,
			class:  delivery.Final,
			words:  "SendGrid answered 400: Does not contain a valid address. (personalizations.0.to.0.email); Second.",
		},
		{
			status: 401,
			body:   `{"errors":[{"message":"The provided authorization grant is invalid","field":null}]}`,
			class:  delivery.Refused,
			words:  "SendGrid answered 401: The provided authorization grant is invalid",
		},
		{status: 403, body: "<html>", class: delivery.Refused, words: "SendGrid answered 403: forbidden"},
		{status: 404, class: delivery.Final},
		{status: 413, class: delivery.Final},
		{status: 307, headers: map[string]string{"Location": "/elsewhere"}, class: delivery.Final},
		{
			status:  429,
			headers: map[string]string{"X-RateLimit-Reset": fmt.Sprint(now.Add(42 * time.Second).Unix())},
			class:   delivery.Retry,
			after:   42 * time.Second,
		},
		{status: 429, headers: map[string]string{"X-RateLimit-Reset": fmt.Sprint(now.Add(-time.Hour).Unix())}, class: delivery.Retry},
		{status: 429, headers: map[string]string{"X-RateLimit-Reset": "soon"}, class: delivery.Retry},
		{status: 429, class: delivery.Retry},
		{status: 500, class: delivery.Retry, words: "SendGrid answered 500: internal server error"},
		{status: 503, headers: map[string]string{"Retry-After": "7"}, class: delivery.Retry, after: 7 * time.Second},
		{status: 502, class: delivery.Uncertain},
		{status: 504, class: delivery.Uncertain},
		{status: 520, class: delivery.Uncertain},
	} {
		t.Run(fmt.Sprint(c.status, c.headers), func(t *testing.T) {
			requests := 0
			host := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				for k, v := range c.headers {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})
			_, err := sender(t, sendgrid.Options{Host: host}).Send(t.Context(), ready)
			if requests != 1 {
				t.Errorf("%d requests, want exactly 1", requests)
			}
			if c.class == "" {
				if err != nil {
					t.Errorf("got %v, want it accepted", err)
				}
				return
			}
			class, after := delivery.Classify(err)
			if class != c.class || after != c.after {
				t.Errorf("got %s after %s (%v); want %s after %s", class, after, err, c.class, c.after)
			}
			if c.words != "" && err.Error() != c.words {
				t.Errorf("got  %s\nwant %s", err, c.words)
			}
		})
	}
}

// hijack takes the connection away from the server.
func hijack(t *testing.T, w http.ResponseWriter) *net.TCPConn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return nil
	}
	return conn.(*net.TCPConn)
}

func TestABrokenConnection(t *testing.T) {
	release := make(chan struct{})
	for _, c := range []struct {
		name  string
		h     http.HandlerFunc
		class delivery.Class // empty: accepted
	}{
		{"reset after the request was read", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			conn := hijack(t, w)
			conn.SetLinger(0)
			conn.Close()
		}, delivery.Uncertain},
		{"reset while the request is being read", func(w http.ResponseWriter, r *http.Request) {
			conn := hijack(t, w)
			conn.SetLinger(0)
			conn.Close()
		}, delivery.Uncertain},
		{"closed without an answer", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			hijack(t, w).Close()
		}, delivery.Uncertain},
		{"nonsense instead of an answer", func(w http.ResponseWriter, r *http.Request) {
			conn := hijack(t, w)
			io.WriteString(conn, "what?\r\n\r\n")
			conn.Close()
		}, delivery.Uncertain},
		{"no answer in time", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-release
		}, delivery.Uncertain},
		{"202, then the body breaks off", func(w http.ResponseWriter, r *http.Request) {
			conn := hijack(t, w)
			io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nX-Message-Id: msg-1\r\nContent-Length: 99\r\n\r\nx")
			conn.Close()
		}, ""},
		{"500, then the body breaks off: not a complete answer", func(w http.ResponseWriter, r *http.Request) {
			conn := hijack(t, w)
			io.WriteString(conn, "HTTP/1.1 500 Oops\r\nContent-Length: 99\r\n\r\nx")
			conn.Close()
		}, delivery.Uncertain},
	} {
		t.Run(c.name, func(t *testing.T) {
			host := serve(t, c.h)
			timeout := time.Minute
			if c.name == "no answer in time" {
				timeout = 150 * time.Millisecond
			}
			receipt, err := sender(t, sendgrid.Options{Host: host, Timeout: timeout}).Send(t.Context(), ready)
			if c.name == "no answer in time" {
				close(release)
			}
			if c.class == "" {
				if err != nil || receipt.MessageID != "msg-1" {
					t.Errorf("got %+v, %v; want it accepted", receipt, err)
				}
				return
			}
			if class, _ := delivery.Classify(err); err == nil || class != c.class {
				t.Errorf("got %v, want %s", err, c.class)
			}
			if err != nil && (strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "ada@")) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestNothingWasWritten(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request arrived") })
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name, host string
		ctx        context.Context
	}{
		{"connection refused", closed.URL, t.Context()},
		{"no such host", "https://sendgrid.invalid", t.Context()},
		{"TLS fails", strings.Replace(plain, "http://", "https://", 1), t.Context()},
		{"the context had ended", plain, done},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sender(t, sendgrid.Options{Host: c.host}).Send(c.ctx, ready)
			if class, _ := delivery.Classify(err); err == nil || class != delivery.Retry {
				t.Errorf("got %v, want retry", err)
			}
		})
	}
}

func TestAServerThatWentAwayBetweenTwoSends(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(202) }))
	s := sender(t, sendgrid.Options{Host: srv.URL})
	if _, err := s.Send(t.Context(), ready); err != nil {
		t.Fatal(err)
	}
	srv.Close() // the idle connection is closed, and new ones are refused
	_, err := s.Send(t.Context(), ready)
	// Whether the client noticed before it wrote is a race, so both are right; final would lose the message.
	if class, _ := delivery.Classify(err); err == nil || class == delivery.Final {
		t.Errorf("got %v (%s), want retry or uncertain", err, class)
	}
}

func TestTheKeyIsInNoError(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(401)
		fmt.Fprintf(w, `{"errors":[{"message":"%s is not valid"}]}`, r.Header.Get("Authorization"))
	})
	_, err := sender(t, sendgrid.Options{Host: host}).Send(t.Context(), ready)
	for _, shown := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(shown, key) {
			t.Errorf("the key is in %s", shown)
		}
	}
	for _, bad := range []string{key + "\n", "Bearer " + key, ""} {
		_, err := sendgrid.New(sendgrid.Options{APIKey: bad, Now: time.Now})
		if err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("New: %v", err)
		}
	}
	s := sender(t, sendgrid.Options{})
	o := sendgrid.Options{APIKey: key}
	if shown := fmt.Sprintf("%v %+v %#v %s %+v %#v", s, s, *s, o, o, &o); strings.Contains(shown, key) {
		t.Error("printing a Sender shows the key")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, host := range []string{"sendgrid.com", "ftp://api.sendgrid.com", "https://", "https://user:pw@api.sendgrid.com", "://"} {
		if _, err := sendgrid.New(sendgrid.Options{APIKey: key, Host: host, Now: time.Now}); err == nil || strings.Contains(err.Error(), "pw") {
			t.Errorf("host %q: %v", host, err)
		}
	}
	if _, err := sendgrid.New(sendgrid.Options{APIKey: key, Host: sendgrid.HostEU}); err == nil {
		t.Error("no clock is taken")
	}
}

func TestHeadersAreChecked(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the request arrived") })
	for name, value := range map[string]string{"bcc": "x@y.example", "X-SG-ID": "1", "X-Ok": "a\r\nBcc: x@y.example"} {
		m := ready
		m.Headers = map[string]string{name: value}
		_, err := sender(t, sendgrid.Options{Host: host}).Send(t.Context(), m)
		if class, _ := delivery.Classify(err); err == nil || class != delivery.Final {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCategoriesAreBounded(t *testing.T) {
	var got struct{ Categories []string }
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(202)
	})
	m := ready
	m.Categories = make([]string, 12)
	for i := range m.Categories {
		m.Categories[i] = string(rune('a'+i)) + strings.Repeat("x", 300)
	}
	if _, err := sender(t, sendgrid.Options{Host: host}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(got.Categories) != 10 || len(got.Categories[0]) != 255 {
		t.Errorf("%d categories of %d", len(got.Categories), len(got.Categories[0]))
	}
}

var _ email.Sender = (*sendgrid.Sender)(nil)

func TestClassifyKnowsTheAdaptersErrors(t *testing.T) {
	wrapped := fmt.Errorf("send: %w", &delivery.Error{Class: delivery.Final, Err: errors.New("x")})
	if class, _ := delivery.Classify(wrapped); class != delivery.Final {
		t.Errorf("got %s", class)
	}
}
