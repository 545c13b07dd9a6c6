package engine

// nextLook returns the silence that falls due first of those that may still begin a run; nil: there is none. A silence whose rule wants nothing to have been done
// is not looked for once something has: its condition will not hold, also after further activity. It is still decided by steps that are made anyway.
func (s *stepper) nextLook() *silence {
	si := s.nextSilence()
	if si == nil || s.env.Trace != nil { // who traces wants to see what is looked at
		return si
	}
	for i := range s.silences {
		if si := &s.silences[i]; !s.decidedUpTo(si.due) && !s.isTooLate(si) && s.mayStart(si) {
			return si
		}
	}
	return nil
}

// isTooLate reports whether the learner has done something, as of a silence's due instant, where its rule wants that nothing was done.
func (s *stepper) isTooLate(si *silence) bool {
	standing := s.env.Standing
	switch si.rule.When.BeforeActivity {
	case PlaceCourse:
		c := standing.Courses[si.course]
		return c != nil && !later(c.Active.asOf(si.due), standing.Unattributed.asOf(si.due)).IsZero()
	case PlacePlatform:
		return !standing.Platform.asOf(si.due).IsZero()
	}
	return false
}
