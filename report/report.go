package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/experiment"
)

// Report is what was decided and what came of it.
type Report struct {
	Rules      []Rule     `json:"rules"` // by name
	Total      Rule       `json:"total"` // the sums; it has no experiment: each rule has one of its own
	Uncredited Uncredited `json:"unprompted"`
	Earned     int        `json:"certificates_earned"` // certificates
}

// Rule counts one rule. Maps count by reason and are never nil.
type Rule struct {
	Rule     string   `json:"rule,omitempty"` // empty for the total
	Started  int      `json:"started"`        // runs
	Sent     int      `json:"sent"`           // messages that the provider took
	Withheld Withheld `json:"withheld"`

	Uncertain map[string]int `json:"uncertain"` // messages that may have gone, and no report has settled
	Failed    map[string]int `json:"failed"`    // messages
	Skipped   map[string]int `json:"skipped"`   // messages not sent, and runs not begun
	Deferred  map[string]int `json:"deferred"`  // times that a message was put off
	Exited    map[string]int `json:"exited"`    // runs that ended before their last step

	Reportable      int `json:"reportable"`        // of the sent: messages by a channel whose provider reports delivery; 0: none, or no report has come
	Delivered       int `json:"delivered"`         // messages
	Opened          int `json:"opened"`            // messages, by people; in the app: seen
	OpenedByMachine int `json:"opened_by_machine"` // messages, by mail clients that fetch ahead, and by nobody else
	Clicked         int `json:"clicked"`           // messages
	Dismissed       int `json:"dismissed"`         // messages, in the app
	Bounced         int `json:"bounced"`           // messages, refused for good or for now
	Unsubscribed    int `json:"unsubscribed"`      // messages that made somebody leave
	SpamReported    int `json:"spam_reported"`     // messages

	Experiment *Experiment `json:"experiment,omitempty"` // nil: no sign of a goal or of a holdout

	SharePrompts       int `json:"share_prompts"`       // messages sent that asked to share or to refer, or were about a certificate
	ShareClicks        int `json:"share_clicks"`        // messages whose share links were followed by the learner
	ShareVisits        int `json:"share_visits"`        // visits to what was shared from them
	CertificatesShared int `json:"certificates_shared"` // certificates
	ReferralVisits     int `json:"referral_visits"`     // visits
	ReferralsConverted int `json:"referrals_converted"` // people referred
}

// Withheld counts messages that were held back to compare with.
type Withheld struct {
	Holdout int `json:"holdout"`
	Control int `json:"control"`
}

// Uncredited counts what no message of the report has the credit for.
type Uncredited struct {
	Unsubscribed       int `json:"unsubscribed"`
	SpamReported       int `json:"spam_reported"`
	CertificatesShared int `json:"certificates_shared"`
	ReferralVisits     int `json:"referral_visits"`
	ReferralsConverted int `json:"referrals_converted"`
}

func (u *Uncredited) listFields() []*int {
	return []*int{&u.Unsubscribed, &u.SpamReported, &u.CertificatesShared, &u.ReferralVisits, &u.ReferralsConverted}
}

// Options say what a report is to know.
type Options struct {
	// AsksToShare reports whether a message, by its name, asks to share or to refer. Nil: only messages about certificates do.
	AsksToShare func(message string) bool
	// Method is how intervals are worked out; empty: experiment.Sequential.
	Method experiment.Method
	// Now is until when the counts are; zero, or before the last decision: the hour of the last decision.
	Now time.Time
}

// Counter takes decisions and events in and counts. All decisions come first, then all events, each in the order of
// their stream. It is for one goroutine.
//
// Per message it keeps 40 bytes (withheld ones 24), per run 8, and the hashes by which they are found: with a run, a learner and a deferral
// now and then some 180 bytes a message, so a million messages take 180 MB.
type Counter struct {
	opts        Options
	attribution *attribution
	counts      []*RuleCounts       // by the ledger's index of rules
	seen        map[uint64]struct{} // decisions and events that count one by one
	reasons     []string            // by send.reason
	decided     map[int32]int       // decisions by hour
	uncredited  Uncredited
	earned      int // certificates
	deliveries  int // reports of deliveries
}

// NewCounter returns a counter of nothing.
func NewCounter(o Options) *Counter {
	return &Counter{
		opts:        o,
		attribution: newAttribution(o.AsksToShare),
		seen:        map[uint64]struct{}{},
		decided:     map[int32]int{},
	}
}

// Decision counts a decision, unless it came before.
func (c *Counter) Decision(d *engine.Decision) {
	if d.Runs == nil {
		c.countDecision(d)
		return
	}
	for one := range d.PerRun() {
		c.countDecision(one)
	}
}

// countDecision counts a decision about one run, or none.
func (c *Counter) countDecision(d *engine.Decision) {
	run, send := c.attribution.addDecision(d)
	exposures := c.attribution.exposures
	c.decided[hourOf(d.At.UnixMilli())]++
	counts := c.countsOf(c.attribution.ruleIndex(d.Rule))
	counts.Decisions++
	count := &counts.Counts
	switch d.Kind {
	case engine.KindStarted:
		if run != nil && run.flags&runStarted == 0 {
			run.flags |= runStarted
			count.Started++
		}
	case engine.KindSent:
	case engine.KindUncertain, engine.KindFailed:
		c.rememberReason(send, d)
	case engine.KindSkipped:
		c.countOnce(d, count.Skipped)
		if d.Reason == engine.ReasonIgnored && run != nil {
			exposures.addReaction(run.learner, d.At, reactionBackedOff)
		}
	case engine.KindDeferred:
		c.countOnce(d, count.Deferred)
	case engine.KindExited:
		c.countOnce(d, count.Exited)
	case engine.KindWithheld:
		if !c.isFirst("decision", d.Learner, d.ID) || run == nil {
			return
		}
		exposures.addWithheld(c.attribution.ensureRun(d), d)
		if d.Reason == engine.ReasonControl {
			run.flags |= runControl
			count.Withheld.Control++
		} else {
			run.flags |= runHeldOut
			count.Withheld.Holdout++
		}
	case engine.KindAssigned:
		if c.isFirst("decision", d.Learner, d.ID) && run != nil {
			exposures.addAssignment(c.attribution.ensureRun(d), d)
		}
	case engine.KindConverted:
		if run != nil {
			run.flags |= runConverted
		}
	case engine.KindSuppressed: // what was left alone is told by the skips that follow
	case engine.KindSet: // the event that it is published as is told like any other
	}
}

// rememberReason remembers why a message failed, or why nobody knows whether it did. A failure's reason stays.
func (c *Counter) rememberReason(s *send, d *engine.Decision) {
	if s == nil || d.Kind == engine.KindUncertain && s.flags&sendFailed != 0 {
		return
	}
	i := slices.Index(c.reasons, string(d.Reason))
	if i < 0 {
		i = len(c.reasons)
		c.reasons = append(c.reasons, string(d.Reason))
	}
	s.reason = uint8(i)
}

func (c *Counter) countOnce(d *engine.Decision, by map[string]int) {
	if c.isFirst("decision", d.Learner, d.ID) {
		by[string(d.Reason)] += d.Times()
	}
}

// isFirst reports whether something comes for the first time.
func (c *Counter) isFirst(parts ...string) bool {
	key := c.attribution.hashParts(parts...)
	if _, before := c.seen[key]; before {
		return false
	}
	c.seen[key] = struct{}{}
	return true
}

func (c *Counter) countsOf(rule uint16) *RuleCounts {
	for len(c.counts) <= int(rule) {
		c.counts = append(c.counts, &RuleCounts{Counts: newRule(c.attribution.rules[len(c.counts)])})
	}
	return c.counts[rule]
}

func newRule(name string) Rule {
	return Rule{
		Rule:      name,
		Uncertain: map[string]int{},
		Failed:    map[string]int{},
		Skipped:   map[string]int{},
		Deferred:  map[string]int{},
		Exited:    map[string]int{},
	}
}

// sendFlags are what an event says of the message it came from.
func sendFlags(ev *engine.Event) uint16 {
	switch ev.Name {
	case eventDelivered:
		return sendDelivered
	case engine.EventEmailOpened:
		if machine, _ := ev.Properties["machine"].(bool); machine {
			return sendOpenedByMachine
		}
		return sendOpened
	case engine.EventNudgeSeen:
		return sendOpened
	case engine.EventEmailClicked, engine.EventNudgeClicked:
		return sendClicked
	case engine.EventNudgeDismissed:
		return sendDismissed
	case eventBounced:
		return sendBounced
	case eventUnsubscribed:
		return sendUnsubscribed
	case eventSpamReported:
		return sendSpam
	case engine.EventShareClicked:
		return sendShareClicked
	}
	return 0
}

// Event counts what a learner or a mail server did, unless it came before. Events that say nothing about messages are
// passed over.
func (c *Counter) Event(ev *engine.Event) {
	countIf(&c.deliveries, ev.Name == eventDelivered)
	if what := reactionOf(ev); what != "" {
		if learner, known := c.attribution.learners[c.attribution.hashParts(ev.Learner)]; known {
			c.attribution.exposures.addReaction(learner, ev.Time, what)
		}
	}
	var one *Rule // whose message has the credit
	if i, ok := c.attribution.findCredited(ev); ok {
		send := &c.attribution.sends[i]
		send.flags |= sendFlags(ev)
		one = &c.countsOf(c.attribution.runs[send.run].rule).Counts
	}
	certificate, _ := ev.Text(keyCertificate)
	referred, _ := ev.Text(keyReferred)
	switch ev.Name {
	case eventUnsubscribed:
		if one == nil && c.isFirst("event", ev.Learner, ev.ID) {
			c.uncredited.Unsubscribed++
		}
	case eventSpamReported:
		if one == nil && c.isFirst("event", ev.Learner, ev.ID) {
			c.uncredited.SpamReported++
		}
	case eventShareVisited:
		if one != nil && c.isFirst("event", ev.Learner, ev.ID) {
			one.ShareVisits++
		}
	case eventEarned:
		countIf(&c.earned, c.isFirst("earned", ev.Learner, cmp.Or(certificate, ev.ID)))
	case eventShared:
		if c.isFirst("shared", ev.Learner, certificate) {
			addOne(one, &c.uncredited.CertificatesShared, func(r *Rule) *int { return &r.CertificatesShared })
		}
	case eventReferralVisit:
		if c.isFirst("event", Owner(ev), ev.Learner, ev.ID) {
			addOne(one, &c.uncredited.ReferralVisits, func(r *Rule) *int { return &r.ReferralVisits })
		}
	case eventReferralJoined:
		if c.isFirst("referral", Owner(ev), referred) {
			addOne(one, &c.uncredited.ReferralsConverted, func(r *Rule) *int { return &r.ReferralsConverted })
		}
	}
}

// ReportsReactions reports whether anybody says what became of the rule's messages: a provider does, or the app did. If nobody
// does, 0 openings would be a guess.
func (r *Rule) ReportsReactions() bool {
	return r.Reportable > 0 || r.Delivered+r.Opened+r.OpenedByMachine+r.Clicked+r.Dismissed > 0
}

// addOne counts one more for the rule, or among what nobody prompted.
func addOne(r *Rule, free *int, field func(*Rule) *int) {
	if r != nil {
		free = field(r)
	}
	*free++
}

// Report returns the counts so far.
func (c *Counter) Report() Report { return c.Summary().Report(c.opts) }

// Summary returns the sums so far.
func (c *Counter) Summary() *Summary {
	summary := NewSummary()
	summary.Uncredited = c.uncredited
	summary.Earned = c.earned
	summary.Deliveries = c.deliveries
	maps.Copy(summary.Decided, c.decided)
	rules := make([]*RuleCounts, len(c.counts))
	for i, counts := range c.counts {
		rules[i] = &RuleCounts{
			Counts:    counts.Counts.cloneCounts(),
			Decisions: counts.Decisions,
		}
		summary.Rules[counts.Counts.Rule] = rules[i]
	}
	for i := range c.attribution.sends {
		s := &c.attribution.sends[i]
		c.countSend(&rules[c.attribution.runs[s.run].rule].Counts, s)
	}
	t := c.tallyExperiments()
	for i := range t.rules {
		combineFields(rules[i].listFields(), t.rules[i].listFields(), 1)
	}
	for index, cohort := range t.cohorts {
		summary.Cohorts[t.nameSegment(index)] = cohort
	}
	return summary
}

func (c *Counter) countSend(r *Rule, s *send) {
	switch {
	case s.flags&sendSent != 0:
		r.Sent++
		countIf(&r.SharePrompts, c.attribution.asksToSpread(s))
		countIf(&r.Reportable, c.attribution.exposures.reportsDelivery(s.channel))
	case s.flags&sendFailed != 0:
		r.Failed[c.reasons[s.reason]]++
	case s.flags&sendUncertain != 0:
		r.Uncertain[c.reasons[s.reason]]++
	}
	for _, f := range []struct {
		flag uint16
		n    *int
	}{
		{sendDelivered, &r.Delivered}, {sendOpened, &r.Opened}, {sendClicked, &r.Clicked}, {sendDismissed, &r.Dismissed}, {sendBounced, &r.Bounced},
		{sendUnsubscribed, &r.Unsubscribed}, {sendSpam, &r.SpamReported}, {sendShareClicked, &r.ShareClicks},
	} {
		if s.flags&f.flag != 0 {
			*f.n++
		}
	}
	if s.flags&(sendOpened|sendOpenedByMachine) == sendOpenedByMachine {
		r.OpenedByMachine++
	}
}

func (r *Rule) countMaps() []map[string]int {
	return []map[string]int{r.Uncertain, r.Failed, r.Skipped, r.Deferred, r.Exited}
}

func (r *Rule) countFields() []*int {
	return []*int{
		&r.Started, &r.Sent, &r.Withheld.Holdout, &r.Withheld.Control, &r.Reportable, &r.Delivered, &r.Opened, &r.OpenedByMachine, &r.Clicked,
		&r.Dismissed, &r.Bounced, &r.Unsubscribed, &r.SpamReported, &r.SharePrompts, &r.ShareClicks, &r.ShareVisits, &r.CertificatesShared, &r.ReferralVisits,
		&r.ReferralsConverted,
	}
}

// addCounts adds another rule's counts, or takes them out; its experiment stays its own.
func (r *Rule) addCounts(o *Rule, sign int) {
	combineFields(r.countFields(), o.countFields(), sign)
	from := o.countMaps()
	for i, by := range r.countMaps() {
		combineCounts(by, from[i], sign)
	}
}

func (r *Rule) cloneCounts() Rule {
	copied := *r
	copied.Uncertain = maps.Clone(r.Uncertain)
	copied.Failed = maps.Clone(r.Failed)
	copied.Skipped = maps.Clone(r.Skipped)
	copied.Deferred = maps.Clone(r.Deferred)
	copied.Exited = maps.Clone(r.Exited)
	return copied
}
