package edge

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/internal/links"
)

func TestLookingNeverUnsubscribes(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		for _, topic := range []string{"progress", ""} {
			s := newStand(t)
			w := s.ask(method, s.unsubscribeLink(topic), "")
			if method == "GET" {
				expect(t, w, 200, "<form method=\"post\">", "value=\"leave\"")
			} else {
				expect(t, w, 200)
			}
			// What mail scanners do with links, and what people write behind them.
			s.ask(method, s.unsubscribeLink(topic)+"?List-Unsubscribe=One-Click&do=leave", "")
			s.ask(method, s.unsubscribeLink(topic), "do=leave")
			s.ask(method, s.preferencesLink()+"?do=stop", "")
			expectNothingHappened(t, s)
			if !s.ada().getsTopic(s.topicNamed("progress")) {
				t.Errorf("%s unsubscribed", method)
			}
		}
	}
}

func TestOneClick(t *testing.T) {
	form := func(kind, body string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Content-Type", kind)
			r.Body = io.NopCloser(strings.NewReader(body))
		}
	}
	var parts bytes.Buffer
	mp := multipart.NewWriter(&parts)
	if err := mp.WriteField("List-Unsubscribe", "One-Click"); err != nil {
		t.Fatal(err)
	}
	mp.Close()
	for about, make := range map[string]func(*http.Request){
		"urlencoded, as RFC 8058 shows it": form("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
		"multipart, as RFC 8058 allows":    form(mp.FormDataContentType(), parts.String()),
		"an empty body":                    form("", ""),
		"another type":                     form("text/plain", "List-Unsubscribe=One-Click"),
		"a broken multipart":               form("multipart/form-data; boundary=x", "--x\r\nnonsense"),
		"a multipart without a boundary":   form("multipart/form-data", "--x"),
		"broken percent signs":             form("application/x-www-form-urlencoded", "a=%zz"),
		"something with cookies and a login": func(r *http.Request) {
			r.AddCookie(&http.Cookie{Name: "session", Value: "x"})
			r.SetBasicAuth("a", "b")
		},
	} {
		t.Run(about, func(t *testing.T) {
			s := newStand(t)
			for range 3 { // mail programs repeat themselves
				r := httptest.NewRequest("POST", s.unsubscribeLink("progress"), nil)
				make(r)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				expect(t, w, 200)
				if w.Header().Get("Location") != "" || len(w.Result().Cookies()) != 0 {
					t.Errorf("one click was answered with %v", w.Header())
				}
				s.now = s.now.Add(3 * time.Hour)
			}
			if !s.people.said.ForAddress {
				t.Error("one click is said by the mailbox, and holds for its address")
			}
			if s.ada().getsTopic(s.topicNamed("progress")) || !s.ada().getsTopic(s.topicNamed("reminders")) {
				t.Errorf("got %+v, want progress left and nothing else", s.ada())
			}
			expectEvents(t, s, event{"ada@example.org", "email.unsubscribed", map[string]any{"topic": "progress", "send_id": "snd-1"}})
		})
	}
}

func TestOneClickWithoutATopicLeavesEverything(t *testing.T) {
	s := newStand(t)
	expect(t, s.ask("POST", s.unsubscribeLink(""), "List-Unsubscribe=One-Click"), 200)
	if s.ada().Everything {
		t.Error("something is left")
	}
	expectEvents(t, s, event{"ada@example.org", "email.unsubscribed", map[string]any{"send_id": "snd-1"}})
}

func TestThePageLeavesAndComesBack(t *testing.T) {
	for _, c := range []struct {
		about      string
		topic, do  string
		shows      []string
		everything bool // afterwards
		progress   bool
		event      string
	}{
		{"the topic", "progress", "leave", []string{"You are unsubscribed", "no longer sends you mail about “Progress”", `value="undo"`, `value="all"`, "/p/"}, true, false, "progress"},
		{"everything, from a topic's link", "progress", "all", []string{"no longer sends you any mail", `value="undo-all"`}, false, false, ""},
		{"everything, from such a link", "", "leave", []string{"no longer sends you any mail", `value="undo-all"`}, false, false, ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := newStand(t)
			w := s.press(s.unsubscribeLink(c.topic), c.do)
			expect(t, w, 200, c.shows...)
			if got := s.ada(); got.Everything != c.everything || got.getsTopic(s.topicNamed("progress")) != c.progress {
				t.Errorf("got %+v", got)
			}
			properties := map[string]any{"send_id": "snd-1"}
			if c.event != "" {
				properties["topic"] = c.event
			}
			expectEvents(t, s, event{"ada@example.org", "email.unsubscribed", properties})
			// Looking again tells how it is, and offers the way back.
			expect(t, s.ask("GET", s.unsubscribeLink(c.topic), ""), 200, "You are unsubscribed", `value="undo`)

			undo := "undo"
			if !c.everything {
				undo = "undo-all"
			}
			expect(t, s.press(s.unsubscribeLink(c.topic), undo), 200, "You are subscribed again")
			if !s.ada().getsTopic(s.topicNamed("progress")) {
				t.Errorf("after undo: %+v", s.ada())
			}
			expect(t, s.ask("GET", s.unsubscribeLink(c.topic), ""), 200, "Unsubscribe?")
		})
	}
}

func TestUndoKeepsTopicsThatWereLeftBefore(t *testing.T) {
	s := newStand(t)
	s.press(s.unsubscribeLink("reminders"), "leave")
	s.press(s.unsubscribeLink("progress"), "all")
	s.press(s.unsubscribeLink("progress"), "undo-all")
	if s.ada().getsTopic(s.topicNamed("reminders")) || !s.ada().getsTopic(s.topicNamed("progress")) {
		t.Errorf("got %+v, want reminders left still", s.ada())
	}
}

func TestATopicThatIsNoLongerDeclaredCanBeLeft(t *testing.T) {
	s := newStand(t)
	expect(t, s.press(s.unsubscribeLink("summer-school"), "leave"), 200, "“Summer school”")
	if s.ada().getsTopic(s.topicNamed("summer-school")) {
		t.Errorf("got %+v", s.ada())
	}
}

func TestTheWayToThePreferencesIsShort(t *testing.T) {
	s := newStand(t)
	_, link, _ := strings.Cut(s.ask("GET", s.unsubscribeLink("progress"), "").Body.String(), `class="link" href="https://learn.example.org`)
	link, _, _ = strings.Cut(link, `"`)
	expect(t, s.ask("GET", link, ""), 200, "Your mail from")
	s.now = s.now.Add(chooseLife + time.Minute)
	expect(t, s.ask("GET", link, ""), 410)
}

func TestAnUnknownButtonChangesNothing(t *testing.T) {
	s := newStand(t)
	expect(t, s.press(s.unsubscribeLink("progress"), "dance"), 200, "Unsubscribe?")
	expectNothingHappened(t, s)
}

func TestLinksThatDoNotWork(t *testing.T) {
	s := newStand(t)
	good := s.unsubscribeLink("progress")
	other := s.preferencesLink()
	erased := links.Ref{Learner: "u_erased", Topic: "progress"}
	for _, c := range []struct {
		about, path  string
		later        time.Duration
		status, post int // of GET and of the one click
		shows        string
	}{
		{"made up", "/u/AAAA", 0, 404, 404, "This link does not work"},
		{"cut off", good[:len(good)-4], 0, 404, 404, "copy its whole address"},
		{"another kind of link", "/u/" + strings.TrimPrefix(other, "/p/"), 0, 404, 404, "This link does not work"},
		{"expired", good, links.Life + time.Minute, 410, 410, "a newer mail from Fernhill Academy"},
		{"of a learner who was erased", path(s.links.Unsubscribe(erased, noon)), 0, 404, 200, "no longer kept"},
		{"preferences, made up", "/p/AAAA", 0, 404, 404, "This link does not work"},
		{"preferences, expired", other, links.Life + time.Minute, 410, 410, "This link has expired"},
		{"preferences of a learner who was erased", path(s.links.Preferences(erased, noon)), 0, 404, 404, "no longer kept"},
	} {
		t.Run(c.about, func(t *testing.T) {
			s.now = noon.Add(c.later)
			expect(t, s.ask("GET", c.path, ""), c.status, c.shows)
			expect(t, s.ask("POST", c.path, "List-Unsubscribe=One-Click"), c.post)
			expect(t, s.ask("POST", c.path, "do=leave"), c.status, c.shows)
		})
	}
	expectNothingHappened(t, s)
}

func TestWhenTheStoreIsAway(t *testing.T) {
	s := newStand(t)
	s.people.err = errAway
	s.shares.err = errAway
	_, referral := s.links.Referral("ada@example.org")
	for _, c := range []struct{ method, path, body string }{
		{"POST", s.unsubscribeLink("progress"), "List-Unsubscribe=One-Click"},
		{"POST", s.unsubscribeLink("progress"), "do=leave"},
		{"GET", s.unsubscribeLink("progress"), ""},
		{"GET", s.preferencesLink(), ""},
		{"POST", s.preferencesLink(), "do=stop"},
		{"GET", path(s.links.Share("snd-1", "certificate", noon)), ""},
		{"GET", path(referral), ""},
	} {
		w := s.ask(c.method, c.path, c.body)
		expect(t, w, 503, "try again")
		if says := strings.Contains(w.Body.String(), "Nothing was changed"); says != (c.method == "GET") {
			t.Errorf("%s %s says that nothing was changed: %t. That is known only of a page that is read", c.method, c.path, says)
		}
		if w.Header().Get("Retry-After") == "" {
			t.Errorf("%s %s does not say when to try again", c.method, c.path)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "path=unsubscribe") || strings.Contains(log, "/u/") || strings.Contains(log, "ada") {
		t.Errorf("the log:\n%s", log)
	}
	expectNothingHappened(t, s)
}

func TestAnEventThatIsNotTakenDoesNotHoldUpUnsubscribing(t *testing.T) {
	s := newStand(t)
	s.events.err = errAway
	expect(t, s.ask("POST", s.unsubscribeLink("progress"), "List-Unsubscribe=One-Click"), 200)
	if s.ada().getsTopic(s.topicNamed("progress")) || !strings.Contains(s.log.String(), "email.unsubscribed") {
		t.Errorf("got %+v and the log %s", s.ada(), s.log.String())
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.events.hang = true
		begin := time.Now()
		expect(t, s.press(s.unsubscribeLink("progress"), "leave"), 200, "You are unsubscribed")
		if took := time.Since(begin); took != maxPublishTime {
			t.Errorf("waited %v for the event, want %v", took, maxPublishTime)
		}
	})
}

func TestAnEventIsToldWhoeverLeaves(t *testing.T) {
	s := newStand(t)
	ctx, cancel := context.WithCancel(context.Background())
	r := httptest.NewRequestWithContext(ctx, "POST", s.unsubscribeLink("progress"), strings.NewReader("List-Unsubscribe=One-Click"))
	cancel() // the connection is gone; the fake store does not care, as a store that was faster would not
	s.ServeHTTP(httptest.NewRecorder(), r)
	if len(s.events.all) != 1 {
		t.Errorf("got %d events, want 1", len(s.events.all))
	}
}

func TestBodiesAreLimited(t *testing.T) {
	s := newStand(t)
	large := "do=leave&x=" + strings.Repeat("x", maxBody)
	var parts bytes.Buffer
	mp := multipart.NewWriter(&parts)
	if err := mp.WriteField("x", strings.Repeat("x", maxBody)); err != nil {
		t.Fatal(err)
	}
	mp.Close()
	expect(t, s.ask("POST", s.unsubscribeLink("progress"), large), 413, "Nothing was changed")
	expect(t, s.ask("POST", s.preferencesLink(), large), 413, "Nothing was changed")
	expect(t, s.ask("POST", s.unsubscribeLink("progress"), parts.String(), "Content-Type", mp.FormDataContentType()), 413)
	expectNothingHappened(t, s)
}

func FuzzOneClick(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nundo\r\n--x--")
	f.Add("multipart/form-data; boundary=\"", "--\"")
	f.Add("", "do=dance")
	f.Fuzz(func(t *testing.T, kind, body string) {
		s := newStand(t)
		w := s.ask("POST", s.unsubscribeLink("progress"), body, "Content-Type", kind)
		oneClick := strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain")
		if w.Code != 200 && w.Code != 413 || oneClick && s.ada().getsTopic(s.topicNamed("progress")) {
			t.Errorf("got %d and %+v", w.Code, s.ada())
		}
	})
}
