package telemetry

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"homeroom/delivery"
	"homeroom/internal/clock"
	"homeroom/subjects"
	"homeroom/triggers"
)

// Sources give the figures that are read when Prometheus scrapes. A source that is nil has no metrics.
type Sources struct {
	// Events counts what the triggers did; DeadBy counts their dead letters by reason.
	Events func() triggers.Stats
	DeadBy func() map[string]int64
	// Watermark is how far a partition was handed over, in Homeroom's time; zero: not known.
	Watermark func(partition int) time.Time
	// Disagreements counts the live instances that disagree with another one, by what they disagree in.
	Disagreements func() map[string]int
	// MissingRights reports for each role of this process whether NATS refuses it something that it needs.
	MissingRights func() map[string]bool
	// SetAside returns how many learners are set aside.
	SetAside func() int
	// Failing counts the learners whose workflows get nowhere; nil: there is no such metric.
	Failing func(ctx context.Context) (int, error)
	// Rewinds counts the rewinds of the stream that the worker saw; nil: no worker runs here. The triggers' are among Events.
	Rewinds func() int64
	// Refused reports for each channel whether its provider refuses the account; nil: nothing is delivered here.
	Refused func() map[string]bool
	// ListLook reads the provider's suppression lists; nil: this process does not.
	ListLook ListLook
	// Paused is the kill switch.
	Paused func() bool
	// Ruleset is what this process runs, and whether it refused what was published last.
	Ruleset func() (hash string, number int, refused bool)
	// JS is asked how many dead letters there are and, where Events is set, how many events wait in each partition: only the NATS
	// user of the triggers may ask for that.
	JS jetstream.JetStream
}

// ListLook reports what came of reading the provider's suppression lists; *delivery.ListLook does.
type ListLook interface {
	// Last is the record that all processes share, as this one read it last.
	Last() delivery.LookRecord
	// Counts are the entries that this process took in.
	Counts() map[delivery.ListedCount]int64
}

// Watch reports from now on what the sources say, and no longer what earlier ones said.
func (t *Telemetry) Watch(s Sources) {
	if t != nil {
		t.watched.sources.Store(&s)
	}
}

func newDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	descEvents      = newDesc("homeroom_events_total", "Events by outcome: handed_over, unneeded, ignored, no_learner, dead (with the reason, where it is known).", "outcome", "reason")
	descRemarks     = newDesc("homeroom_event_remarks_total", "What of events that count cannot be used: refused traits, properties that look misspelt.")
	descRetries     = newDesc("homeroom_handover_retries_total", "Failed tries of the triggers that were repeated.")
	descParkings    = newDesc("homeroom_parkings_total", "How often new messages of a partition waited for older ones.")
	descRewinds     = newDesc("homeroom_stream_rewound_total", "How often the stream gave a sequence out again: NATS went back to older files.")
	descHeld        = newDesc("homeroom_oldest_held_seconds", "For how long the message that holds a watermark back most has been unacknowledged.")
	descMark        = newDesc("homeroom_mark_age_seconds", "How far the mark of a partition is behind the clock; what is due later than the mark waits.", "partition")
	descPending     = newDesc("homeroom_stream_pending", "Events of a partition that were not delivered to the triggers yet.", "partition")
	descUnacked     = newDesc("homeroom_stream_unacknowledged", "Events of a partition that the triggers have received and not acknowledged.", "partition")
	descDead        = newDesc("homeroom_dead_letters", "Dead letters in the stream.")
	descReachable   = newDesc("homeroom_stream_reachable", "1 if the stream could be asked for the figures above, else 0.")
	descSetAside    = newDesc("homeroom_learners_set_aside", "Learners whose events wait because they could not be handed over.")
	descFailing     = newDesc("homeroom_learners_failing", "Learners whose events were handed over and whose workflow gets nowhere with them. Missing: Temporal could not be asked.")
	descRefused     = newDesc("homeroom_provider_refuses_us", "1 if the provider of a channel refused the installation's account when this process called last: what is due waits.", "channel")
	descListed      = newDesc("homeroom_provider_list_entries_total", "Entries of the provider's suppression lists that were read, by list and what they changed: new, known, counted, lifted, invalid.", "list", "taken")
	descListAge     = newDesc("homeroom_provider_list_age_seconds", "How long ago a suppression list of the provider was last read to its end; missing for one that the API key may not read.", "list")
	descPaused      = newDesc("homeroom_paused", "1 if the kill switch is on: nothing goes out.")
	descDisagree    = newDesc("homeroom_instances_disagree", "Instances that run with another secret, key, public URL, NATS user or Temporal namespace than another one, by what; 0 with an empty what: none.", "what")
	descRights      = newDesc("homeroom_missing_rights", "1 if NATS refuses this role of this process something that it needs, else 0.", "role")
	descRuleset     = newDesc("homeroom_ruleset_info", "The revision that this process runs, and the publication's number; always 1.", "hash", "number")
	descRulesRefuse = newDesc("homeroom_ruleset_refused", "1 if the revision published last does not compile in this process, which stays with the one before.")
)

// watched is the collector behind Watch.
type watched struct {
	now     func() time.Time
	clock   clock.Clock
	sources atomic.Pointer[Sources]

	mu    sync.Mutex
	asked time.Time // when the stream was asked last
	lag   lag

	failingMu    sync.Mutex
	failingAsked time.Time // when Temporal was asked last
	failing      int
	failingKnown bool
}

// lag is what the stream says. It is kept for a while, so that several who scrape do not ask for each.
type lag struct {
	ok         bool
	pending    map[int]uint64
	unacked    map[int]int
	deadLetter uint64
}

const (
	lagFresh   = 3 * time.Second
	lagTimeout = 2 * time.Second
)

// Describe implements prometheus.Collector.
func (w *watched) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descEvents, descRetries, descParkings, descRewinds, descHeld, descMark, descPending, descUnacked,
		descDead, descSetAside, descReachable, descDisagree, descFailing, descRefused, descListed, descListAge, descPaused, descRights, descRuleset, descRulesRefuse} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (w *watched) Collect(ch chan<- prometheus.Metric) {
	s := w.sources.Load()
	if s == nil {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if s.Events != nil {
		w.collectEvents(ch, s)
		gauge(descHeld, s.Events().OldestHeld.Seconds())
	}
	if s.Events != nil || s.Rewinds != nil {
		ch <- prometheus.MustNewConstMetric(descRewinds, prometheus.CounterValue, float64(s.countRewinds()))
	}
	if s.Watermark != nil {
		now := w.clock.Now()
		for p := range subjects.Partitions {
			if mark := s.Watermark(p); !mark.IsZero() {
				gauge(descMark, w.clock.Wait(now.Sub(mark)).Seconds(), strconv.Itoa(p))
			}
		}
	}
	if s.Disagreements != nil {
		counts := s.Disagreements()
		if len(counts) == 0 {
			gauge(descDisagree, 0, "")
		}
		for what, n := range counts {
			gauge(descDisagree, float64(n), what)
		}
	}
	if s.MissingRights != nil {
		for role, missing := range s.MissingRights() {
			gauge(descRights, oneIf(missing), role)
		}
	}
	if s.SetAside != nil {
		gauge(descSetAside, float64(s.SetAside()))
	}
	if s.Failing != nil {
		if n, ok := w.countFailing(s.Failing); ok {
			gauge(descFailing, float64(n))
		}
	}
	if s.Refused != nil {
		for channel, refused := range s.Refused() {
			gauge(descRefused, oneIf(refused), channel)
		}
	}
	if s.ListLook != nil {
		w.collectLists(ch, s.ListLook)
	}
	if s.Paused != nil {
		gauge(descPaused, oneIf(s.Paused()))
	}
	if s.Ruleset != nil {
		hash, number, refused := s.Ruleset()
		if hash != "" {
			gauge(descRuleset, 1, hash, strconv.Itoa(number))
		}
		gauge(descRulesRefuse, oneIf(refused))
	}
	if s.JS != nil {
		l := w.streamLag(s.JS, s.Events != nil)
		gauge(descReachable, oneIf(l.ok))
		for p, n := range l.pending {
			gauge(descPending, float64(n), strconv.Itoa(p))
			gauge(descUnacked, float64(l.unacked[p]), strconv.Itoa(p))
		}
		if l.ok {
			gauge(descDead, float64(l.deadLetter))
		}
	}
}

func (w *watched) collectLists(ch chan<- prometheus.Metric, look ListLook) {
	for by, n := range look.Counts() {
		ch <- prometheus.MustNewConstMetric(descListed, prometheus.CounterValue, float64(n), by.List, string(by.Effect))
	}
	now := w.clock.Now()
	for list, cursor := range look.Last().Lists {
		if !cursor.Forbidden && !cursor.Finished.IsZero() {
			age := w.clock.Wait(now.Sub(cursor.Finished)).Seconds()
			ch <- prometheus.MustNewConstMetric(descListAge, prometheus.GaugeValue, age, list)
		}
	}
}

// countRewinds returns how many rewinds of the stream this process was the first to record, in its triggers and in its worker.
func (s *Sources) countRewinds() int64 {
	var n int64
	if s.Events != nil {
		n += s.Events().Rewinds
	}
	if s.Rewinds != nil {
		n += s.Rewinds()
	}
	return n
}

func (w *watched) collectEvents(ch chan<- prometheus.Metric, s *Sources) {
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	stats := s.Events()
	count(descEvents, stats.HandedOver, "handed_over", "")
	count(descEvents, stats.Unneeded, "unneeded", "")
	count(descEvents, stats.Ignored, "ignored", "")
	count(descEvents, stats.NoLearner, "no_learner", "")
	if s.DeadBy == nil {
		count(descEvents, stats.Dead, "dead", "")
	} else {
		for reason, n := range s.DeadBy() {
			count(descEvents, n, "dead", reason)
		}
	}
	count(descRemarks, stats.Remarks)
	count(descRetries, stats.Retries)
	count(descParkings, stats.Parkings)
}

// streamLag asks the stream, unless it was asked a moment ago.
func (w *watched) streamLag(js jetstream.JetStream, consumers bool) lag {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.now(); w.asked.IsZero() || now.Sub(w.asked) >= lagFresh {
		ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
		defer cancel()
		w.lag = readStreamLag(ctx, js, consumers)
		w.asked = w.now()
	}
	return w.lag
}

// failingFresh is for how long a count of the learners who fail is used again: it is asked of Temporal's visibility, which limits requests.
const failingFresh = 30 * time.Second

// countFailing asks how many learners fail, unless it was asked a moment ago.
func (w *watched) countFailing(count func(context.Context) (int, error)) (n int, ok bool) {
	w.failingMu.Lock()
	defer w.failingMu.Unlock()
	if now := w.now(); w.failingAsked.IsZero() || now.Sub(w.failingAsked) >= failingFresh {
		ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
		defer cancel()
		n, err := count(ctx)
		w.failing = n
		w.failingKnown = err == nil
		w.failingAsked = now
	}
	return w.failing, w.failingKnown
}

// readStreamLag asks for the streams, which every role may, and one after the other for the consumers: to list them is a right
// that no role has.
func readStreamLag(ctx context.Context, js jetstream.JetStream, consumers bool) lag {
	l := lag{pending: map[int]uint64{}, unacked: map[int]int{}}
	if _, err := js.Stream(ctx, subjects.Stream); err != nil {
		return l
	}
	if consumers && !l.readConsumers(ctx, js) {
		return l
	}
	dead, err := js.Stream(ctx, subjects.DeadStream)
	if err != nil {
		return l
	}
	l.ok = true
	l.deadLetter = dead.CachedInfo().State.Msgs
	return l
}

// readConsumers reports whether every partition's consumer could be asked. One that is not there yet has no figures.
func (l *lag) readConsumers(ctx context.Context, js jetstream.JetStream) bool {
	for p := range subjects.Partitions {
		consumer, err := js.Consumer(ctx, subjects.Stream, "homeroom-triggers-"+strconv.Itoa(p))
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			continue
		}
		if err != nil {
			return false
		}
		info := consumer.CachedInfo()
		l.pending[p] = info.NumPending
		l.unacked[p] = info.NumAckPending
	}
	return true
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
