//go:build browser

package consoletest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"homeroom/dev/browser"
	"homeroom/dev/harness"
)

var pictures = flag.String("pictures", "", "a folder into which pictures of the broadcasts' pages are written; empty: none are taken")

// TestABroadcastFromTheConsole: somebody counts whom a rule would reach, starts it slowly, pauses it and lets it go on; the learners get their mails.
func TestABroadcastFromTheConsole(t *testing.T) {
	s := open(t, map[string]string{
		"settings.yaml":       "sender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n",
		"rules/announce.yaml": "rule: announce\nabout: News for those in a course.\nwhen: {broadcast: true, audience: {in: course}}\ndo: [{send: news}]\n",
		"messages/news.md":    "---\nsubject: News of the course\n---\nHi.\n",
	})
	const learners = 12
	for n := range learners {
		s.complete(fmt.Sprintf("u_%d", n))
	}
	harness.Eventually(t, s.ctx, "the learners are known", func() error {
		_, known, err := s.instance.App.Store().Standings.Ranges(s.ctx, 0, 1)
		if err == nil && known < learners {
			err = fmt.Errorf("%d of %d", known, learners)
		}
		return err
	})
	_, err := s.tab.Open(s.console.URL)
	s.must(err)
	s.press("Broadcasts")
	s.awaitWords("None lately.")
	s.picture("broadcasts-empty")
	s.fill("course", "crs_go")
	s.fill("audience", `learner.id != "u_3"`)
	s.press("Count whom it reaches")
	s.await(`document.querySelector("main").innerText.includes("Start it for 11 learners")`)
	s.picture("broadcast-counted")
	s.fill("rate", "1")
	s.must(s.tab.Eval(`(window.confirm = () => true, "")`, new(string)))
	s.tick("Start it for 11 learners")
	s.awaitWords("Pause")
	s.press("Pause")
	s.awaitWords("Go on")
	s.picture("broadcast-paused")
	s.press("Go on")
	s.press("All broadcasts")
	harness.Eventually(t, s.ctx, "it is listed", func() error {
		if _, err := s.tab.Open(s.console.URL + "/broadcasts"); err != nil {
			return err
		}
		var listed bool
		if err := s.tab.Eval(`document.querySelector("tbody a") !== null`, &listed); err != nil || listed {
			return err
		}
		return fmt.Errorf("the page says:\n%s", s.words())
	})
	s.picture("broadcasts")
	s.press("announce")
	s.await(`document.querySelector("main").innerText.includes("done")`)
	s.awaitMail("u_0", "News of the course", "nothing else")
	s.picture("broadcast-done")
	trouble, err := s.tab.Trouble()
	s.must(err)
	for _, finding := range trouble {
		t.Error(finding)
	}
}

// picture takes pictures of the page, by day, by night and on a phone, if somebody asks for them.
func (s *site) picture(name string) {
	s.t.Helper()
	if *pictures == "" {
		return
	}
	for kind, screen := range map[string]browser.Screen{
		"day":   {Name: "desktop", Width: 1280, Height: 900},
		"night": {Name: "desktop", Width: 1280, Height: 900, Dark: true},
		"phone": {Name: "phone", Width: 390, Height: 844, Phone: true},
	} {
		s.must(s.tab.Show(screen))
		png, err := s.tab.Screenful(int64(screen.Width), int64(screen.Height), 1)
		s.must(err)
		s.must(os.WriteFile(filepath.Join(*pictures, name+"-"+kind+".png"), png, 0o600))
	}
	s.must(s.tab.Show(browser.Screen{Name: "desktop", Width: 1280, Height: 900}))
}
