package report

import (
	"hash/maphash"
	"net/url"
	"strings"
	"time"

	"homeroom/engine"
)

// How long before an event a message may have been to have the credit for it.
const (
	ShareWindow    = 30 * 24 * time.Hour // for certificate.shared
	ReferralWindow = 90 * 24 * time.Hour // for referral.converted and referral.link_visited
)

// The events that are to a message's credit, or against it.
const (
	eventDelivered      = "email.delivered"
	eventBounced        = "email.bounced"
	eventUnsubscribed   = "email.unsubscribed"
	eventResubscribed   = "email.resubscribed"
	eventSpamReported   = "email.spam_reported"
	eventShareVisited   = "share.link_visited"
	eventShared         = "certificate.shared"
	eventEarned         = "certificate.earned"
	eventReferralVisit  = "referral.link_visited"
	eventReferralJoined = "referral.converted"
)

// The keys that messages and certificates are known by.
const (
	keySend        = "send_id"
	keyCertificate = "certificate_id"
	keyReferrer    = "referrer_id"
	keyReferred    = "referred_id"
)

// EventNames are the events that a report needs, besides the decisions.
func EventNames() []string { return append(reactionNames(), eventEarned) }

// reactionNames are the events that may be to a message's credit, or against it.
func reactionNames() []string {
	return []string{
		eventDelivered, engine.EventEmailOpened, engine.EventEmailClicked, eventBounced, eventUnsubscribed, eventResubscribed, eventSpamReported,
		engine.EventNudgeSeen, engine.EventNudgeClicked, engine.EventNudgeDismissed, engine.EventShareClicked, eventShareVisited, eventShared, eventReferralVisit, eventReferralJoined,
	}
}

// attribution remembers, in few bytes, every message and every run, and knows which message an event belongs to. Ids are
// kept as 64-bit hashes: among ten million of them two are the same once in 370,000 reports.
type attribution struct {
	asksToShare func(message string) bool
	seed        maphash.Seed

	rules       []string
	ruleIndexes map[string]uint16
	learners    map[uint64]uint32 // → index into latest
	latestSends []uint32          // a learner's latest send as index+1; 0: none
	runs        []run
	runIndexes  map[uint64]uint32
	sends       []send
	exposures   *exposures
	sendIndexes map[uint64]uint32
}

// run is what is kept of a run: 8 bytes.
type run struct {
	learner uint32
	rule    uint16
	flags   uint8
}

// What is known of a run, as bits of run.flags.
const (
	runStarted   = 1 << iota
	runEarned    // a certificate started it
	runHeldOut   // a message was withheld: holdout
	runControl   // a message was withheld: control group
	runConverted // the goal was reached
)

// send is what is kept of a message: 40 bytes.
type send struct {
	at                  int64  // Unix milliseconds
	certificate, course uint64 // hashes; 0: not known
	run                 uint32
	before              uint32 // the learner's send before this one as index+1; 0: none
	flags               uint16
	reason              uint8  // index of the reason, with failed and uncertain
	channel             uint8  // see exposures.channelIndex
	message             uint16 // index of the name
	terms               uint16 // see exposures.termsIndex
}

// What is known of a message, as bits of send.flags.
const (
	sendSent = 1 << iota
	sendUncertain
	sendFailed
	sendPrompt // it asks to share or to refer
	sendDelivered
	sendOpened
	sendOpenedByMachine
	sendClicked
	sendBounced
	sendUnsubscribed
	sendSpam
	sendShareClicked
	sendTransactional // in no experiment
	sendDismissed
)

func newAttribution(asksToShare func(string) bool) *attribution {
	if asksToShare == nil {
		asksToShare = func(string) bool { return false }
	}
	return &attribution{
		asksToShare: asksToShare,
		seed:        maphash.MakeSeed(),
		ruleIndexes: map[string]uint16{},
		learners:    map[uint64]uint32{},
		runIndexes:  map[uint64]uint32{},
		sendIndexes: map[uint64]uint32{},
		exposures:   newExposures(),
	}
}

// hashParts is never 0, which stands for "not known".
func (l *attribution) hashParts(parts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	for _, part := range parts {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	return max(1, h.Sum64())
}

func (l *attribution) hashText(text string) uint64 {
	if text == "" {
		return 0
	}
	return l.hashParts(text)
}

func (l *attribution) ruleIndex(name string) uint16 {
	i, known := l.ruleIndexes[name]
	if !known {
		i = uint16(len(l.rules))
		l.rules = append(l.rules, name)
		l.ruleIndexes[name] = i
	}
	return i
}

// ensureRun finds a decision's run, or begins to remember it.
func (l *attribution) ensureRun(d *engine.Decision) uint32 {
	key := l.hashParts(d.Learner, d.Rule, d.Run)
	i, known := l.runIndexes[key]
	if known {
		return i
	}
	person := l.hashParts(d.Learner)
	learner, met := l.learners[person]
	if !met {
		learner = uint32(len(l.latestSends))
		l.latestSends = append(l.latestSends, 0)
		l.learners[person] = learner
	}
	i = uint32(len(l.runs))
	l.runs = append(l.runs, run{learner: learner, rule: l.ruleIndex(d.Rule)})
	l.runIndexes[key] = i
	return i
}

// ensureSend finds the message that a decision is about, or begins to remember it.
func (l *attribution) ensureSend(d *engine.Decision) *send {
	key := l.hashParts(d.Learner, d.Send)
	if i, known := l.sendIndexes[key]; known {
		l.exposures.describeSend(&l.sends[i], d)
		return &l.sends[i]
	}
	r := l.ensureRun(d)
	s := send{
		at:      d.At.UnixMilli(),
		run:     r,
		message: l.exposures.messages.index(d.Message),
		channel: l.exposures.channelIndex(d.Channel),
	}
	l.exposures.describeSend(&s, d)
	scope := scopeValues(d.Scope)
	s.certificate = l.hashText(scope.Get(keyCertificate))
	s.course = l.hashText(scope.Get(engine.KeyCourse))
	if s.certificate != 0 || l.asksToShare(d.Message) {
		s.flags |= sendPrompt
	}
	learner := l.runs[r].learner
	s.before = l.latestSends[learner]
	l.sends = append(l.sends, s)
	i := uint32(len(l.sends))
	l.latestSends[learner] = i
	l.sendIndexes[key] = i - 1
	return &l.sends[i-1]
}

func statusFlag(kind engine.Kind) uint16 {
	switch kind {
	case engine.KindSent:
		return sendSent
	case engine.KindUncertain:
		return sendUncertain
	case engine.KindFailed:
		return sendFailed
	case engine.KindStarted, engine.KindSkipped, engine.KindDeferred, engine.KindWithheld, engine.KindExited, engine.KindConverted, engine.KindAssigned, engine.KindSuppressed, engine.KindSet:
	}
	return 0
}

// scopeValues reads a scope: "course_id=crs_go&certificate_id=c1".
func scopeValues(scope string) url.Values {
	if !strings.Contains(scope, "=") {
		return nil
	}
	values, _ := url.ParseQuery(scope) // what can be read of it
	return values
}

// addDecision takes in what credit depends on. The send is nil for decisions that say nothing of how one ended.
func (l *attribution) addDecision(d *engine.Decision) (r *run, s *send) {
	if d.Run == "" {
		return nil, nil
	}
	i := l.ensureRun(d)
	if d.Kind == engine.KindStarted && d.Detail == eventEarned {
		l.runs[i].flags |= runEarned
	}
	if flag := statusFlag(d.Kind); flag != 0 && d.Send != "" {
		s = l.ensureSend(d)
		s.flags |= flag
	}
	return &l.runs[i], s
}

// findCredited finds the message that an event belongs to, by its index among the sends; false: none that is known.
func (l *attribution) findCredited(ev *engine.Event) (uint32, bool) {
	if id, ok := ev.Text(keySend); ok {
		i, known := l.sendIndexes[l.hashParts(Owner(ev), id)]
		if known {
			l.learnSubject(&l.sends[i], ev)
		}
		return i, known
	}
	switch ev.Name {
	case eventShared:
		certificate, _ := ev.Text(keyCertificate)
		course, _ := ev.Text(engine.KeyCourse)
		c := l.hashText(certificate)
		k := l.hashText(course)
		return l.latestSend(ev.Learner, ev.Time, ShareWindow, func(s *send) bool {
			return s.isAbout(c, k, l.runs[s.run].flags&runEarned != 0)
		})
	case eventReferralVisit, eventReferralJoined:
		return l.latestSend(Owner(ev), ev.Time, ReferralWindow, func(s *send) bool {
			return l.asksToSpread(s)
		})
	}
	return 0, false
}

// asksToSpread reports whether a message asked to share or to refer, or was about a certificate.
func (l *attribution) asksToSpread(s *send) bool {
	return s.flags&sendPrompt != 0 || l.runs[s.run].flags&runEarned != 0
}

// Owner is the learner by whose messages an event is counted, and by nobody else's: of a referral the referrer it names, else whose event it is.
func Owner(ev *engine.Event) string {
	if ev.Name == eventReferralVisit || ev.Name == eventReferralJoined {
		if referrer, ok := ev.Text(keyReferrer); ok {
			return referrer
		}
	}
	return ev.Learner
}

// learnSubject notes which certificate and course a message was about, where its share links tell and its scope does not.
func (l *attribution) learnSubject(s *send, ev *engine.Event) {
	if ev.Name != engine.EventShareClicked && ev.Name != eventShareVisited {
		return
	}
	if certificate, ok := ev.Text(keyCertificate); ok && s.certificate == 0 {
		s.certificate = l.hashParts(certificate)
	}
	if course, ok := ev.Text(engine.KeyCourse); ok && s.course == 0 {
		s.course = l.hashParts(course)
	}
	s.flags |= sendPrompt
}

// isAbout reports whether a message was about a certificate of a course (hashes; 0: not known). If the message and the event both know the
// certificate, or both the course, these must be equal. If they have neither in common, earned decides: whether a certificate started the run.
func (s *send) isAbout(certificate, course uint64, earned bool) bool {
	same := false
	for _, pair := range [][2]uint64{{s.certificate, certificate}, {s.course, course}} {
		if pair[0] == 0 || pair[1] == 0 {
			continue
		}
		if pair[0] != pair[1] {
			return false
		}
		same = true
	}
	return same || earned
}

// countsAsSent reports whether the message was sent, or may have been. One that the provider accepted in the end was sent, whatever was recorded
// before; an uncertain one that failed later was not.
func (s *send) countsAsSent() bool {
	return s.flags&sendSent != 0 || s.flags&(sendUncertain|sendFailed) == sendUncertain
}

// latestSend returns the learner's latest message that was sent within the time before `at` and for which fits is true.
func (l *attribution) latestSend(learner string, at time.Time, within time.Duration, fits func(*send) bool) (best uint32, found bool) {
	i, known := l.learners[l.hashParts(learner)]
	if !known {
		return 0, false
	}
	first := at.Add(-within).UnixMilli()
	last := at.UnixMilli()
	for next := l.latestSends[i]; next != 0; next = l.sends[next-1].before {
		s := &l.sends[next-1]
		newer := !found || s.at > l.sends[best].at
		if newer && s.at >= first && s.at <= last && s.countsAsSent() && fits(s) {
			best = next - 1
			found = true
		}
	}
	return best, found
}
