package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/api"
	"homeroom/catalog"
	"homeroom/internal/natstest"
	"homeroom/internal/writekey"
	"homeroom/store"
	"homeroom/subjects"
)

// keyring are keys in memory.
type keyring struct {
	mu   sync.Mutex
	keys map[string]api.Key
}

func (k *keyring) FindKey(id string) (api.Key, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[id]
	return key, ok
}

// make adds a key and returns it.
func (k *keyring) make(change func(*api.Key)) (text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	text, id := writekey.New()
	key := api.Key{ID: id, Hash: writekey.Hash(text)}
	if change != nil {
		change(&key)
	}
	k.keys[id] = key
	return text
}

// batches publishes to a real stream.
type batches struct{ *store.Batches }

func (b batches) PublishAll(ctx context.Context, messages []api.Message) []api.Outcome {
	converted := make([]store.BatchMessage, len(messages))
	for i, m := range messages {
		converted[i] = store.BatchMessage(m)
	}
	outcomes := make([]api.Outcome, len(messages))
	for i, o := range b.Batches.PublishAll(ctx, converted) {
		outcomes[i] = api.Outcome(o)
	}
	return outcomes
}

// published keeps messages in memory; fail says which of them are not confirmed.
type published struct {
	mu       sync.Mutex
	messages []api.Message
	fail     func(i int) error
}

func (p *published) PublishAll(_ context.Context, messages []api.Message) []api.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	outcomes := make([]api.Outcome, len(messages))
	for i, m := range messages {
		if p.fail != nil {
			outcomes[i].Err = p.fail(i)
		}
		if outcomes[i].Err == nil {
			p.messages = append(p.messages, m)
		}
	}
	return outcomes
}

func (p *published) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.messages)
}

// kit is an API behind an HTTP server.
type kit struct {
	t    testing.TB
	url  string
	api  *api.API
	keys *keyring
	key  string // one that may do everything
}

func open(t testing.TB, publisher api.Publisher, change func(*api.Options, *http.Server)) *kit {
	t.Helper()
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	k := &kit{t: t, keys: &keyring{keys: map[string]api.Key{}}}
	k.key = k.keys.make(nil)
	o := api.Options{Keys: k.keys, Publisher: publisher, Catalog: func() *catalog.Catalog { return known }, Now: time.Now}
	server := httptest.NewUnstartedServer(nil)
	if change != nil {
		change(&o, server.Config)
	}
	k.api, err = api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = k.api
	server.Start()
	t.Cleanup(server.Close)
	k.url = server.URL
	return k
}

// openReal returns an API over a real stream.
func openReal(t testing.TB) (*kit, *natstest.Server) {
	t.Helper()
	server, js, _ := natstest.Open(t)
	publisher, err := store.NewBatches(js)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, batches{publisher}, nil), server
}

// answer is what came back.
type answer struct {
	Status int `json:"-"`
	Header http.Header
	api.Result
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Hint   string `json:"hint"`
	Number int    `json:"status"`
}

// post posts a body to /v1/events; headers come as name and value.
func (k *kit) post(body io.Reader, headers ...string) answer {
	k.t.Helper()
	return k.postTo("/v1/events", body, headers...)
}

func (k *kit) postTo(path string, body io.Reader, headers ...string) answer {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), http.MethodPost, k.url+path, body)
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+k.key)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Del(headers[i])
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	return k.send(req)
}

func (k *kit) send(req *http.Request) answer {
	k.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	a := answer{Status: res.StatusCode, Header: res.Header}
	if err := json.Unmarshal(text, &a); err != nil {
		k.t.Fatalf("%v in %s", err, text)
	}
	if want := "application/problem+json"; a.Status >= 400 && (res.Header.Get("Content-Type") != want || a.Number != a.Status || a.Title == "" || a.Detail == "") {
		k.t.Errorf("no problem document: %s %s", res.Header.Get("Content-Type"), text)
	}
	return a
}

// zip compresses a text.
func zip(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// lesson is a native event.
func lesson(id string) string {
	return `{"id":"` + id + `","event":"lesson.completed","learner_id":"u_42","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go","lesson_id":"l1"}}`
}

// stored returns how many events the stream holds.
func stored(t testing.TB, server *natstest.Server) uint64 {
	t.Helper()
	_, js := server.Connect()
	stream, err := js.Stream(t.Context(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

func reader(text string) io.Reader { return strings.NewReader(text) }
