package standin

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Readers simulates the recipients by the rates of mail statistics, as shares from 0 to 1. The seed and the mail's send id
// decide who does what, so that the same term has the same readers. The zero Readers read nothing.
type Readers struct {
	Seed        uint64
	Prefetch    float64 // of mails: fetched by a mail program right after delivery, which looks like an open
	Open        float64 // of mails: opened by the person, from two minutes to ten hours later
	Click       float64 // of opened mails: a link is clicked; it is also requested if it leads to this machine
	Unsubscribe float64 // of opened mails: the mail program's unsubscribe button
	Spam        float64 // of opened mails: marked as spam
}

// TypicalReaders returns readers as on a campus: most open their mail, some follow a link, few unsubscribe or mark it as spam.
func TypicalReaders(seed uint64) Readers {
	return Readers{
		Seed:        seed,
		Prefetch:    0.3,
		Open:        0.6,
		Click:       0.35,
		Unsubscribe: 0.02,
		Spam:        0.005,
	}
}

// readerAct is one act of a reader.
type readerAct struct {
	after   time.Duration
	kind    string
	link    string
	machine bool // done by a mail program, not by a person
}

// planActs returns the acts of a mail's reader, in order of time. They depend only on the readers' seed and the mail.
func (r Readers) planActs(m Message) []readerAct {
	does := func(question string, rate float64) bool { return randomShare(r.Seed, m, question) < rate }
	between := func(question string, from, to time.Duration) time.Duration { // most are quick, some are slow
		return time.Duration(float64(from) * math.Pow(float64(to)/float64(from), randomShare(r.Seed, m, question)))
	}
	var acts []readerAct
	if does("prefetch", r.Prefetch) {
		acts = append(acts, readerAct{after: between("prefetch after", time.Second, 30*time.Second), kind: Open, machine: true})
	}
	if !does("open", r.Open) {
		return acts
	}
	opened := between("open after", 2*time.Minute, 10*time.Hour)
	acts = append(acts, readerAct{after: opened, kind: Open})
	if list := linksToFollow(m); len(list) > 0 && does("click", r.Click) {
		link := list[int(randomShare(r.Seed, m, "link")*float64(len(list)))]
		acts = append(acts, readerAct{after: opened + between("click after", 5*time.Second, 3*time.Minute), kind: Click, link: link})
	}
	switch {
	case does("unsubscribe", r.Unsubscribe):
		acts = append(acts, readerAct{after: opened + between("unsubscribe after", 10*time.Second, 4*time.Minute), kind: OneClick})
	case does("spam", r.Spam):
		acts = append(acts, readerAct{after: opened + between("spam after", 5*time.Second, 4*time.Minute), kind: SpamReport})
	}
	slices.SortStableFunc(acts, func(a, b readerAct) int { return cmp.Compare(a.after, b.after) })
	return acts
}

// linksToFollow returns the links that a reader may click: all except those to unsubscribe or to change preferences.
func linksToFollow(m Message) []string {
	return slices.DeleteFunc(linksOf(m), func(link string) bool {
		u, err := url.Parse(link)
		return err != nil || link == m.UnsubscribeURL() || strings.HasPrefix(u.Path, "/u/") || strings.HasPrefix(u.Path, "/p/")
	})
}

// startReader performs the acts of the mail's reader in the background, at the times of Options.After.
func (s *Server) startReader(m Message) {
	acts := s.readers.planActs(m)
	if len(acts) == 0 {
		return
	}
	s.tasks.startTask(func() {
		var passed time.Duration
		for _, a := range acts {
			select {
			case <-s.after(a.after - passed):
			case <-s.tasks.ctx.Done():
				return
			}
			passed = a.after
			s.performAct(m, a)
		}
	})
}

// performAct performs one act of a reader. It drops errors, as they concern the reader alone.
func (s *Server) performAct(m Message, a readerAct) {
	switch a.kind {
	case Open:
		s.openMail(m, a.machine)
	case Click:
		_ = s.visitLink(s.tasks.ctx, m, a.link)
		s.clickLink(m, a.link)
	case OneClick:
		_, _ = s.oneClick(s.tasks.ctx, m)
	case SpamReport:
		s.reportEventsOf(m, Event{Kind: SpamReport})
	}
}

// openMail reports an open. It returns false if the mail has no tracking pixel, so that the provider cannot know.
func (s *Server) openMail(m Message, machine bool) bool {
	if m.HTML == "" || !m.isTracked("open_tracking") {
		return false
	}
	e := Event{Kind: Open, Machine: machine}
	if machine {
		e.UserAgent = "Mozilla/5.0"
	}
	s.reportEventsOf(m, e)
	return true
}

// clickLink reports a click. It returns false if the mail's links do not lead through the provider.
func (s *Server) clickLink(m Message, link string) bool {
	if !m.isTracked("click_tracking") {
		return false
	}
	s.reportEventsOf(m, Event{Kind: Click, URL: link})
	return true
}
