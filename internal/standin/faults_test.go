package standin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestStatusFaults(t *testing.T) {
	s := New(Options{
		Faults: []Fault{
			{Times: 2, Status: 429, Headers: map[string]string{"X-RateLimit-Reset": "1772445600"}},
			{Status: 502, Taken: true},
		},
	})
	for i, want := range []int{429, 429, 502, 202} {
		w := post(t, s, goodMail, nil)
		if w.Code != want {
			t.Fatalf("request %d: got %d, want %d", i+1, w.Code, want)
		}
		if want == 429 && (w.Header().Get("X-RateLimit-Reset") != "1772445600" || w.Header().Get("X-Message-Id") != "") {
			t.Errorf("got headers %v", w.Header())
		}
	}
	if got := s.Counts(); got.Accepted != 2 || got.Duplicates != 1 {
		t.Errorf("got %+v, want the mail of the 502 and its repeat", got)
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	s := New(Options{})
	call := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w
	}
	tests := []struct {
		body   string
		status int
	}{
		{`{"status": 500}`, 200},
		{`[{"times": -1, "status": 503, "latency": "1ms"}, {"reset": true}]`, 200},
		{`{"latency": "soon"}`, 400},
		{`{"status": 99}`, 400},
		{`nonsense`, 400},
	}
	for _, test := range tests {
		if w := call("POST", "/_standin/faults", test.body); w.Code != test.status {
			t.Errorf("%s: got %d %s, want %d", test.body, w.Code, w.Body, test.status)
		}
	}
	want := `[{"times":1,"status":500},{"times":-1,"status":503,"latency":"1ms"},{"times":1,"reset":true}]`
	if got := strings.TrimSpace(call("GET", "/_standin/faults", "").Body.String()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, want := range []int{500, 503, 503, 503} {
		if w := post(t, s, goodMail, nil); w.Code != want {
			t.Errorf("got %d, want %d", w.Code, want)
		}
	}
	call("DELETE", "/_standin/faults", "")
	if w := post(t, s, goodMail, nil); w.Code != 202 {
		t.Errorf("after clearing: got %d, want 202", w.Code)
	}
}

func send(ctx context.Context, url string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v3/mail/send", strings.NewReader(goodMail))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer SG.test")
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}

func TestReset(t *testing.T) {
	l := listen(t)
	l.Fail(Fault{Reset: true, Times: 2}, Fault{Reset: true, Taken: true})
	for range 3 {
		if status, err := send(t.Context(), l.URL()); err == nil {
			t.Errorf("got %d, want an error", status)
		}
	}
	if got := l.Counts(); got.Accepted != 1 || got.Statuses[0] != 3 {
		t.Errorf("got %+v, want one mail taken and three answers missing", got)
	}
}

func TestHold(t *testing.T) {
	l := listen(t)
	l.Fail(Fault{Hold: true, Taken: true})
	answers := make(chan int, 1)
	go func() {
		status, _ := send(context.Background(), l.URL())
		answers <- status
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := l.Wait(ctx, func(c Counts) bool { return c.Held == 1 }); err != nil {
		t.Fatal(err)
	}
	if got := l.Counts(); got.Accepted != 1 || len(got.Statuses) != 0 {
		t.Errorf("while held: got %+v, want the mail taken and no answer", got)
	}
	l.Release()
	if got := <-answers; got != 202 {
		t.Errorf("got %d, want 202", got)
	}
	if got := l.Counts(); got.Held != 0 || got.Accepted != 1 {
		t.Errorf("after the release: %+v", got)
	}
}

func TestHeldClientGoesAway(t *testing.T) {
	l := listen(t)
	l.Fail(Fault{Hold: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := send(ctx, l.URL())
		done <- err
	}()
	wait, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if err := l.Wait(wait, func(c Counts) bool { return c.Held == 1 }); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if err := l.Wait(wait, func(c Counts) bool { return c.Statuses[0] == 1 }); err != nil {
		t.Error(err)
	}
	if got := l.Counts(); got.Accepted != 0 {
		t.Errorf("got %+v, want nothing taken", got)
	}
}
