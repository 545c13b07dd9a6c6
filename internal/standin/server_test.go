package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A mail that the real API would take; tests change one thing in it.
const goodMail = `{
	"personalizations": [{"to": [{"email": "ada@example.org", "name": "Ada Lovelace"}], "custom_args": {"homeroom_send": "snd_1"}}],
	"from": {"email": "hello@academy.example", "name": "Academy"},
	"subject": "One more try?",
	"content": [{"type": "text/plain", "value": "Hello Ada"}, {"type": "text/html", "value": "<p>Hello Ada</p>"}],
	"categories": ["retry-after-failed-quiz"],
	"headers": {"List-Unsubscribe": "<https://academy.example/u/1>"}
}`

func post(t *testing.T, h http.Handler, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v3/mail/send", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer SG.test")
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAcceptedMail(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return at }})
	w := post(t, s, goodMail, nil)
	if w.Code != http.StatusAccepted || w.Body.Len() != 0 || w.Header().Get("X-Message-Id") == "" {
		t.Fatalf("got %d %q, want 202, an empty body and an X-Message-Id", w.Code, w.Body)
	}
	got := s.Messages("")[0]
	want := Message{ID: w.Header().Get("X-Message-Id"), SendID: "snd_1", Copy: 1, At: at, Subject: "One more try?", Text: "Hello Ada", HTML: "<p>Hello Ada</p>"}
	if got.ID != want.ID || got.SendID != want.SendID || got.Copy != 1 || !got.At.Equal(at) || got.Text != want.Text || got.HTML != want.HTML ||
		got.To[0].Name != "Ada Lovelace" || got.Headers["List-Unsubscribe"] == "" || got.Categories[0] != "retry-after-failed-quiz" {
		t.Errorf("got %+v", got)
	}
}

func TestValidation(t *testing.T) {
	address := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"to":[{"email":"l%d@example.org"}]}`, i)
		}
		return `"personalizations": [` + strings.Join(list, ",") + `]`
	}
	recipients := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"email":"l%d@example.org"}`, i)
		}
		return `[` + strings.Join(list, ",") + `]`
	}
	const to = `"personalizations": [{"to": [{"email": "ada@example.org", "name": "Ada Lovelace"}], "custom_args": {"homeroom_send": "snd_1"}}]`
	const parts = `[{"type": "text/plain", "value": "Hello Ada"}, {"type": "text/html", "value": "<p>Hello Ada</p>"}]`
	tests := []struct {
		name, old, new string // in goodMail
		status         int
		field          string
	}{
		{"a good mail", "", "", 202, ""},
		{"not JSON", goodMail, "{", 400, ""},
		{"a subject that is a number", `"One more try?"`, `7`, 400, "subject"},
		{"no personalizations", to, `"personalizations": []`, 400, "personalizations"},
		{"1,000 personalizations", to, address(1000), 202, ""},
		{"1,001 personalizations", to, address(1001), 400, "personalizations"},
		{"nobody to write to", `"to": [{"email": "ada@example.org", "name": "Ada Lovelace"}]`, `"to": []`, 400, "personalizations.0.to"},
		{"an address without @", "ada@example.org", "ada", 400, "personalizations.0.to.0.email"},
		{"an address with a space", "ada@example.org", "ada lovelace@example.org", 400, "personalizations.0.to.0.email"},
		{"an address with a name in it", "ada@example.org", "Ada <ada@example.org>", 400, "personalizations.0.to.0.email"},
		{"an address with an umlaut", "ada@example.org", "ädä@example.org", 400, "personalizations.0.to.0.email"},
		{"an address without a top-level domain", "ada@example.org", "ada@example", 400, "personalizations.0.to.0.email"},
		{"names in any script", "Ada Lovelace", "阿达 “Ada”, Löwe", 202, ""},
		{"1,001 recipients of one mail", `[{"email": "ada@example.org", "name": "Ada Lovelace"}]`, recipients(1001), 400, "personalizations"},
		{"1,000 recipients of one mail", `[{"email": "ada@example.org", "name": "Ada Lovelace"}]`, recipients(1000), 202, ""},
		{"an address twice", `"name": "Ada Lovelace"}]`, `"name": "Ada"}], "cc": [{"email": "Ada@example.org"}]`, 400, "personalizations.0"},
		{"no sender", `"from": {"email": "hello@academy.example", "name": "Academy"},`, ``, 400, "from.email"},
		{"a sender that is no address", "hello@academy.example", "Academy", 400, "from.email"},
		{"no subject", `"One more try?"`, `""`, 400, "subject"},
		{"a subject of two lines", "One more try?", `One\r\nBcc: x@example.org`, 400, "subject"},
		{"the personalization's own subject", `"subject": "One more try?",`, ``, 400, "subject"},
		{"no content", parts, `[]`, 400, "content"},
		{"empty text", `"Hello Ada"`, `""`, 400, "content.0.value"},
		{"HTML before text", parts, `[{"type":"text/html","value":"x"},{"type":"text/plain","value":"x"}]`, 400, "content.1.type"},
		{"text twice", parts, `[{"type":"text/plain","value":"x"},{"type":"text/plain","value":"x"}]`, 400, "content.1.type"},
		{"a type with a charset", "text/html", "text/html; charset=utf-8", 400, "content.1.type"},
		{"a forbidden header", "List-Unsubscribe", "Reply-to", 400, "headers.Reply-to"},
		{"a header twice", `"List-Unsubscribe":`, `"list-unsubscribe": "<https://academy.example/u/2>", "List-Unsubscribe":`, 400, ""},
		{"a header with a space", "List-Unsubscribe", "List Unsubscribe", 400, "headers"},
		{"a header that is a number", `"<https://academy.example/u/1>"`, "1", 400, "headers"},
		{"text that is not UTF-8", "Hello Ada", "Hello \xff", 400, ""},
		{"a header with a line break", "/u/1>", `/u/1>\r\nBcc: x@example.org`, 400, "headers.List-Unsubscribe"},
		{"10,000 bytes of custom arguments", "snd_1", strings.Repeat("x", 9980), 400, "personalizations.0.custom_args"},
		{"nearly 10,000 bytes of custom arguments", "snd_1", strings.Repeat("x", 9979), 202, ""},
		{"a custom argument that is a number", `"snd_1"`, `1`, 400, "personalizations.0.custom_args.homeroom_send"},
		{"a custom argument that is an object", `"snd_1"`, `{}`, 400, "personalizations.0.custom_args.homeroom_send"},
		{"custom arguments without any", `{"homeroom_send": "snd_1"}`, `{}`, 400, "personalizations.0.custom_args"},
		{"custom arguments that are text", `{"homeroom_send": "snd_1"}`, `"snd_1"`, 400, "personalizations.custom_args"},
		{"ten categories", `"retry-after-failed-quiz"`, `"1","2","3","4","5","6","7","8","9","10"`, 202, ""},
		{"eleven categories", `"retry-after-failed-quiz"`, `"1","2","3","4","5","6","7","8","9","10","11"`, 400, "categories"},
		{"a category of 256 characters", "retry-after-failed-quiz", strings.Repeat("a", 256), 400, "categories.0"},
		{"a category of 255 characters", "retry-after-failed-quiz", strings.Repeat("a", 255), 202, ""},
		{"a category with an umlaut", "retry-after-failed-quiz", "zurück", 400, "categories.0"},
		{"a category twice", `"retry-after-failed-quiz"`, `"a","a"`, 400, "categories.1"},
		{"four days ahead", `"subject"`, `"send_at": 345600, "subject"`, 400, "send_at"},
		{"sandbox mode", `"subject"`, `"mail_settings": {"sandbox_mode": {"enable": true}}, "subject"`, 200, ""},
		{"a mistake in sandbox mode", `"subject": "One more try?"`, `"mail_settings": {"sandbox_mode": {"enable": true}}`, 400, "subject"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(goodMail, test.old) {
				t.Fatalf("the good mail has no %q", test.old)
			}
			s := New(Options{Now: func() time.Time { return time.Unix(0, 0) }})
			w := post(t, s, strings.Replace(goodMail, test.old, test.new, 1), nil)
			if w.Code != test.status {
				t.Fatalf("got %d %s, want %d", w.Code, w.Body, test.status)
			}
			if test.status != 400 {
				return
			}
			var answer struct {
				Errors []struct {
					Message string
					Field   *string
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Errors) != 1 {
				t.Fatalf("got %s (%v), want one error", w.Body, err)
			}
			if field := answer.Errors[0].Field; test.field != "" && (field == nil || *field != test.field) {
				t.Errorf("got %s, want field %s", w.Body, test.field)
			}
			if len(s.Messages("")) != 0 {
				t.Error("a refused mail is in the inbox")
			}
		})
	}
}

func TestEveryMistakeIsNamed(t *testing.T) {
	w := post(t, New(Options{}), `{}`, nil)
	for _, field := range []string{"personalizations", "from.email", "subject", "content"} {
		if !strings.Contains(w.Body.String(), `"field":"`+field+`"`) {
			t.Errorf("got %s, want %s named", w.Body, field)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"no key", func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"an empty key", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401},
		{"basic authentication", func(r *http.Request) { r.SetBasicAuth("a", "b") }, 401},
		{"a wrong key", func(r *http.Request) { r.Header.Set("Authorization", "Bearer SG.other") }, 401},
		{"GET", func(r *http.Request) { r.Method = http.MethodGet }, 405},
		{"a form", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		{"31 MB", func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(make([]byte, 31<<20))) }, 413},
		{"an unknown path", func(r *http.Request) { r.URL.Path = "/v3/templates" }, 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := post(t, New(Options{Key: "SG.test"}), goodMail, test.change)
			if w.Code != test.status || !strings.Contains(w.Body.String(), `{"errors":[{"message":`) {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, test.status)
			}
		})
	}
}

func TestCountsAndBounds(t *testing.T) {
	s := New(Options{Keep: 3})
	for i := range 5 {
		post(t, s, strings.Replace(goodMail, "snd_1", fmt.Sprintf("snd_%d", i%4), 1), nil)
	}
	post(t, s, strings.Replace(goodMail, "homeroom_send", "other", 1), nil)
	post(t, s, "{", nil)
	got := s.Counts()
	if got.Requests != 7 || got.Accepted != 6 || got.Duplicates != 1 || got.Unnamed != 1 || got.Statuses[202] != 6 || got.Statuses[400] != 1 ||
		len(got.Repeated) != 1 || got.Repeated[0] != "snd_0" {
		t.Errorf("got %+v", got)
	}
	kept := s.Messages("")
	if len(kept) != 3 || kept[1].SendID != "snd_0" || kept[1].Copy != 2 {
		t.Errorf("got %d mails kept, the second %+v; want 3, the second copy of snd_0", len(kept), kept[1])
	}
	s.Forget()
	if got := s.Counts(); got.Accepted != 0 || len(s.Messages("")) != 0 {
		t.Errorf("after forgetting: %+v", got)
	}
}

func TestBigMailsAreBounded(t *testing.T) {
	s := New(Options{})
	big := strings.Replace(goodMail, "<p>Hello Ada</p>", strings.Repeat("x", 20<<20), 1)
	for range 5 {
		post(t, s, big, nil)
	}
	if n := len(s.Messages("")); n != 3 || s.Counts().Accepted != 5 {
		t.Errorf("got %d of 20 MB each kept, want 3", n)
	}
}

func TestListener(t *testing.T) {
	l := listen(t)
	resp, err := http.Get(l.URL() + "/_standin/messages")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var list struct {
		Counts   Counts
		Messages []Message
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || list.Messages == nil {
		t.Errorf("got %+v, %v; want an empty list", list, err)
	}
	if _, err := New(Options{}).Start(strings.TrimPrefix(l.URL(), "http://"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a taken port was accepted")
	}
	for range 2 {
		if err := l.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

func listen(t *testing.T) *Listener {
	t.Helper()
	l, err := New(Options{}).Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	return l
}
