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
func EventNames() []string {
	return []string{
		eventDelivered, engine.EventEmailOpened, engine.EventEmailClicked, eventBounced, eventUnsubscribed, eventResubscribed, eventSpamReported,
		engine.EventShareClicked, eventShareVisited, eventShared, eventReferralVisit, eventReferralJoined,
	}
}

// ledger remembers, in few bytes, every message and every run, and knows which message an event belongs to. Ids are
// kept as 64-bit hashes: among ten million of them two are the same once in 370,000 reports.
type ledger struct {
	prompt func(message string) bool
	seed   maphash.Seed

	rules    []string
	ruleIx   map[string]uint16
	learners map[uint64]uint32 // → index into latest
	latest   []uint32          // a learner's latest send as index+1; 0: none
	runs     []run
	runIx    map[uint64]uint32
	sends    []send
	sendIx   map[uint64]uint32
}

// run is what is kept of a run: 8 bytes.
type run struct {
	learner uint32
	rule    uint16
	flags   uint8
}

// What is known of a run.
const (
	runStarted   = 1 << iota
	runEarned    // a certificate started it
	runHeldOut   // a message was withheld: holdout
	runControl   // a message was withheld: control group
	runConverted // the goal was reached
	runSent      // a message went, or may have gone; known at the end
)

// send is what is kept of a message: 40 bytes.
type send struct {
	at                  int64  // Unix milliseconds
	certificate, course uint64 // hashes; 0: not known
	run                 uint32
	before              uint32 // the learner's send before this one as index+1; 0: none
	flags               uint16
	reason              uint8 // index of the reason, with failed and uncertain
}

// What is known of a message.
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
)

func newLedger(prompt func(string) bool) *ledger {
	if prompt == nil {
		prompt = func(string) bool { return false }
	}
	return &ledger{
		prompt:   prompt,
		seed:     maphash.MakeSeed(),
		ruleIx:   map[string]uint16{},
		learners: map[uint64]uint32{},
		runIx:    map[uint64]uint32{},
		sendIx:   map[uint64]uint32{},
	}
}

// hash is never 0, which stands for "not known".
func (l *ledger) hash(parts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	for _, part := range parts {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	return max(1, h.Sum64())
}

func (l *ledger) hashOf(text string) uint64 {
	if text == "" {
		return 0
	}
	return l.hash(text)
}

func (l *ledger) rule(name string) uint16 {
	i, known := l.ruleIx[name]
	if !known {
		i = uint16(len(l.rules))
		l.rules = append(l.rules, name)
		l.ruleIx[name] = i
	}
	return i
}

// runOf finds a decision's run, or begins to remember it.
func (l *ledger) runOf(d *engine.Decision) uint32 {
	key := l.hash(d.Learner, d.Rule, d.Run)
	i, known := l.runIx[key]
	if known {
		return i
	}
	person := l.hash(d.Learner)
	learner, met := l.learners[person]
	if !met {
		learner = uint32(len(l.latest))
		l.latest = append(l.latest, 0)
		l.learners[person] = learner
	}
	i = uint32(len(l.runs))
	l.runs = append(l.runs, run{learner: learner, rule: l.rule(d.Rule)})
	l.runIx[key] = i
	return i
}

// sendOf finds the message that a decision is about, or begins to remember it.
func (l *ledger) sendOf(d *engine.Decision) *send {
	key := l.hash(d.Send)
	if i, known := l.sendIx[key]; known {
		return &l.sends[i]
	}
	r := l.runOf(d)
	s := send{at: d.At.UnixMilli(), run: r}
	scope := scopeValues(d.Scope)
	s.certificate, s.course = l.hashOf(scope.Get(keyCertificate)), l.hashOf(scope.Get(engine.KeyCourse))
	if s.certificate != 0 || l.prompt(d.Message) {
		s.flags = sendPrompt
	}
	learner := l.runs[r].learner
	s.before = l.latest[learner]
	l.sends = append(l.sends, s)
	i := uint32(len(l.sends))
	l.latest[learner], l.sendIx[key] = i, i-1
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
	case engine.KindStarted, engine.KindSkipped, engine.KindDeferred, engine.KindWithheld, engine.KindExited, engine.KindConverted:
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

// decision takes in what credit depends on. The send is nil for decisions that say nothing of how one ended.
func (l *ledger) decision(d *engine.Decision) (r *run, s *send) {
	if d.Run == "" {
		return nil, nil
	}
	i := l.runOf(d)
	if d.Kind == engine.KindStarted && d.Detail == eventEarned {
		l.runs[i].flags |= runEarned
	}
	if flag := statusFlag(d.Kind); flag != 0 && d.Send != "" {
		s = l.sendOf(d)
		s.flags |= flag
	}
	return &l.runs[i], s
}

// credit finds the message that an event belongs to, by its index among the sends; false: none that is known.
func (l *ledger) credit(ev *engine.Event) (uint32, bool) {
	if id, ok := ev.Text(keySend); ok {
		i, known := l.sendIx[l.hash(id)]
		if known {
			l.learn(&l.sends[i], ev)
		}
		return i, known
	}
	switch ev.Name {
	case eventShared:
		certificate, _ := ev.Text(keyCertificate)
		course, _ := ev.Text(engine.KeyCourse)
		c := l.hashOf(certificate)
		k := l.hashOf(course)
		return l.latestOf(ev.Learner, ev.Time, ShareWindow, func(s *send) bool {
			return s.about(c, k, l.runs[s.run].flags&runEarned != 0)
		})
	case eventReferralVisit, eventReferralJoined:
		return l.latestOf(Referrer(ev), ev.Time, ReferralWindow, func(s *send) bool {
			return s.flags&sendPrompt != 0 || l.runs[s.run].flags&runEarned != 0
		})
	}
	return 0, false
}

// Referrer is the learner who has the merit of an event: the referrer it names, else whose event it is.
func Referrer(ev *engine.Event) string {
	if referrer, ok := ev.Text(keyReferrer); ok {
		return referrer
	}
	return ev.Learner
}

// learn notes which certificate and course a message was about, where its share links tell and its scope does not.
func (l *ledger) learn(s *send, ev *engine.Event) {
	if ev.Name != engine.EventShareClicked && ev.Name != eventShareVisited {
		return
	}
	if certificate, ok := ev.Text(keyCertificate); ok && s.certificate == 0 {
		s.certificate = l.hash(certificate)
	}
	if course, ok := ev.Text(engine.KeyCourse); ok && s.course == 0 {
		s.course = l.hash(course)
	}
	s.flags |= sendPrompt
}

// about tells whether a message was about a certificate: nothing that both know may differ, and something must be the
// same. Failing that, a run that some certificate started will do: which one it was, nobody told.
func (s *send) about(certificate, course uint64, earned bool) bool {
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

// wentOrMayHave: what the provider took after all outweighs everything, a failure outweighs doubt.
func (s *send) wentOrMayHave() bool {
	return s.flags&sendSent != 0 || s.flags&(sendUncertain|sendFailed) == sendUncertain
}

// latestOf is the learner's latest message that went within the time before `at` and fits.
func (l *ledger) latestOf(learner string, at time.Time, within time.Duration, fits func(*send) bool) (best uint32, found bool) {
	i, known := l.learners[l.hash(learner)]
	if !known {
		return 0, false
	}
	first := at.Add(-within).UnixMilli()
	last := at.UnixMilli()
	for next := l.latest[i]; next != 0; next = l.sends[next-1].before {
		s := &l.sends[next-1]
		newer := !found || s.at > l.sends[best].at
		if newer && s.at >= first && s.at <= last && s.wentOrMayHave() && fits(s) {
			best = next - 1
			found = true
		}
	}
	return best, found
}
