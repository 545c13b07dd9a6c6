package sendgrid

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/delivery"
	"homeroom/engine"
)

func TestAPostIsTakenIn(t *testing.T) {
	h := newHouse(t)
	h.sends(2, delivery.PhaseSettled)
	status := h.post(list(one("processed", 0, 1), one("delivered", 0, 2), one("open", 1, 3), one("spamreport", 1, 4)))
	if status != http.StatusNoContent {
		t.Fatalf("status %d", status)
	}
	got := slices.Sorted(slices.Values(h.trail))
	want := []string{
		"leave u_1 ", "publish u_0 email.delivered e2", "publish u_1 email.opened e3", "publish u_1 email.spam_reported e4", "suppress ada1@example.org complained",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if slices.Index(h.trail, "suppress ada1@example.org complained") > slices.Index(h.trail, "publish u_1 email.spam_reported e4") {
		t.Errorf("the complaint was published before the address was suppressed: %q", h.trail)
	}
	if strings.Contains(h.log.String(), "ada") {
		t.Errorf("the log names an address:\n%s", h.log.String())
	}
}

func TestAPostThatComesAgainChangesNothing(t *testing.T) {
	h := newHouse(t)
	h.sends(3, delivery.PhaseUncertain)
	items := []string{one("delivered", 0, 1), one("open", 0, 2), one("bounce", 1, 3, `,"type":"bounce"`), one("unsubscribe", 2, 4), one("click", 2, 5)}
	if status := h.post(list(items...)); status != http.StatusNoContent {
		t.Fatalf("status %d", status)
	}
	before := slices.Clone(h.trail)
	decided := 0
	for _, what := range before {
		if strings.HasPrefix(what, "decide sent ") {
			decided++
		}
	}
	if decided != 3 {
		t.Errorf("%d uncertain sends were decided, want each of 3 once: %q", decided, before)
	}
	if status := h.post(list(items...)); status != http.StatusNoContent {
		t.Errorf("again: %d", status)
	}
	slices.Reverse(items)
	if status := h.post(list(append(items, items...)...)); status != http.StatusNoContent {
		t.Errorf("again, in another order and twice: %d", status)
	}
	if diff := cmp.Diff(before, h.trail); diff != "" {
		t.Errorf("what came again did something (-first +now):\n%s", diff)
	}
}

func TestTheOrderOfReportsDoesNotMatter(t *testing.T) {
	items := []string{one("processed", 0, 1), one("deferred", 0, 2), one("delivered", 0, 3), one("open", 0, 4), one("click", 0, 5)}
	var first []string
	for range len(items) {
		items = append(items[1:], items[0])
		h := newHouse(t)
		h.sends(1, delivery.PhaseUncertain)
		if status := h.post(list(items...)); status != http.StatusNoContent {
			t.Fatalf("status %d", status)
		}
		got := slices.Sorted(slices.Values(h.trail))
		if first == nil {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" || len(got) != 4 {
			t.Errorf("another order has another result (-first +now):\n%s", diff)
		}
		if e := h.ledger.Entries()["snd-0"]; e.Phase != delivery.PhaseSettled || e.Outcome.Status != engine.OutcomeAccepted || len(e.Heard) != 3 {
			t.Errorf("entry %+v", e)
		}
	}
}

func TestAThousandItemsWithOneBad(t *testing.T) {
	h := newHouse(t)
	h.sends(1000, delivery.PhaseSettled)
	items := make([]string, 1000)
	for i := range items {
		items[i] = one("delivered", i, i)
	}
	items[499] = `{"event":["delivered"],"email":{}}`
	if status := h.post(list(items...)); status != http.StatusNoContent {
		t.Fatalf("status %d", status)
	}
	if len(h.trail) != 999 {
		t.Errorf("%d were published, want 999", len(h.trail))
	}
	if !strings.Contains(h.log.String(), "bad=1") {
		t.Errorf("the log does not count it: %s", h.log.String())
	}
}

func TestAStoreThatIsAwayForOneItem(t *testing.T) {
	h := newHouse(t)
	h.sends(5, delivery.PhaseSettled)
	var items []string
	for i := range 5 {
		items = append(items, one("delivered", i, i))
	}
	h.away = func(step string) bool { return strings.HasPrefix(step, "publish u_2 ") }
	w := h.postSigned(strings.NewReader(list(items...)), "1", []byte(list(items...)))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Fatalf("status %d, want 503 so that it comes again", w.Code)
	}
	if len(h.trail) != 4 {
		t.Errorf("%q: want the four others taken in", h.trail)
	}
	h.away = func(string) bool { return false }
	if status := h.post(list(items...)); status != http.StatusNoContent {
		t.Fatalf("again: %d", status)
	}
	got := slices.Sorted(slices.Values(h.trail))
	want := []string{"publish u_0 email.delivered e0", "publish u_1 email.delivered e1", "publish u_2 email.delivered e2", "publish u_3 email.delivered e3", "publish u_4 email.delivered e4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("each exactly once (-want +got):\n%s", diff)
	}
}

func TestAStoreThatIsAwayIsNotAskedForEverything(t *testing.T) {
	h := newHouse(t)
	h.sends(500, delivery.PhaseSettled)
	var asked int
	h.away = func(string) bool { asked++; return true }
	items := make([]string, 500)
	for i := range items {
		items[i] = one("delivered", i, i)
	}
	if status := h.post(list(items...)); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	if asked > maxFailures+maxAtOnce {
		t.Errorf("it was asked %d times", asked)
	}
}

func TestUnknownSendsAreCounted(t *testing.T) {
	h := newHouse(t)
	if status := h.post(list(one("open", 1, 1), one("delivered", 1, 2), one("bounce", 2, 3, `,"type":"bounce"`), one("bounce", 3, 4, `,"type":"blocked"`))); status != http.StatusNoContent {
		t.Errorf("status %d", status)
	}
	did := slices.Sorted(slices.Values(h.trail)) // two learners' reports are worked off side by side
	if want := []string{"soft bounce of ada3@example.org", "suppress ada2@example.org bounced"}; !slices.Equal(did, want) {
		t.Errorf("did %q, want %q", did, want)
	}
	if !strings.Contains(h.log.String(), "unknown_sends=4") {
		t.Errorf("log: %s", h.log.String())
	}
}

func TestWhatIsNotTakenIn(t *testing.T) {
	good := list(one("spamreport", 0, 1))
	now := strconv.FormatInt(received.Unix(), 10)
	for _, tc := range []struct {
		name   string
		change func(*WebhookOptions)
		body   string
		signs  string // what was signed; empty: the body
		at     string // the timestamp; empty: now
		status int
		log    string
	}{
		{"no key is configured", func(o *WebhookOptions) { o.Key = nil }, good, "", "", 404, "no key"},
		{"another body was signed", nil, good, good + " ", "", 401, "signature is not the key's"},
		{"an old post", func(o *WebhookOptions) { o.MaxAge = time.Hour }, good, "", strconv.FormatInt(received.Unix()-3601, 10), 401, "timestamp"},
		{"a post of the future", func(o *WebhookOptions) { o.MaxAge = time.Hour }, good, "", strconv.FormatInt(received.Unix()+3601, 10), 401, "timestamp"},
		{"an old post, and any age is allowed", nil, good, "", "1", 204, ""},
		{"a fresh post", func(o *WebhookOptions) { o.MaxAge = time.Hour }, good, "", now, 204, ""},
		{"not a batch", nil, `{"event":"open"}`, "", "", 400, "not a JSON array"},
		{"as big as allowed", nil, good + strings.Repeat(" ", maxPost-len(good)), "", "", 204, ""},
		{"too big", nil, good + strings.Repeat(" ", maxPost-len(good)+1), "", "", 413, "too big"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t, func(o *WebhookOptions) {
				if tc.change != nil {
					tc.change(o)
				}
			})
			signs := tc.signs
			at := tc.at
			if signs == "" {
				signs = tc.body
			}
			if at == "" {
				at = now
			}
			w := h.postSigned(strings.NewReader(tc.body), at, []byte(signs))
			if w.Code != tc.status {
				t.Errorf("status %d, want %d", w.Code, tc.status)
			}
			if took := len(h.trail) > 0; took != (tc.status == 204) {
				t.Errorf("did %q", h.trail)
			}
			if log := h.log.String(); !strings.Contains(log, tc.log) || strings.Contains(log, "ada") || strings.Contains(log, "spamreport") {
				t.Errorf("the log: %s", log)
			}
			if w.Body.Len() > 0 {
				t.Errorf("it answers %q", w.Body.String())
			}
		})
	}
	t.Run("no signature", func(t *testing.T) {
		h := newHouse(t)
		w := httptest.NewRecorder()
		h.hook.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/webhooks/sendgrid", strings.NewReader(good)))
		if w.Code != 401 || len(h.trail) > 0 || !strings.Contains(h.log.String(), "turn on signature verification") {
			t.Errorf("status %d, did %q, log %s", w.Code, h.trail, h.log.String())
		}
	})
	t.Run("the public vector", func(t *testing.T) {
		h := newHouse(t, func(o *WebhookOptions) { o.Key = mustKey(t, vectorKey) })
		r := httptest.NewRequest(http.MethodPost, "/webhooks/sendgrid", strings.NewReader(vectorBody))
		r.Header.Set("X-Twilio-Email-Event-Webhook-Signature", vectorSignature)
		r.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", vectorTimestamp)
		w := httptest.NewRecorder()
		h.hook.ServeHTTP(w, r)
		if w.Code != 204 || !strings.Contains(h.log.String(), "unknown_sends=1") {
			t.Errorf("status %d, log %s", w.Code, h.log.String())
		}
	})
}

func TestAFloodDoesNotFillTheLog(t *testing.T) {
	h := newHouse(t)
	for range 100 {
		h.postSigned(strings.NewReader("[]"), "1", []byte("something else"))
	}
	h.now = h.now.Add(time.Minute)
	h.postSigned(strings.NewReader("[]"), "1", []byte("something else"))
	if n := strings.Count(h.log.String(), "\n"); n != 2 || !strings.Contains(h.log.String(), "unlogged=99") {
		t.Errorf("%d lines:\n%s", n, h.log.String())
	}
}

// gate is a body that waits, once it is read, until it is let through.
type gate struct {
	reading chan<- struct{}
	open    <-chan struct{}
}

func (g gate) Read([]byte) (int, error) {
	g.reading <- struct{}{}
	<-g.open
	return 0, io.EOF
}

func TestPostsInHandAreBounded(t *testing.T) {
	h := newHouse(t)
	reading := make(chan struct{})
	open := make(chan struct{})
	var wg sync.WaitGroup
	for i := range maxPosts {
		wg.Go(func() {
			r := httptest.NewRequest(http.MethodPost, "/webhooks/sendgrid", gate{reading, open})
			r.RemoteAddr = fmt.Sprintf("198.51.100.%d:1234", i) // of one client it would be too many sooner
			h.hook.ServeHTTP(httptest.NewRecorder(), r)
		})
		<-reading
	}
	if status := h.post(list()); status != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d, want 503", status)
	}
	close(open)
	wg.Wait()
	if status := h.post(list()); status != http.StatusNoContent {
		t.Errorf("afterwards: %d", status)
	}
}

// busy counts how many reports are taken in at once, and of which send.
type busy struct {
	mu    sync.Mutex
	now   map[string]int
	most  int
	clash bool
	all   chan struct{} // closed when maxAtOnce are under way
}

func (b *busy) Take(_ context.Context, rep delivery.ProviderReport) (delivery.Effect, error) {
	b.mu.Lock()
	b.clash = b.clash || b.now[rep.SendID] > 0
	b.now[rep.SendID]++
	if len(b.now) > b.most {
		b.most = len(b.now)
		if b.most == maxAtOnce {
			close(b.all)
		}
	}
	b.mu.Unlock()
	<-b.all
	b.mu.Lock()
	delete(b.now, rep.SendID)
	b.mu.Unlock()
	return delivery.EffectNew, nil
}

func TestItemsAreWorkedOnAFewAtOnce(t *testing.T) {
	b := &busy{now: map[string]int{}, all: make(chan struct{})}
	h := newHouse(t, func(o *WebhookOptions) { o.Reports = b })
	var items []string
	for i := range 60 {
		items = append(items, one("open", i%20, i))
	}
	if status := h.post(list(items...)); status != http.StatusNoContent {
		t.Errorf("status %d", status)
	}
	if b.most != maxAtOnce || b.clash {
		t.Errorf("%d at once, two of one send: %t; want %d, false", b.most, b.clash, maxAtOnce)
	}
}
