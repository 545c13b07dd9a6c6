package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/api"
	"homeroom/catalog"
	"homeroom/subjects"
)

// TestEveryForm: each form that events are posted in is stored so that the triggers read it.
func TestEveryForm(t *testing.T) {
	event := `{"specversion":"1.0","type":"org.example.lesson.completed","source":"/lms","subject":"u_42","id":"%s","data":{"course_id":"go","lesson_id":"l1"}}`
	call := `{"type":"track","event":"Lesson Completed","userId":"u_42","messageId":"s1","timestamp":"2026-03-02T10:00:00Z","properties":{"course_id":"go","lesson_id":"l1"}}`
	for _, tt := range []struct {
		name    string
		body    string
		headers []string
		want    int
	}{
		{"native", lesson("e1"), nil, 1},
		{"without a content type", lesson("e1"), []string{"Content-Type", ""}, 1},
		{"with a byte order mark", "\uFEFF" + lesson("e1"), nil, 1},
		{"a call in the style of Segment", call, nil, 1},
		{"an array", "[" + lesson("e1") + ",\n" + lesson("e2") + "]", nil, 2},
		{"an array of several forms", "[" + lesson("e1") + "," + fmt.Sprintf(event, "c1") + "," + call + "]", nil, 3},
		{"lines", lesson("e1") + "\r\n\n" + lesson("e2") + "\n", []string{"Content-Type", "application/x-ndjson"}, 2},
		{"gzip", string(zip(t, "["+lesson("e1")+"]")), []string{"Content-Encoding", "gzip"}, 1},
		{"a structured CloudEvent", fmt.Sprintf(event, "c1"), []string{"Content-Type", "application/cloudevents+json; charset=utf-8"}, 1},
		{"a batch of CloudEvents", "[" + fmt.Sprintf(event, "c1") + "," + fmt.Sprintf(event, "c2") + "]", []string{"Content-Type", "application/cloudevents-batch+json"}, 2},
		{"a binary CloudEvent", `{"course_id":"go","lesson_id":"l1"}`, []string{"Ce-Specversion", "1.0", "Ce-Type", "lesson.completed", "Ce-Id", "b1", "Ce-Source", "/lms", "Ce-Subject", "u_42"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, server := openReal(t)
			got := k.post(reader(tt.body), tt.headers...)
			if got.Status != http.StatusAccepted || got.Stored != tt.want || got.Refused+got.Repeated+got.Unconfirmed != 0 {
				t.Fatalf("got %+v", got)
			}
			_, js := server.Connect()
			again := k.post(reader(tt.body), tt.headers...)
			if again.Status != http.StatusAccepted || again.Repeated != tt.want || again.Stored != 0 {
				t.Errorf("again: got %+v", again)
			}
			expectReadable(t, js, tt.want)
		})
	}
}

// expectReadable reads the stream as the triggers do.
func expectReadable(t *testing.T, js jetstream.JetStream, want int) {
	t.Helper()
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != uint64(want) {
		t.Fatalf("the stream holds %d messages, want %d", n, want)
	}
	for seq := range want {
		msg, err := stream.GetMsg(t.Context(), uint64(seq+1))
		if err != nil {
			t.Fatal(err)
		}
		_, learner, event, err := subjects.ParseStored(msg.Subject)
		if err != nil {
			t.Fatal(err)
		}
		d, refusal := known.DecodeMessage(learner, event, msg.Header, msg.Data, msg.Time)
		if refusal != nil {
			t.Fatalf("the triggers refuse it: %v", refusal)
		}
		if d.Event.Learner != "u_42" || d.Event.Name != "lesson.completed" || d.Event.Properties["lesson_id"] != "l1" {
			t.Errorf("read as %+v", d.Event)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		body    string
		headers []string
		status  int
		code    string
		says    string
	}{
		{"nothing", "", nil, 400, "empty", "empty"},
		{"an empty array", "[]", nil, 400, "empty", "no event"},
		{"no JSON", "{", nil, 400, catalog.CodeUnreadable, "not JSON"},
		{"half an array", "[" + lesson("e1") + ",", nil, 400, "unreadable", "not JSON"},
		{"an unknown event", strings.Replace(lesson("e1"), "lesson.completed", "lesson.complete", 1), nil, 400, catalog.CodeUnknownEvent, "did you mean lesson.completed"},
		{"no learner", `{"id":"e1","event":"lesson.completed"}`, nil, 400, catalog.CodeBadLearner, "whose event"},
		{"no id", strings.Replace(lesson("e1"), `"id":"e1",`, "", 1), nil, 400, catalog.CodeBadID, "no id"},
		{"a large event", `{"id":"e1","event":"lesson.completed","learner_id":"u_42","properties":{"x":"` + strings.Repeat("a", catalog.MaxBody) + `"}}`, nil, 413, catalog.CodeTooLarge, "bytes"},
		{"a form", "id=e1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "content_type", "is not read"},
		{"a content type that is none", "{}", []string{"Content-Type", ";;"}, 415, "content_type", "cannot be read"},
		{"an encoding that is none of ours", "{}", []string{"Content-Encoding", "br"}, 415, "content_encoding", "gzip only"},
		{"no gzip where a header says so", lesson("e1"), []string{"Content-Encoding", "gzip"}, 400, "content_encoding", "it is not"},
		{"half of a gzip", string(zip(t, lesson("e1"))[:40]), []string{"Content-Encoding", "gzip"}, 400, "content_encoding", "not wholly"},
		{"gzip without a header", string(zip(t, lesson("e1"))), nil, 400, "content_encoding", "no header says so"},
		{"a bomb", string(zip(t, strings.Repeat(" ", api.MaxRequest+1))), []string{"Content-Encoding", "gzip"}, 413, "too_large", "16 MB"},
		{"a body that is too large", strings.Repeat(" ", api.MaxRequest+1), nil, 413, "too_large", "16 MB"},
		{"too many", strings.Repeat("{}\n", api.MaxItems+1), []string{"Content-Type", "application/x-ndjson"}, 413, "too_many", "10001"},
		{"all of a batch", "[{},{}]", nil, 400, "refused", "every event"},
		{"CloudEvents in another form", "x", []string{"Content-Type", "application/cloudevents+avro"}, 415, "content_type", "is not read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sink := &published{}
			k := open(t, sink, nil)
			got := k.post(reader(tt.body), tt.headers...)
			if got.Status != tt.status || got.Code != tt.code || !strings.Contains(got.Detail+got.Hint, tt.says) {
				t.Errorf("got %d %s: %s; %s", got.Status, got.Code, got.Detail, got.Hint)
			}
			if sink.count() > 0 {
				t.Error("something was stored")
			}
		})
	}
}

func TestWhoMayPost(t *testing.T) {
	k := open(t, &published{}, nil)
	revoked := k.keys.make(func(key *api.Key) { key.Revoked = true })
	scoped := k.keys.make(func(key *api.Key) { key.Scopes = []string{api.ScopeEvents} })
	other := k.keys.make(func(key *api.Key) { key.Scopes = []string{"source:openedx"} })
	guessed := k.key[:len(k.key)-1] + string("ab"[btoi(k.key[len(k.key)-1] == 'a')])
	for _, tt := range []struct {
		name, authorization string
		status              int
		code                string
	}{
		{"nobody", "", 401, "no_key"},
		{"another scheme", "Digest " + k.key, 401, "no_key"},
		{"no key", "Bearer secret", 401, "unknown_key"},
		{"one that nobody made", "Bearer hr_abcdefgh_abcdefghijklmnopqrstuvwxyz", 401, "unknown_key"},
		{"one that is nearly right", "Bearer " + guessed, 401, "unknown_key"},
		{"a revoked one", "Bearer " + revoked, 401, "revoked_key"},
		{"one for something else", "Bearer " + other, 403, "out_of_scope"},
		{"one for this", "bearer  " + scoped, 202, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := k.post(reader(lesson("e1")), "Authorization", tt.authorization)
			if got.Status != tt.status || got.Code != tt.code {
				t.Errorf("got %d %s", got.Status, got.Code)
			}
			if (got.Header.Get("WWW-Authenticate") != "") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate: %q", got.Header.Get("WWW-Authenticate"))
			}
		})
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, k.url+"/v1/events", reader(lesson("e1")))
	req.SetBasicAuth(k.key, "")
	if got := k.send(req); got.Status != http.StatusAccepted {
		t.Errorf("basic authentication: %+v", got)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestOneBadOfTenThousand: the others are stored, and the answer names the one.
func TestOneBadOfTenThousand(t *testing.T) {
	k, server := openReal(t)
	var batch strings.Builder
	for i := range api.MaxItems {
		if i == 7654 {
			batch.WriteString(`{"id":"bad","event":"lesson.completed","learner_id":"u_42","properties":{"lesson_id":7}}` + "\n")
			continue
		}
		batch.WriteString(lesson(fmt.Sprintf("e%d", i)) + "\n")
	}
	got := k.post(reader(batch.String()), "Content-Type", "application/x-ndjson")
	if got.Status != http.StatusMultiStatus || got.Stored != api.MaxItems-1 || got.Refused != 1 || len(got.Items) != 1 {
		t.Fatalf("got %d, stored %d, refused %d, items %+v", got.Status, got.Stored, got.Refused, got.Items)
	}
	if one := got.Items[0]; one.Index != 7654 || one.Status != api.Refused || one.Code != catalog.CodeWrongType || !strings.Contains(one.Detail, "lesson_id") {
		t.Errorf("got %+v", one)
	}
	if n := stored(t, server); n != api.MaxItems-1 {
		t.Errorf("the stream holds %d", n)
	}
}

// TestRemarks: what cannot be used of the traits is said, and the event stored.
func TestRemarks(t *testing.T) {
	k := open(t, &published{}, nil)
	got := k.post(reader(strings.TrimSuffix(lesson("e1"), "}") + `,"traits":{"email":"garbage"}}`))
	if got.Status != http.StatusAccepted || got.Stored != 1 || len(got.Items) != 1 || len(got.Items[0].Remarks) == 0 || got.Items[0].Status != api.Stored {
		t.Errorf("got %+v", got)
	}
}

// TestNATSIsAway: nothing is confirmed, and the same request again is stored once.
func TestNATSIsAway(t *testing.T) {
	k, server := openReal(t)
	if got := k.post(reader("[" + lesson("e1") + "]")); got.Status != http.StatusAccepted {
		t.Fatalf("got %+v", got)
	}
	batch := "[" + lesson("e1") + "," + lesson("e2") + ",{}]"
	server.WhileStopped(func() {
		got := k.post(reader(batch))
		if got.Status != http.StatusServiceUnavailable || got.Code != "unconfirmed" || got.Header.Get("Retry-After") == "" || got.Unconfirmed != 2 || got.Refused != 1 || len(got.Items) != 3 {
			t.Fatalf("got %+v", got)
		}
	})
	var got answer
	deadline := time.After(time.Minute)
	for got.Status != http.StatusMultiStatus { // as a client does after Retry-After
		select {
		case <-deadline:
			t.Fatalf("got %+v", got)
		default:
			got = k.post(reader(batch))
		}
	}
	if got.Stored+got.Repeated != 2 || got.Refused != 1 {
		t.Errorf("got %+v", got)
	}
	if n := stored(t, server); n != 2 {
		t.Errorf("the stream holds %d events, want 2", n)
	}
}

// TestNATSGoesAwayInABatch: the answer says of each item what became of it.
func TestNATSGoesAwayInABatch(t *testing.T) {
	sink := &published{fail: func(i int) error {
		if i >= 2 {
			return errors.New("away")
		}
		return nil
	}}
	k := open(t, sink, nil)
	got := k.post(reader("[" + lesson("e1") + ",{}," + lesson("e2") + "," + lesson("e3") + "]"))
	if got.Status != http.StatusServiceUnavailable || got.Stored != 2 || got.Refused != 1 || got.Unconfirmed != 1 {
		t.Errorf("got %+v", got)
	}
	if len(got.Items) != 2 || got.Items[0].Index != 1 || got.Items[1].Index != 3 || got.Items[1].ID != "e3" {
		t.Errorf("items %+v", got.Items)
	}
}

// TestAKeyHasALimit: what is too much is put off, and the other keys are not.
func TestAKeyHasALimit(t *testing.T) {
	now := time.Now()
	k := open(t, &published{}, func(o *api.Options, _ *http.Server) { o.Now = func() time.Time { return now } })
	slow := "Bearer " + k.keys.make(func(key *api.Key) { key.PerSecond = 2 })
	batch := "[" + lesson("e1") + "," + lesson("e2") + "," + lesson("e3") + "," + lesson("e4") + "]"
	if got := k.post(reader(batch), "Authorization", slow); got.Status != http.StatusAccepted {
		t.Fatalf("a batch larger than a second's worth: %+v", got)
	}
	got := k.post(reader(lesson("e5")), "Authorization", slow)
	if got.Status != http.StatusTooManyRequests || got.Code != "rate_limit" || got.Header.Get("Retry-After") != "2" {
		t.Errorf("got %+v, Retry-After %s", got, got.Header.Get("Retry-After"))
	}
	if got := k.post(reader(lesson("e5"))); got.Status != http.StatusAccepted {
		t.Errorf("another key: %+v", got)
	}
	now = now.Add(2 * time.Second)
	if got := k.post(reader(lesson("e5")), "Authorization", slow); got.Status != http.StatusAccepted {
		t.Errorf("later: %+v", got)
	}
}

// TestASlowClient is told so, and holds nothing.
func TestASlowClient(t *testing.T) {
	k := open(t, &published{}, func(_ *api.Options, s *http.Server) { s.ReadTimeout = 500 * time.Millisecond })
	body := &stalled{first: lesson("e1")[:20], end: t.Context().Done()}
	got := k.post(body)
	if got.Status != http.StatusRequestTimeout || got.Code != "slow" {
		t.Errorf("got %+v", got)
	}
}

// stalled is a body of which no more comes.
type stalled struct {
	first string
	end   <-chan struct{}
}

func (s *stalled) Read(p []byte) (int, error) {
	if s.first == "" {
		<-s.end
		return 0, errors.New("gone")
	}
	n := copy(p, s.first)
	s.first = s.first[n:]
	return n, nil
}

// TestTooMuchAtOnce: bodies beyond what a process holds are put off.
func TestTooMuchAtOnce(t *testing.T) {
	k := open(t, &published{}, func(o *api.Options, _ *http.Server) { o.MaxHeld = 1000 })
	got := k.post(bytes.NewReader(make([]byte, 2000)))
	if got.Status != http.StatusServiceUnavailable || got.Code != "busy" || got.Header.Get("Retry-After") != "1" {
		t.Errorf("got %+v", got)
	}
	for range 5 { // what was held is given back
		if got := k.post(reader(lesson("e1"))); got.Status != http.StatusAccepted {
			t.Errorf("afterwards: %+v", got)
		}
	}
}

func TestOtherPaths(t *testing.T) {
	k := open(t, &published{}, nil)
	if got := k.postTo("/v2/events", reader("{}")); got.Status != 404 || got.Code != "no_such_path" {
		t.Errorf("got %+v", got)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, k.url+"/v1/events", nil)
	if got := k.send(req); got.Status != 405 || got.Code != "method" || got.Header.Get("Allow") != "POST" {
		t.Errorf("got %+v", got)
	}
}

// TestNoHeaderIsPassedOn: only what belongs to a CloudEvent reaches the stream, so nobody steers it.
func TestNoHeaderIsPassedOn(t *testing.T) {
	sink := &published{}
	k := open(t, sink, nil)
	steering := []string{"Nats-Msg-Id", "x", "Nats-Rollup", "all", "Nats-Expected-Stream", "OTHER", "Status", "503"}
	for _, headers := range [][]string{nil, {"Ce-Specversion", "1.0", "Ce-Type", "lesson.completed", "Ce-Id", "b1", "Ce-Subject", "u_42", "Ce-Source", "/"}} {
		body := lesson("e1")
		if headers != nil {
			body = `{"lesson_id":"l1"}`
		}
		if got := k.post(reader(body), append(headers, steering...)...); got.Status != http.StatusAccepted {
			t.Fatalf("got %+v", got)
		}
	}
	for _, m := range sink.messages {
		for name := range m.Header {
			if !strings.HasPrefix(name, "Ce-") && name != "Content-Type" {
				t.Errorf("the header %s is passed on", name)
			}
		}
	}
}
