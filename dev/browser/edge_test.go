//go:build browser

package browser_test

import (
	"net/http"
	"strings"
	"testing"

	"homeroom/dev/browser"
	"homeroom/edge"

	"github.com/chromedp/chromedp/kb"
)

func TestPagesOfTheEdge(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, p := range edgePages() {
		t.Run(p.name, func(t *testing.T) {
			s.show(t, p, "en", fernhill)
			everywhere(t, s.tab, browser.PageChecks()...)
			for _, screen := range []browser.Screen{desktop, smallPhone} {
				must(t, s.tab.Show(screen))
				found, err := s.tab.Focus()
				must(t, err)
				for _, f := range found {
					t.Errorf("%s: %s", screen, f)
				}
			}
		})
	}
}

func TestPagesInAllLanguages(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, language := range []string{"de", "fr", "es", "it", "ar", "he", "fa", "ur"} {
		for _, p := range edgePages() {
			t.Run(language+" "+p.name, func(t *testing.T) {
				s.show(t, p, language, fernhill)
				if got := text(t, s.tab, "document.documentElement.lang"); got != language {
					t.Errorf("it is in %q", got)
				}
				on(t, s.tab, []browser.Screen{smallPhone}, browser.PageChecks()...)
			})
		}
	}
}

// TestPagesWithLongNames: what academies and topics are called is nobody's business here, and neither is their color.
func TestPagesWithLongNames(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.options.Topics = func() []edge.Topic {
		return []edge.Topic{
			{Name: "reminders", Default: true, Titles: map[string]string{"en": longAcademy}, Abouts: map[string]string{"en": strings.Repeat(longAcademy+" ", 3)}},
			{Name: strings.Repeat("donaudampfschifffahrt", 6), Default: true},
		}
	}
	accents := []string{"#ffd400", "#7a7a7a", "#000000"}
	for i, p := range edgePages() {
		t.Run(p.name, func(t *testing.T) {
			s.show(t, p, "en", edge.Site{Name: longAcademy, HomeURL: fernhill.HomeURL, PostalAddress: longAcademy, Accent: accents[i%len(accents)]})
			on(t, s.tab, []browser.Screen{desktop, smallPhone}, browser.PageChecks()...)
		})
	}
}

// hands are how somebody presses what a selector finds: press leads on to another page, tick does not.
type hands struct {
	press func(selector string) (status int, err error)
	tick  func(selector string) error
}

// keyboard goes to things with Tab and presses Enter, or the space bar.
func (s *stand) keyboard(t *testing.T) hands {
	find := func(selector string) error {
		must(t, s.tab.Eval("document.activeElement.blur()", nil))
		for range 50 { // more than there is on any page
			if err := s.tab.Press(kb.Tab); err != nil {
				return err
			}
			var there bool
			if err := s.tab.Eval("document.activeElement.matches(`"+selector+"`)", &there); err != nil || there {
				return err
			}
		}
		t.Fatalf("Tab does not reach %s", selector)
		return nil
	}
	return hands{
		press: func(selector string) (int, error) {
			if err := find(selector); err != nil {
				return 0, err
			}
			return s.tab.Enter()
		},
		tick: func(selector string) error {
			if err := find(selector); err != nil {
				return err
			}
			return s.tab.Press(" ")
		},
	}
}

// TestTheWayOfALearner: a learner leaves a topic, comes back, chooses others, and leaves altogether, with whatever they
// have at hand.
func TestTheWayOfALearner(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		about   string
		scripts bool
		hands   func(*stand, *testing.T) hands
	}{
		{"with a mouse", true, func(s *stand, _ *testing.T) hands { return hands{s.tab.Click, s.tab.Tick} }},
		{"with the keyboard only", true, (*stand).keyboard},
		{"without JavaScript", false, func(s *stand, _ *testing.T) hands { return hands{s.tab.Click, s.tab.Tick} }},
	} {
		t.Run(test.about, func(t *testing.T) {
			s := newStand(t)
			must(t, s.tab.Show(desktop))
			must(t, s.tab.Scripts(test.scripts))
			s.walk(t, test.hands(s, t))
			quietly(t, s.tab)
		})
	}
}

func (s *stand) walk(t *testing.T, h hands) {
	t.Helper()
	gets := func(topic string) bool {
		prefs := s.people.get()
		said, ok := prefs.Topics[topic]
		return prefs.Everything && (said || !ok)
	}
	heading := func(want string) {
		t.Helper()
		if got := text(t, s.tab, "document.querySelector('h1').textContent"); got != want {
			t.Fatalf("the page says %q, want %q", got, want)
		}
	}
	press := func(selector, title string) {
		t.Helper()
		status, err := h.press(selector)
		must(t, err)
		if status != http.StatusOK {
			t.Fatalf("%s leads to status %d", selector, status)
		}
		heading(title)
	}

	open(t, s.tab, s.unsubscribe("reminders"), http.StatusOK)
	heading("Unsubscribe?")
	if !gets("reminders") {
		t.Fatal("looking at the page has unsubscribed the learner")
	}
	press("button[value=leave]", "You are unsubscribed")
	if gets("reminders") || !gets("progress") {
		t.Errorf("after leaving reminders: %+v", s.people.get())
	}
	press("button[value=undo]", "You are subscribed again")
	if !gets("reminders") {
		t.Errorf("after the undo: %+v", s.people.get())
	}
	press("a.link", "Your mail from Fernhill Academy")
	const chosen = `[...document.querySelectorAll('input[name=topic]:checked')].map(i => i.value).join(' ')`
	if got := text(t, s.tab, chosen); got != "progress reminders achievements" {
		t.Errorf("the preferences show %q", got)
	}
	must(t, h.tick("input[value=reminders]"))
	must(t, h.tick("input[value=community]"))
	press("button[value=save]", "Your mail from Fernhill Academy")
	if got := text(t, s.tab, chosen); got != "progress achievements community" {
		t.Errorf("what was saved shows as %q", got)
	}
	if got := s.people.get().Topics; got["reminders"] || !got["community"] {
		t.Errorf("what was saved is %v", got)
	}
	press("button[value=stop]", "Your mail from Fernhill Academy")
	if s.people.get().Everything {
		t.Error("all mail was stopped, and is not")
	}
	press("button[value=resume]", "Your mail from Fernhill Academy")
	if got := text(t, s.tab, chosen); got != "progress achievements community" || !s.people.get().Everything {
		t.Errorf("after coming back the page shows %q: %+v", got, s.people.get())
	}
}
