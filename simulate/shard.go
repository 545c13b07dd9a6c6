package simulate

import (
	"context"
	"time"

	"homeroom/catalog"
)

// arrival is an event and the instant at which the stream took it in.
type arrival struct {
	catalog.Decoded
	at time.Time
}

// shard owns some of the learners and decides for them on one goroutine.
type shard struct {
	opts  *Options
	in    chan []arrival
	until time.Time // set before in is closed
	hosts map[string]*Host
	order []*Host // by first event, so that finishing needs no map order
	found *Collector
	spare chan []arrival // batches that may be filled again
	shared
}

func newShard(opts *Options) *shard {
	return &shard{
		opts: opts, in: make(chan []arrival, 8), hosts: map[string]*Host{}, found: NewCollector(opts.SummaryOnly),
		spare: make(chan []arrival, 8), shared: shared{zones: zones{}},
	}
}

// run takes in events until there are no more, then decides what falls due until the end.
func (s *shard) run(ctx context.Context) error {
	for batch := range s.in {
		for i := range batch {
			a := &batch[i]
			if err := s.host(a.Event.Learner).event(&a.Decoded, a.at); err != nil {
				return err
			}
		}
		select {
		case s.spare <- batch[:0]:
		default:
		}
	}
	for i, h := range s.order {
		if i%256 == 0 && ctx.Err() != nil {
			return nil // the one who ended the context says why
		}
		if err := h.Finish(s.until); err != nil {
			return err
		}
	}
	return nil
}

func (s *shard) host(learner string) *Host {
	h := s.hosts[learner]
	if h == nil {
		h = NewHost(HostOptions{
			Learner:         learner,
			Ruleset:         s.opts.Ruleset,
			AssumeReachable: s.opts.AssumeReachable,
			Decided:         s.found.Add,
			shared:          &s.shared,
		})
		s.hosts[learner] = h
		s.order = append(s.order, h)
	}
	return h
}

// batch returns an empty one with room for about so many.
func (s *shard) batch(n int) []arrival {
	select {
	case b := <-s.spare:
		return b
	default:
		return make([]arrival, 0, n)
	}
}

// shardOf spreads learners evenly (FNV-1a).
func shardOf(learner string, n int) int {
	h := uint32(2166136261)
	for i := range len(learner) {
		h = (h ^ uint32(learner[i])) * 16777619
	}
	return int(h % uint32(n))
}
