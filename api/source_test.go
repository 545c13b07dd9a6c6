package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"homeroom/api"
	"homeroom/sources"
)

func mac(secret, content string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(content))
	return h.Sum(nil)
}

const webhook = `{"id":"w1","resource":"user","action":"signup","created_at":"2026-03-02T10:00:00Z","payload":{"id":7,"email":"ada@example.org"}}`

// TestSignedBodies: where a source declares a signature and the process knows its secret, the signature takes the place of a key, and nothing else does.
func TestSignedBodies(t *testing.T) {
	k, sink := openWithSources(t)
	const header = "X-Thinkific-Hmac-Sha256"
	right := hex.EncodeToString(mac("thinkific's secret", webhook))
	for _, tt := range []struct {
		name    string
		body    string
		headers []string
		status  int
	}{
		{"signed", webhook, []string{header, right}, 202},
		{"signed with an older secret", webhook, []string{header, hex.EncodeToString(mac("an older secret", webhook))}, 202},
		{"signed with another secret", webhook, []string{header, hex.EncodeToString(mac("another", webhook))}, 401},
		{"another body", strings.Replace(webhook, "7", "8", 1), []string{header, right}, 401},
		{"not signed, and a write key", webhook, []string{"Authorization", "Bearer " + k.key}, 401},
		{"not hex", webhook, []string{header, "zz"}, 401},
		{"empty", webhook, []string{header, ""}, 401},
		{"compressed", webhook, []string{header, right, "Content-Encoding", "gzip"}, 415},
		{"too large", strings.Repeat(" ", 1<<20+1), []string{header, right}, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := sink.count()
			headers := append([]string{"Authorization", ""}, tt.headers...)
			got := k.postTo("/v1/sources/thinkific", reader(tt.body), headers...)
			if stored := sink.count() - before; got.Status != tt.status || (stored == 1) != (tt.status == 202) {
				t.Errorf("got %d %s; %s; %d stored", got.Status, got.Code, got.Detail, stored)
			}
		})
	}
}

// TestStandardWebhooks are verified over id, time and body, and only around their time.
func TestStandardWebhooks(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	sink := &published{}
	k := open(t, sink, func(o *api.Options, _ *http.Server) {
		useSources(t, o)
		o.Now = func() time.Time { return now }
		find := o.Source
		o.Source = func(name string) (api.Source, bool) {
			s, ok := find(name)
			s.Secrets = [][]byte{[]byte("secret of the lms")}
			return s, ok
		}
	})
	sign := func(id string, at time.Time, body string) []string {
		seconds := strconv.FormatInt(at.Unix(), 10)
		signature := base64.StdEncoding.EncodeToString(mac("secret of the lms", id+"."+seconds+"."+body))
		return []string{"Authorization", "", "X-Topic", "done", "Webhook-Id", id, "Webhook-Timestamp", seconds, "Webhook-Signature", "v2,bm8= v1,bm8= v1," + signature}
	}
	for _, tt := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"signed", sign("m1", now, lmsBody), 202},
		{"a little late", sign("m2", now.Add(-4*time.Minute), lmsBody), 202},
		{"replayed later", sign("m3", now.Add(-6*time.Minute), lmsBody), 401},
		{"from the future", sign("m4", now.Add(6*time.Minute), lmsBody), 401},
		{"another body", sign("m5", now, "{}"), 401},
		{"another id", append(sign("m6", now, lmsBody), "Webhook-Id", "m7"), 401},
		{"no time", append(sign("m8", now, lmsBody), "Webhook-Timestamp", ""), 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := k.postTo("/v1/sources/lms", reader(lmsBody), tt.headers...); got.Status != tt.status {
				t.Errorf("got %d %s; %s", got.Status, got.Code, got.Detail)
			}
		})
	}
}

// TestBodiesForASource: the source reads each body unasked, with the headers that it names and no other, and what it does not know becomes a dead letter.
func TestBodiesForASource(t *testing.T) {
	k, sink := openWithSources(t)
	scoped := k.keys.make(func(key *api.Key) { key.Scopes = []string{api.ScopeSource("lms")} })
	for _, tt := range []struct {
		name, body, topic     string
		status                int
		stored, dead, ignored int
		subject               string
	}{
		{"one", lmsBody, "done", 202, 1, 0, 0, "learning.7.lesson.completed"},
		{"an array", `[` + lmsBody + `,{"user":8,"lesson":"l2"}]`, "done", 202, 2, 0, 0, "learning.7.lesson.completed"},
		{"not wanted", lmsBody, "ping", 202, 0, 0, 1, ""},
		{"not known", lmsBody, "danced", 202, 0, 1, 0, "learning.7.lms"},
		{"nobody's", `{"lesson":"l1"}`, "done", 202, 0, 1, 0, "learning._.lms"},
		{"no object", `"x"`, "done", 400, 0, 0, 0, ""},
		{"no JSON", `x=1`, "done", 400, 0, 0, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sink.messages = nil
			got := k.postTo("/v1/sources/lms", reader(tt.body), "Authorization", "Bearer "+scoped, "X-Topic", tt.topic, "Cookie", "a=b")
			if got.Status != tt.status || got.Stored != tt.stored || got.DeadLetters != tt.dead || got.Ignored != tt.ignored || sink.count() != tt.stored+tt.dead {
				t.Fatalf("got %d %s; %s; %+v", got.Status, got.Detail, got.Hint, got.Result)
			}
			if sink.count() == 0 {
				return
			}
			m := sink.messages[0]
			if m.Subject != tt.subject || len(m.Header) != 2 || m.Header[sources.HeaderSource][0] != "lms" || m.Header["x-topic"][0] != tt.topic {
				t.Errorf("published %s with %v", m.Subject, m.Header)
			}
		})
	}
	if got := k.postTo("/v1/events", reader(lesson("e1")), "Authorization", "Bearer "+scoped); got.Status != 403 {
		t.Errorf("a key for a source posts events: %d", got.Status)
	}
	if got := k.postTo("/v1/sources/xapi", reader(statement), "Authorization", ""); got.Status != 401 || got.Code != "no_key" {
		t.Errorf("without a key and a signature: %d %s", got.Status, got.Code)
	}
}

// TestNativeShapesForASource: a source reads a body of the native shape as well, so that its key stores nothing but what the source makes of a body.
func TestNativeShapesForASource(t *testing.T) {
	k, sink := openWithSources(t)
	for _, tt := range []struct{ name, source, body, subject string }{
		{"forged", "lms", `{"event":"certificate.earned","learner_id":"u_1","id":"forged","time":"2026-03-02T10:00:00Z","properties":{"certificate_id":"c1"},"traits":{"email":"x@example.org"}}`, "learning._.lms"},
		{"its own", "school", `{"event":"lesson_done","learner_id":"7","id":"w1","properties":{"lesson":"l1"}}`, "learning.7.lesson.completed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sink.messages = nil
			scoped := k.keys.make(func(key *api.Key) { key.Scopes = []string{api.ScopeSource(tt.source)} })
			got := k.postTo("/v1/sources/"+tt.source, reader(tt.body), "Authorization", "Bearer "+scoped, "X-Topic", "done")
			if got.Status != 202 || sink.count() != 1 || sink.messages[0].Subject != tt.subject {
				t.Errorf("got %d %s; %+v; published %v", got.Status, got.Detail, got.Result, sink.messages)
			}
		})
	}
}

// TestBatchesForASource: only the source says what is a batch of its own, and it is not asked whether it recognizes one.
func TestBatchesForASource(t *testing.T) {
	for _, tt := range []struct {
		name, source, body string
		stored             int
	}{
		{"a field batch of numbers", "lms", `{"user":7,"lesson":"l1","batch":[2026]}`, 1},
		{"a field batch of objects", "lms", `{"user":7,"lesson":"l1","batch":[{"year":2026}]}`, 1},
		{"its items", "school", `{"rows":[{"event":"lesson_done","learner_id":"7","id":"w1","properties":{"lesson":"l1"}},{"event":"lesson_done","learner_id":"8","id":"w2","properties":{"lesson":"l1"}}]}`, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, sink := openWithSources(t)
			got := k.postTo("/v1/sources/"+tt.source, reader(tt.body), "X-Topic", "done")
			if got.Status != 202 || got.Stored != tt.stored || sink.count() != tt.stored {
				t.Errorf("got %d %s; %+v", got.Status, got.Detail, got.Result)
			}
		})
	}
}
