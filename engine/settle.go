package engine

import (
	"slices"
	"time"
)

// settleAgain is how long an uncertain delivery waits for the next look while its rule is paused.
const settleAgain = 15 * time.Minute

// awaitsSettlement reports whether an uncertain delivery stays pending until evidence of what became of it can be in.
func awaitsSettlement(f *PendingDelivery, o *Outcome) bool {
	return o.Status == OutcomeUncertain && !o.SettleAt.IsZero() && !f.Send.Settles && f.ExitReason == ""
}

// settleUncertain looks again at the uncertain deliveries whose time has come. If every question still says yes, the host is asked to
// deliver the same send once more: it does so only if the evidence says that the provider did not take it. Otherwise the delivery stays
// uncertain, and nobody looks at it again. settleUncertain reports whether a delivery stopped being pending.
func (s *stepper) settleUncertain() (released bool) {
	for i := 0; i < len(s.st.PendingDeliveries); {
		f := &s.st.PendingDeliveries[i]
		if f.SettleAt.IsZero() || f.SettleAt.After(s.now) || s.beyondStream(f.SettleAt) {
			i++
			continue
		}
		v := s.judgeAgain(f)
		switch v.Kind {
		case AnswerGoOn:
			f.SettleAt = time.Time{}
			f.Send.Settles = true
			s.effects = append(s.effects, Effect{Kind: EffectDeliver, Send: f.Send})
			i++
		case AnswerDefer:
			f.SettleAt = later(v.Until, s.now.Add(settleAgain))
			i++
		case AnswerSkip, AnswerExit, AnswerWithhold:
			id := f.Send.Run
			s.st.PendingDeliveries = slices.Delete(s.st.PendingDeliveries, i, i+1)
			if run := s.runByID(id); run != nil && run.Ended {
				s.endRun(run)
			}
			released = true
		}
	}
	return released
}

// judgeAgain asks the questions about a send that has been decided before. The send itself takes no slot under the caps.
func (s *stepper) judgeAgain(f *PendingDelivery) Answer {
	live := s.runByID(f.Send.Run)
	if live == nil || f.ExitReason != "" {
		return Answer{Kind: AnswerExit, Reason: f.ExitReason}
	}
	rule := s.ruleOf(live)
	if rule == nil || f.PC >= len(rule.Program) || rule.Program[f.PC].Send == nil {
		return Answer{Kind: AnswerExit, Reason: ReasonRevisionLost}
	}
	run := *live
	run.PC = f.PC
	run.FirstDue = f.FirstDue
	all := s.st.PastSends
	s.st.PastSends = slices.DeleteFunc(slices.Clone(all), func(m PastSend) bool { return m.ID == f.Send.ID })
	v := s.judgeSend(&run, rule, &rule.Program[f.PC], s.now)
	s.st.PastSends = all
	return v
}
