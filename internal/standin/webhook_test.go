package standin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// platform is who the webhook posts to. Every post's signature is checked.
type platform struct {
	mu    sync.Mutex
	key   *ecdsa.PublicKey
	fail  int // answer the next so many posts with 503
	posts [][]map[string]any
	url   string
}

// listening starts a stand-in that reports to a platform.
func listening(t *testing.T, o Options) (*Server, *platform) {
	t.Helper()
	p := &platform{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(t, w, r) }))
	p.url = web.URL
	o.Webhook.URL = web.URL
	o.Webhook.Backoff = time.Millisecond
	if o.Webhook.Batch == 0 {
		o.Webhook.Batch = time.Millisecond
	}
	s := New(o)
	t.Cleanup(func() { s.Close(); web.Close() })
	der, err := base64.StdEncoding.DecodeString(s.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.key = key.(*ecdsa.PublicKey)
	p.mu.Unlock()
	return s, p
}

func (p *platform) serve(t *testing.T, w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	sum := sha256.Sum256(append([]byte(r.Header.Get(TimestampHeader)), body...))
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get(SignatureHeader))
	if err != nil || !ecdsa.VerifyASN1(p.key, sum[:], signature) {
		t.Errorf("the signature %q does not fit (%v)", r.Header.Get(SignatureHeader), err)
	}
	if !bytes.HasPrefix(body, []byte("[{")) || !bytes.HasSuffix(body, []byte("}]\r\n")) {
		t.Errorf("got %q, want an array that ends with CRLF", body)
	}
	if p.fail > 0 {
		p.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var items []map[string]any
	if err := json.Unmarshal(body, &items); err != nil {
		t.Error(err)
	}
	p.posts = append(p.posts, items)
}

// heard lists what arrived, one "event send-id" each.
func (p *platform) heard() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, post := range p.posts {
		for _, i := range post {
			list = append(list, fmt.Sprint(i["event"], " ", i[SendArg]))
		}
	}
	return list
}

// quiet waits until nothing is waiting to be posted and so many events were handed over.
func quiet(t *testing.T, s *Server, events int) WebhookCounts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.WaitReported(ctx, func(c WebhookCounts) bool { return c.Events >= events && c.Waiting == 0 }); err != nil {
		t.Fatal(err)
	}
	return s.Webhooks()
}

func TestWhatTheWebhookSays(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	s, p := listening(t, Options{Now: func() time.Time { return at }, Webhook: Webhook{Quiet: true}})
	id := post(t, s, strings.Replace(goodMail, `["retry-after-failed-quiz"]`, `["retry-after-failed-quiz", "one-more-try"]`, 1), nil).Header().Get("X-Message-Id")
	common := map[string]any{
		"email": "ada@example.org", "timestamp": float64(at.Unix()), "sg_message_id": "*", "smtp-id": "*", "sg_event_id": "*",
		"category": []any{"retry-after-failed-quiz", "one-more-try"}, "homeroom_send": "snd_1",
	}
	tests := []struct {
		name  string
		event Event
		want  map[string]any // beside what every event says
		miss  []string
	}{
		{"processed", Event{Kind: Processed}, nil, nil},
		{"delivered", Event{Kind: Delivered}, map[string]any{"response": "250 2.0.0 OK", "tls": 1.0}, nil},
		{"deferred", Event{Kind: Deferred, Attempt: 5}, map[string]any{"response": "*", "attempt": "5"}, nil},
		{"a bounce", Event{Kind: Bounce}, map[string]any{"type": "bounce", "status": "5.1.1", "reason": "*", "tls": 1.0, "bounce_classification": "*"}, nil},
		{"a block", Event{Kind: Bounce, BounceType: "blocked", Status: "4.7.1", Reason: "spam"},
			map[string]any{"type": "blocked", "status": "4.7.1", "reason": "spam", "tls": 1.0, "bounce_classification": "*"}, nil},
		{"a bounce days later", Event{Kind: Bounce, Late: true}, map[string]any{"type": "bounce", "status": "*", "reason": "*", "tls": 1.0, "bounce_classification": "*"},
			[]string{"sg_message_id", "smtp-id"}},
		{"dropped", Event{Kind: Dropped}, map[string]any{"reason": "Bounced Address", "status": "5.0.0"}, nil},
		{"opened by a person", Event{Kind: Open}, map[string]any{"sg_machine_open": false, "sg_content_type": "html", "useragent": "*", "ip": "*"}, nil},
		{"opened by a mail program", Event{Kind: Open, Machine: true}, map[string]any{"sg_machine_open": true, "sg_content_type": "html", "useragent": "*", "ip": "*"}, nil},
		{"a click", Event{Kind: Click, URL: "https://academy.example/?a=1&b=2"},
			map[string]any{"url": "https://academy.example/?a=1&b=2", "url_offset": map[string]any{"index": 0.0, "type": "html"}, "useragent": "*", "ip": "*"}, nil},
		{"marked as spam", Event{Kind: SpamReport}, nil, nil},
		{"with its own id and time", Event{Kind: SpamReport, ID: "evt-1", At: at.Add(-time.Hour), Email: "other@example.org"},
			map[string]any{"sg_event_id": "evt-1", "timestamp": float64(at.Add(-time.Hour).Unix()), "email": "other@example.org"}, nil},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := s.Report([]string{id, "snd_1"}[i%2], test.event); err != nil {
				t.Fatal(err)
			}
			quiet(t, s, i+1)
			p.mu.Lock()
			got := p.posts[len(p.posts)-1][0]
			p.mu.Unlock()
			want := maps.Clone(common)
			want["event"] = test.event.Kind
			maps.Copy(want, test.want)
			for _, field := range test.miss {
				delete(want, field)
			}
			for field, value := range want {
				if value == "*" && got[field] != "" && got[field] != nil {
					continue
				}
				if fmt.Sprint(got[field]) != fmt.Sprint(value) {
					t.Errorf("%s is %v, want %v", field, got[field], value)
				}
			}
			for field := range got {
				if _, ok := want[field]; !ok {
					t.Errorf("it says %s: %v", field, got[field])
				}
			}
			if sg := fmt.Sprint(got["sg_message_id"]); len(test.miss) == 0 && !strings.HasPrefix(sg, id+".filter") {
				t.Errorf("sg_message_id %s does not begin with %s.filter", sg, id)
			}
		})
	}
	if m, _ := s.mails.getMessage(id); len(m.Events) != len(tests) {
		t.Errorf("%d events noted with the mail, want %d", len(m.Events), len(tests))
	}
}

func TestMailIsProcessedAndDelivered(t *testing.T) {
	s, p := listening(t, Options{Faults: []Fault{{}, {Status: 502, Taken: true}, {Status: 502}}})
	post(t, s, strings.Replace(goodMail, `"retry-after-failed-quiz"`, `"a"`, 1), nil)
	post(t, s, strings.Replace(goodMail, "snd_1", "snd_2", 1), nil)
	post(t, s, strings.Replace(goodMail, "snd_1", "snd_3", 1), nil)
	post(t, s, strings.Replace(goodMail, `"subject"`, `"mail_settings": {"sandbox_mode": {"enable": true}}, "subject"`, 1), nil)
	quiet(t, s, 4)
	want := []string{"processed snd_1", "delivered snd_1", "processed snd_2", "delivered snd_2"}
	if got := p.heard(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: of what was not taken, and in sandbox mode, nothing is told", got, want)
	}
	if got := p.posts[0][0]["category"]; got != "a" {
		t.Errorf("the only category is %v, want plain text", got)
	}
}

func TestAFailingPlatformIsTriedAgain(t *testing.T) {
	s, p := listening(t, Options{Webhook: Webhook{Tries: 4}})
	p.fail = 3
	post(t, s, goodMail, nil)
	if c := quiet(t, s, 2); c.Accepted != 2 || c.Retries != 3 || c.Failed != 0 || len(p.heard()) != 2 {
		t.Errorf("got %+v, want both accepted at the fourth try", c)
	}
	p.mu.Lock()
	p.fail = 100
	p.mu.Unlock()
	post(t, s, goodMail, nil)
	if c := quiet(t, s, 4); c.Failed != 2 || c.Posts != 8 || c.LastStatus != 503 {
		t.Errorf("got %+v, want two given up after four tries", c)
	}
}

func TestDisorder(t *testing.T) {
	mails := func(s *Server, n int) {
		for i := range n {
			post(t, s, strings.Replace(goodMail, "snd_1", fmt.Sprintf("snd_%d", i), 1), nil)
		}
	}
	t.Run("held, then in reverse", func(t *testing.T) {
		s, p := listening(t, Options{})
		s.SetDisorder(Disorder{Hold: true})
		mails(s, 3)
		if c := s.Webhooks(); c.Waiting != 6 || len(p.heard()) != 0 {
			t.Errorf("while held: %+v and %v", c, p.heard())
		}
		s.SetDisorder(Disorder{Reorder: true})
		quiet(t, s, 6)
		want := []string{"delivered snd_2", "processed snd_2", "delivered snd_1", "processed snd_1", "delivered snd_0", "processed snd_0"}
		if got := p.heard(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("held while they were being gathered", func(t *testing.T) {
		synctest.Test(t, func(*testing.T) { // so that they are gathered no shorter than it takes to hold them
			s := New(Options{Webhook: Webhook{URL: "http://127.0.0.1:1/", Batch: time.Minute}}) // nobody listens there
			defer s.Close()
			mails(s, 1)
			s.SetDisorder(Disorder{Hold: true})
			s.tasks.group.Wait()
			if c := s.Webhooks(); c.Posts != 0 || c.Waiting != 2 {
				t.Errorf("while held: %+v", c)
			}
		})
	})
	t.Run("all of them twice", func(t *testing.T) {
		s, p := listening(t, Options{})
		s.SetDisorder(Disorder{Duplicate: 1})
		mails(s, 5)
		c := quiet(t, s, 10)
		ids := map[string]int{}
		for _, list := range p.posts {
			for _, i := range list {
				ids[i["sg_event_id"].(string)]++
			}
		}
		for id, n := range ids {
			if n != 2 {
				t.Errorf("event %s came %d times, want twice", id, n)
			}
		}
		if len(ids) != 10 || c.Duplicated != 10 || c.Accepted != 20 {
			t.Errorf("%d events, %+v", len(ids), c)
		}
	})
	t.Run("a fifth of them twice, a tenth never", func(t *testing.T) {
		s, p := listening(t, Options{})
		s.SetDisorder(Disorder{Duplicate: 0.2, Drop: 0.1})
		mails(s, 500)
		c := quiet(t, s, 1000)
		if c.Duplicated < 100 || c.Duplicated > 260 || c.Dropped < 40 || c.Dropped > 160 || len(p.heard()) != 1000-c.Dropped+c.Duplicated {
			t.Errorf("got %+v and %d items", c, len(p.heard()))
		}
	})
}

func TestBigBatchesAreSplit(t *testing.T) {
	s, p := listening(t, Options{Webhook: Webhook{Quiet: true}})
	s.SetDisorder(Disorder{Hold: true})
	post(t, s, strings.Replace(goodMail, "snd_1", strings.Repeat("x", 9000), 1), nil)
	for range 200 {
		if err := s.Report(s.Messages("")[0].ID, Event{Kind: SpamReport}); err != nil {
			t.Fatal(err)
		}
	}
	s.SetDisorder(Disorder{})
	if c := quiet(t, s, 200); c.Posts != 3 || len(p.heard()) != 200 {
		t.Errorf("got %d posts of %d events, want 1.8 MB in 3", c.Posts, len(p.heard()))
	}
}

func TestNothingIsPostedToOtherMachines(t *testing.T) {
	for _, url := range []string{"http://academy.example/webhooks", "http://10.0.0.1/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "http://127.0.0.1.example.org/", "nonsense"} {
		if err := New(Options{}).SetWebhook(url); err == nil {
			t.Errorf("SetWebhook(%q) was taken", url)
		}
		if _, err := New(Options{Webhook: Webhook{URL: url}}).Start("127.0.0.1:0", slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("a stand-in that reports to %q started", url)
		}
		s := New(Options{Webhook: Webhook{URL: url, Tries: 1, Batch: time.Millisecond}})
		post(t, s, goodMail, nil)
		if c := quiet(t, s, 2); c.Failed != 2 || c.LastStatus != 0 {
			t.Errorf("%q: %+v", url, c)
		}
		s.Close()
	}
	r, _ := http.NewRequest(http.MethodGet, "http://192.0.2.1/", nil)
	if _, err := requestStatus(newLoopbackClient(), r); err == nil || !strings.Contains(err.Error(), errOtherMachine.Error()) {
		t.Errorf("a connection to another machine was tried: %v", err)
	}
	for _, url := range []string{"http://127.0.0.1:8081/webhooks/sendgrid", "http://localhost:1/", "https://[::1]:8081/", ""} {
		if err := New(Options{}).SetWebhook(url); err != nil {
			t.Error(err)
		}
	}
}

func TestReportingWhatIsNotThere(t *testing.T) {
	s := New(Options{})
	post(t, s, goodMail, nil)
	if err := s.Report("nothing", Event{Kind: Bounce}); err == nil {
		t.Error("an event of an unknown mail was taken")
	}
	if err := s.Report("snd_1", Event{Kind: "opened"}); err == nil || !strings.Contains(err.Error(), "spamreport") {
		t.Errorf("an unknown event: %v", err)
	}
	if err := s.Report("snd_1", Event{Kind: Bounce}); err != nil {
		t.Errorf("without a webhook: %v", err)
	}
	if c := s.Webhooks(); c != (WebhookCounts{}) {
		t.Errorf("without a webhook: %+v", c)
	}
}

func TestControlsOverHTTP(t *testing.T) {
	s, p := listening(t, Options{Webhook: Webhook{Quiet: true}})
	post(t, s, goodMail, nil)
	tests := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/_standin/webhooks", "", 200, `"public_key":"MFkw`},
		{"POST", "/_standin/webhooks", `{"duplicate":1}`, 200, `"duplicate":1`},
		{"POST", "/_standin/webhooks", `{"url":"http://academy.example/"}`, 400, "another machine"},
		{"POST", "/_standin/webhooks", `nonsense`, 400, "errors"},
		{"POST", "/_standin/events", `{"message":"snd_1","event":"bounce","type":"blocked","status":"5.7.1"}`, 204, ""},
		{"POST", "/_standin/events", `[{"message":"snd_1","event":"open","sg_machine_open":true},{"message":"snd_1","event":"spamreport"}]`, 204, ""},
		{"POST", "/_standin/events", `[{"message":"snd_2","event":"open"}]`, 422, "snd_2"},
		{"POST", "/_standin/events", `nonsense`, 400, "errors"},
		{"GET", "/_standin/messages/snd_1", "", 200, `"sg_machine_open":true`},
		{"GET", "/_standin/messages/snd_2", "", 404, "errors"},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(test.method, test.path, strings.NewReader(test.body)))
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s %s %s: got %d %s, want %d with %q", test.method, test.path, test.body, w.Code, w.Body, test.status, test.want)
		}
	}
	quiet(t, s, 3)
	if got := p.heard(); len(got) != 6 {
		t.Errorf("heard %v, want three events twice", got)
	}
}

func TestCloseEndsWhatGoesOn(t *testing.T) {
	s, _ := listening(t, Options{Readers: Readers{Open: 1}, Webhook: Webhook{Tries: 1000}})
	if err := s.SetWebhook("http://127.0.0.1:1/"); err != nil { // nobody listens there
		t.Fatal(err)
	}
	post(t, s, goodMail, nil) // read in minutes, reported never
	s.Close()
	s.Close()
	post(t, s, goodMail, nil)
}
