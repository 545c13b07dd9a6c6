package standin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// edge is the part of Homeroom that a reader meets. Redirects lead to another machine.
type edge struct {
	mu    sync.Mutex
	asked []string
	url   string
}

func newEdge(t *testing.T) *edge {
	e := &edge{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := r.Method + " " + r.URL.Path
		if r.Method == http.MethodPost {
			if r.Header.Get("Cookie") != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("the one-click request has headers %v", r.Header)
			}
			line += " " + r.PostFormValue("List-Unsubscribe")
		} else if !strings.HasPrefix(r.UserAgent(), "Mozilla/5.0 (") {
			t.Errorf("a reader browses with %q", r.UserAgent())
		}
		e.mu.Lock()
		e.asked = append(e.asked, line)
		e.mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/s/") {
			http.Redirect(w, r, "https://social.example/", http.StatusFound)
		}
	}))
	t.Cleanup(web.Close)
	e.url = web.URL
	return e
}

func (e *edge) visits() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

// mailFor is a mail whose links lead to the edge.
func mailFor(e *edge, send string) string {
	return strings.NewReplacer(
		"snd_1", send,
		`<p>Hello Ada</p>`, fmt.Sprintf(`<p>Hello <a class='b' href='%[1]s/s/post?a=1&amp;b=2'>Share</a> <A HREF=\"%[1]s/p/token\">Preferences</A> <a href=\"%[1]s/u/token\">Unsubscribe</a></p>`, e.url),
		`"List-Unsubscribe": "<https://academy.example/u/1>"`, fmt.Sprintf(`"list-unsubscribe": "<%s/u/token>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"`, e.url),
	).Replace(goodMail)
}

func at0(time.Duration) <-chan time.Time { // nobody waits
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

func TestReadersDoWhatPeopleDo(t *testing.T) {
	off := func(setting string) string {
		return fmt.Sprintf(`"tracking_settings": {%q: {"enable": false}}, "subject"`, setting)
	}
	tests := []struct {
		name     string
		readers  Readers
		old, new string   // in the mail
		told     []string // by the webhook
		visited  []string
	}{
		{"nobody reads", Readers{}, "", "", nil, nil},
		{"a mail program looks", Readers{Prefetch: 1}, "", "", []string{"open snd_1 machine"}, nil},
		{"a person opens", Readers{Open: 1}, "", "", []string{"open snd_1"}, nil},
		{"clicks need an open", Readers{Click: 1, Unsubscribe: 1, Spam: 1}, "", "", nil, nil},
		{"a person clicks", Readers{Prefetch: 1, Open: 1, Click: 1}, "", "", []string{"open snd_1 machine", "open snd_1", "click snd_1"}, []string{"GET /s/post"}},
		{"a person has enough", Readers{Open: 1, Unsubscribe: 1}, "", "", []string{"open snd_1"}, []string{"POST /u/token One-Click"}},
		{"a person complains", Readers{Open: 1, Spam: 1}, "", "", []string{"open snd_1", "spamreport snd_1"}, nil},
		{"a minor's mail does not tell of opens", Readers{Prefetch: 1, Open: 1, Click: 1}, `"subject"`, off("open_tracking"), []string{"click snd_1"}, []string{"GET /s/post"}},
		{"nor of clicks", Readers{Open: 1, Click: 1}, `"subject"`, off("click_tracking"), []string{"open snd_1"}, []string{"GET /s/post"}},
		{"no button without its header", Readers{Open: 1, Unsubscribe: 1}, "List-Unsubscribe-Post", "X-Other", []string{"open snd_1"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := newEdge(t)
			s, p := listening(t, Options{Readers: test.readers, After: at0})
			post(t, s, strings.Replace(mailFor(e, "snd_1"), test.old, test.new, 1), nil)
			want := append([]string{"processed snd_1", "delivered snd_1"}, test.told...)
			s.tasks.group.Wait()
			quiet(t, s, len(want))
			var got []string
			for _, list := range p.posts {
				for _, i := range list {
					words := fmt.Sprint(i["event"], " ", i[SendArg])
					if i["sg_machine_open"] == true {
						words += " machine"
					}
					got = append(got, words)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("told %v, want %v", got, want)
			}
			if visits := e.visits(); !slices.Equal(visits, test.visited) {
				t.Errorf("visited %v, want %v", visits, test.visited)
			}
		})
	}
}

func TestTheSameTermHasTheSameReaders(t *testing.T) {
	r := Readers{Seed: 7, Prefetch: 0.3, Open: 0.5, Click: 0.4, Unsubscribe: 0.05, Spam: 0.02}
	mail := func(i int) Message {
		return Message{ID: newID(), SendID: fmt.Sprintf("snd-%d", i), Copy: 1, HTML: `<a href="http://127.0.0.1/s/1">1</a><a href="https://academy.example/2">2</a><a href="http://127.0.0.1/p/3">3</a>`}
	}
	counts := map[string]int{}
	const mails = 4000
	different := 0
	kinds := func(acts []readerAct) (list []string) {
		for _, a := range acts {
			list = append(list, a.kind)
		}
		return list
	}
	for i := range mails {
		acts := r.planActs(mail(i))
		if again := r.planActs(mail(i)); !slices.Equal(acts, again) {
			t.Fatalf("mail %d is read in two ways: %v and %v", i, acts, again)
		}
		if other := (Readers{Seed: 8, Prefetch: 0.3, Open: 0.5, Click: 0.4}).planActs(mail(i)); !slices.Equal(kinds(acts), kinds(other)) {
			different++
		}
		last := time.Duration(0)
		for _, a := range acts {
			if a.after < last || a.after > 11*time.Hour || a.kind == Click && (a.link == "" || strings.Contains(a.link, "/p/")) {
				t.Errorf("mail %d: %v", i, acts)
			}
			last = a.after
			if a.machine {
				counts["prefetch"]++
			} else {
				counts[a.kind]++
			}
		}
	}
	if different < mails/3 {
		t.Errorf("another seed reads only %d of %d mails differently", different, mails)
	}
	for kind, want := range map[string]float64{"prefetch": 0.3, Open: 0.5, Click: 0.2, OneClick: 0.025, SpamReport: 0.01} {
		if got := float64(counts[kind]) / mails; got < 0.75*want-0.002 || got > 1.25*want+0.002 {
			t.Errorf("%s: %.3f of the mails, want about %.3f", kind, got, want)
		}
	}
}

func TestButtons(t *testing.T) {
	e := newEdge(t)
	s, p := listening(t, Options{Webhook: Webhook{Quiet: true}})
	id := post(t, s, mailFor(e, "snd_1"), nil).Header().Get("X-Message-Id")
	bare := post(t, s, strings.Replace(goodMail, `"subject"`, `"tracking_settings": {"open_tracking": {"enable": false}}, "subject"`, 1), nil).Header().Get("X-Message-Id")
	abroad := post(t, s, strings.Replace(goodMail, `"headers": {`, `"headers": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", `, 1), nil).Header().Get("X-Message-Id")
	gone := post(t, s, mailFor(&edge{url: "http://127.0.0.1:1"}, "snd_4"), nil).Header().Get("X-Message-Id")
	page := get(t, s, "/mail/"+id).Body.String()
	for _, want := range []string{">Unsubscribe</button>", ">Open</button>", ">Mark as spam</button>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the mail's page has no %s", want)
		}
	}
	if page := get(t, s, "/mail/"+bare).Body.String(); strings.Contains(page, ">Unsubscribe</button>") {
		t.Error("a mail without List-Unsubscribe-Post has an unsubscribe button")
	}
	tests := []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"open", "/mail/" + id + "/open", "", 303, "/mail/" + id},
		{"open, in the text view", "/mail/" + id + "/open?view=text", "", 303, "/mail/" + id + "?view=text"},
		{"spam", "/mail/" + id + "/spam", "", 303, "/mail/" + id},
		{"unsubscribe", "/mail/" + id + "/unsubscribe", "", 303, "/mail/" + id},
		{"no such button", "/mail/" + id + "/delete", "", 422, "no button"},
		{"no such mail", "/mail/nothing/open", "", 404, "not here"},
		{"open without tracking", "/mail/" + bare + "/open", "", 422, "open tracking is off"},
		{"unsubscribe without the header", "/mail/" + bare + "/unsubscribe", "", 422, "no one-click unsubscribe"},
		{"unsubscribe elsewhere", "/mail/" + abroad + "/unsubscribe", "", 422, "another machine"},
		{"unsubscribe where nobody listens", "/mail/" + gone + "/unsubscribe", "", 422, "got no answer"},
		{"JSON: click", "/_standin/messages/snd_4/click", `{"url":"http://127.0.0.1:1/s/post?a=1&b=2"}`, 200, `"event":"click"`},
		{"JSON: click on a link that is not there", "/_standin/messages/" + id + "/click", `{"url":"http://evil.example/"}`, 422, "no link"},
		{"JSON: click on nothing", "/_standin/messages/" + id + "/click", `{`, 400, "errors"},
		{"JSON: unsubscribe", "/_standin/messages/" + id + "/unsubscribe", "", 200, `"reason":"answered 200 OK"`},
		{"JSON: no such mail", "/_standin/messages/nothing/spam", "", 404, "errors"},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, test.path, strings.NewReader(test.body)))
		if said := w.Body.String() + w.Header().Get("Location"); w.Code != test.status || !strings.Contains(said, test.want) {
			t.Errorf("%s: got %d %s, want %d with %q", test.name, w.Code, said, test.status, test.want)
		}
	}
	if visits := e.visits(); !slices.Equal(visits, []string{"POST /u/token One-Click", "POST /u/token One-Click"}) {
		t.Errorf("visited %v", visits)
	}
	quiet(t, s, 4)
	if got, want := p.heard(), []string{"open snd_1", "open snd_1", "spamreport snd_1", "click snd_4"}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v: a one-click request is not the provider's business", got, want)
	}
	page = get(t, s, "/mail/"+id).Body.String()
	for _, want := range []string{"Opened</span>", "Marked as spam</span>", "Unsubscribe pressed</span>", "answered 200 OK</span>", "<button disabled>Open"} {
		if !strings.Contains(page, want) {
			t.Errorf("the mail's page does not show %q:\n%s", want, page)
		}
	}
	if list := get(t, s, "/").Body.String(); !strings.Contains(list, ">spam</span>") || !strings.Contains(list, ">clicked</span>") {
		t.Errorf("the list does not show how far the mails got:\n%s", list)
	}
}

func TestOtherSitesPressNoButtons(t *testing.T) {
	s := New(Options{})
	id := post(t, s, goodMail, nil).Header().Get("X-Message-Id")
	for _, path := range []string{"/mail/" + id + "/spam", "/_standin/messages/" + id + "/spam", "/_standin/faults"} {
		r := httptest.NewRequest(http.MethodPost, path, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s from another site: got %d, want 403", path, w.Code)
		}
	}
	if m, _ := s.mails.getMessage(id); len(m.Events) != 0 {
		t.Errorf("got %+v", m.Events)
	}
}
