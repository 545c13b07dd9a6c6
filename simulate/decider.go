package simulate

import (
	"context"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
)

// decider owns some of the learners and decides for them on one goroutine.
type decider struct {
	opts      *Options
	index     int // of its share of each chunk
	count     int // how many deciders there are
	in        chan *chunk
	spare     chan<- *chunk // those that may be filled again
	until     time.Time     // set before in is closed
	hosts     map[string]*Host
	order     []*Host // by first event, so that finishing needs no map order
	found     *Collector
	seen      map[string]int // how many events of each name there were
	workspace *Workspace
	paths     *engine.PathLog // nil: no rule asks what comes next
	// hostsCount reports that paths counts what the hosts take in, and nobody else.
	hostsCount bool
	staff      *Staff // nil: another decider tells staff
}

func newDecider(opts *Options, index int, spare chan<- *chunk) *decider {
	s := &decider{
		opts:      opts,
		index:     index,
		in:        make(chan *chunk, 2),
		spare:     spare,
		hosts:     map[string]*Host{},
		found:     NewCollector(opts.SummaryOnly),
		seen:      map[string]int{},
		workspace: NewWorkspace(),
	}
	s.found.Measured = measuredRules(opts.Ruleset)
	if index == 0 && opts.Learner == "" {
		s.staff = NewStaff(HostOptions{Ruleset: opts.Ruleset, Decided: s.found.Add, Workspace: s.workspace})
	}
	return s
}

// decideAll takes in events until there are no more, then decides what falls due until the end.
func (s *decider) decideAll(ctx context.Context) error {
	for c := range s.in {
		for _, d := range c.shares[s.index] {
			if d.Event.Learner == engine.NoLearner || d.Event.Learner == "" {
				if err := s.handToEverybody(&d.Decoded, d.at); err != nil {
					return err
				}
				continue
			}
			if d.merge != nil {
				if err := s.applyMerge(ctx, d); err != nil {
					return err
				}
				continue
			}
			if d.Event.SetByRule() { // the rules set it here themselves
				continue
			}
			s.seen[d.Event.Name]++
			if err := s.hostOf(d.Event.Learner).ApplyEvent(&d.Decoded, d.at); err != nil {
				return err
			}
		}
		if c.holders.Add(-1) == 0 { // no other decider reads in it
			select {
			case s.spare <- c:
			default:
			}
		}
	}
	if s.staff != nil {
		if err := s.staff.Finish(s.until); err != nil {
			return err
		}
	}
	for i, h := range s.order {
		if i%256 == 0 && ctx.Err() != nil {
			return nil // the one who ended the context says why
		}
		if h == nil { // goes on under another id
			continue
		}
		if err := h.Finish(s.until); err != nil {
			return err
		}
	}
	return nil
}

// handToEverybody hands an event without a learner to every learner so far.
func (s *decider) handToEverybody(d *catalog.Decoded, at time.Time) error {
	if s.index == 0 {
		s.seen[d.Event.Name]++
	}
	if s.staff != nil {
		if err := s.staff.ApplyEvent(&d.Event, at); err != nil {
			return err
		}
	}
	if len(s.opts.Ruleset.AudienceRules(&d.Event)) == 0 {
		return nil
	}
	for _, h := range s.order {
		if h == nil { // goes on under another id
			continue
		}
		if _, err := h.applyBroadcast(&d.Event, nil, at); err != nil {
			return err
		}
	}
	return nil
}

func (s *decider) hostOf(learner string) *Host {
	h := s.hosts[learner]
	if h == nil {
		h = NewHost(HostOptions{
			Learner:         learner,
			Ruleset:         s.opts.Ruleset,
			AssumeReachable: s.opts.AssumeReachable,
			Decided:         s.found.Add,
			Workspace:       s.workspace,
			Paths:           s.paths,
			CountsMoves:     s.hostsCount,
		})
		s.hosts[learner] = h
		h.place = len(s.order)
		s.order = append(s.order, h)
	}
	return h
}

// deciderIndexOf spreads learners evenly (FNV-1a).
func deciderIndexOf(learner string, n int) int {
	h := uint32(2166136261)
	for i := range len(learner) {
		h = (h ^ uint32(learner[i])) * 16777619
	}
	return int(h % uint32(n))
}
