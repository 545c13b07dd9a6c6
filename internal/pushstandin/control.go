package pushstandin

import "slices"

// Fail lets the next requests meet faults, in turn; messages that are refused meet none.
func (s *Standin) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// ClearFaults takes back what [Standin.Fail] said.
func (s *Standin) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Expire lets no app answer to tokens any more.
func (s *Standin) Expire(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range tokens {
		s.expired[token] = true
	}
}

// RevokeAccess makes the access tokens that it gave invalid.
func (s *Standin) RevokeAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// Release answers the messages that are held.
func (s *Standin) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.release)
	s.release = make(chan struct{})
}

// Counts returns how many requests came.
func (s *Standin) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Pushes returns what was taken, in order.
func (s *Standin) Pushes() []Push {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pushes)
}
