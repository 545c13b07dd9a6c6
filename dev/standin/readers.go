package standin

import (
	"cmp"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Readers are the people whom the mail was meant for, as far as mail statistics know them. Rates are shares from 0 to 1.
// Who does what is decided by the seed and the mail's send id, so that the same term has the same readers. The zero
// Readers read nothing.
type Readers struct {
	Seed        uint64
	Prefetch    float64 // of mails: fetched by a mail program right after delivery, which looks like an open
	Open        float64 // of mails: opened by the person, from two minutes to ten hours later
	Click       float64 // of opened mails: a link is followed, really if it leads to this machine
	Unsubscribe float64 // of opened mails: the mail program's unsubscribe button
	Spam        float64 // of opened mails: marked as spam
}

// readerAct is what a reader does, some time after the mail was delivered.
type readerAct struct {
	after   time.Duration
	kind    string
	link    string
	machine bool // a machine
}

// planActs says what a mail's reader does, in order of time. It depends on the readers' seed and the mail only.
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

// linksToFollow are the links that a mail is about: not those that lead away from it.
func linksToFollow(m Message) []string {
	return slices.DeleteFunc(linksOf(m), func(link string) bool {
		u, err := url.Parse(link)
		return err != nil || link == m.UnsubscribeURL() || strings.HasPrefix(u.Path, "/u/") || strings.HasPrefix(u.Path, "/p/")
	})
}

// startReader lets the mail's reader live, in time as Options.After has it.
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

// performAct is one act of a reader. What goes wrong goes wrong for the reader alone.
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

// openMail is reported if the mail carries the pixel that tells of it; false: it does not.
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

// clickLink is reported if the mail's links lead through the provider; false: they do not.
func (s *Server) clickLink(m Message, link string) bool {
	if !m.isTracked("click_tracking") {
		return false
	}
	s.reportEventsOf(m, Event{Kind: Click, URL: link})
	return true
}
