package standin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, s *Server, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestInboxPage(t *testing.T) {
	at := time.Date(2026, 3, 2, 22, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { at = at.Add(time.Hour); return at }})
	if page := get(t, s, "/").Body.String(); !strings.Contains(page, "No mail yet") {
		t.Error("the empty inbox does not say so")
	}
	post(t, s, goodMail, nil)
	post(t, s, strings.NewReplacer("ada@", "grace@", "Ada Lovelace", "Grace <b>Hopper</b>", "One more try?", "Second").Replace(goodMail), nil)
	tests := []struct {
		path       string
		want, miss []string
	}{
		{"/", []string{"One more try?", "Second", "Tuesday, 3 March 2026", "1 sent twice", "copy 2", "Grace &lt;b&gt;Hopper"}, []string{"<b>Hopper"}},
		{"/?q=ada+try", []string{"One more try?", "1</strong> mail for"}, []string{"Second"}},
		{"/?q=GRACE@example.org", []string{"Second"}, []string{"One more try?"}},
		{"/?q=retry-after-failed-quiz", []string{"Second", "One more try?"}, nil},
		{"/?q=%3Cscript%3E", []string{"Nothing for “&lt;script&gt;”"}, []string{"<script>"}},
		{"/?page=99", []string{"Second"}, nil},
	}
	for _, test := range tests {
		page := get(t, s, test.path).Body.String()
		for _, want := range test.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not show %q:\n%s", test.path, want, page)
			}
		}
		for _, miss := range test.miss {
			if strings.Contains(page, miss) {
				t.Errorf("%s shows %q", test.path, miss)
			}
		}
	}
	if page := get(t, s, "/").Body.String(); strings.Index(page, "Second") > strings.Index(page, "One more try?") {
		t.Error("the newest mail is not first")
	}
}

func TestInboxPagesThrough(t *testing.T) {
	s := New(Options{})
	for i := range 120 {
		post(t, s, strings.Replace(goodMail, "One more try?", fmt.Sprintf("Mail %d.", i), 1), nil)
	}
	for path, want := range map[string]string{"/": "1–50 of 120", "/?page=1": "51–100 of 120", "/?page=2": "101–120 of 120"} {
		if page := get(t, s, path).Body.String(); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
}

func TestInboxRefreshesOnlyWhenSomethingChanged(t *testing.T) {
	s := New(Options{})
	post(t, s, goodMail, nil)
	first := get(t, s, "/?part=list")
	if strings.Contains(first.Body.String(), "<html") || !strings.Contains(first.Body.String(), "One more try?") {
		t.Errorf("got %s, want the list alone", first.Body)
	}
	etag := first.Header().Get("ETag")
	if w := get(t, s, "/?part=list", "If-None-Match", etag); w.Code != http.StatusNotModified {
		t.Errorf("nothing changed: got %d, want 304", w.Code)
	}
	post(t, s, goodMail, nil)
	if w := get(t, s, "/?part=list", "If-None-Match", etag); w.Code != http.StatusOK {
		t.Errorf("after new mail: got %d, want 200", w.Code)
	}
}

func TestMailPage(t *testing.T) {
	s := New(Options{})
	id := post(t, s, strings.Replace(goodMail, "<p>Hello Ada</p>", `<html><head><title>x</title></head><p>Hello Ada</p><script>alert(1)</script>`, 1), nil).Header().Get("X-Message-Id")
	tests := []struct {
		path   string
		status int
		want   string
	}{
		{"/mail/" + id, 200, `src="/mail/` + id + `/content" sandbox="allow-same-origin allow-popups`},
		{"/mail/" + id + "?view=text", 200, "Hello Ada</pre>"},
		{"/mail/" + id + "?view=headers", 200, "List-Unsubscribe"},
		{"/mail/" + id + "/content", 200, `<head><base target="_blank">`},
		{"/mail/nothing", 404, "This mail is not here"},
		{"/mail/nothing/content", 404, ""},
		{"/_standin/inbox.css", 200, "prefers-color-scheme: dark"},
		{"/_standin/inbox.js", 200, "fetch("},
	}
	for _, test := range tests {
		w := get(t, s, test.path)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: got %d, want %d with %q:\n%s", test.path, w.Code, test.status, test.want, w.Body)
		}
	}
	policy := get(t, s, "/mail/"+id+"/content").Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox ") || strings.Contains(policy, "script") {
		t.Errorf("the mail's policy lets scripts run: %s", policy)
	}
}
