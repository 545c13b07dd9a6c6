package push

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/delivery"
	"homeroom/internal/pushstandin"
)

// google answers requests without a network. Questions to the token server are held until their client gives up, as long as isHeld says so.
type google struct {
	isHeld              atomic.Bool
	questions, messages atomic.Int64
}

func (g *google) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"name":"projects/p/messages/1"}`
	if r.URL.Path == "/token" {
		g.questions.Add(1)
		if g.isHeld.Load() {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		body = `{"access_token":"a","token_type":"Bearer","expires_in":3600}`
	} else {
		g.messages.Add(1)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// newGoogleClient returns a client whose requests google answers.
func newGoogleClient(t *testing.T, g *google, timeout time.Duration) *Client {
	t.Helper()
	standin, err := pushstandin.New(pushstandin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := standin.Account("http://google.example")
	if err != nil {
		t.Fatal(err)
	}
	account, err := ReadAccount(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(Options{Account: account, Host: "http://google.example", Timeout: timeout, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	client.http.Transport = g
	return client
}

// pushAtOnce makes n attempts at once and returns their errors.
func pushAtOnce(ctx context.Context, client *Client, n int) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = client.Push(ctx, Push{Token: "phone:0123456789abcdef", Body: []byte(`{}`)}) })
	}
	all.Wait()
	return errs
}

// Whoever waits for an access token waits for one question, and its failure is everybody's. The next message asks anew. The clock is the bubble's, so that the
// time is exact.
func TestATokenServerThatDoesNotAnswerIsAskedOnce(t *testing.T) {
	const (
		attempts = 20
		timeout  = 15 * time.Second
	)
	synctest.Test(t, func(t *testing.T) {
		g := new(google)
		g.isHeld.Store(true)
		client := newGoogleClient(t, g, timeout)
		began := time.Now()
		for _, err := range pushAtOnce(t.Context(), client, attempts) {
			if class, _ := delivery.Classify(err); err == nil || class != delivery.Retry {
				t.Errorf("while the token server does not answer: %v", err)
			}
		}
		if n := g.questions.Load(); n != 1 || g.messages.Load() != 0 || time.Since(began) != timeout {
			t.Errorf("the token server was asked %d times within %s, and %d messages went out", n, time.Since(began), g.messages.Load())
		}
		g.isHeld.Store(false)
		for _, err := range pushAtOnce(t.Context(), client, attempts) {
			if err != nil {
				t.Errorf("when it answers again: %v", err)
			}
		}
		if n := g.questions.Load(); n != 2 || g.messages.Load() != attempts {
			t.Errorf("the token server was asked %d times, and %d messages went out", n, g.messages.Load())
		}
	})
}

// An attempt that ends does not wait for the token server. Nothing was written, and the message may be tried again.
func TestAnAttemptEndsWhileATokenIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(google)
		g.isHeld.Store(true)
		client := newGoogleClient(t, g, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		for _, err := range pushAtOnce(ctx, client, 2) {
			if class, _ := delivery.Classify(err); err == nil || class != delivery.Retry {
				t.Errorf("at the end of the attempt: %v", err)
			}
		}
		if time.Since(began) != time.Second || g.messages.Load() != 0 {
			t.Errorf("it waited for %s, and %d messages went out", time.Since(began), g.messages.Load())
		}
		// The question goes on, and whoever asks meanwhile waits for it.
		if err := client.Check(); err == nil || g.questions.Load() != 1 || time.Since(began) != time.Minute {
			t.Errorf("%v after %s and %d questions", err, time.Since(began), g.questions.Load())
		}
	})
}
