package bench

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/dev/campus"
	"homeroom/dev/instance"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// perSecond is a number of events with the time and the processor time that they took.
type perSecond struct {
	events    int
	took      time.Duration
	processor time.Duration
}

func (p perSecond) rate() float64 { return float64(p.events) / p.took.Seconds() }

// processorEach returns the processor time per event, servers included, in microseconds.
func (p perSecond) processorEach() float64 {
	return float64(p.processor.Microseconds()) / float64(p.events)
}

// startStopwatch starts a measurement. The returned function returns the measurement up to its call.
func startStopwatch() func(events int) perSecond {
	at := time.Now()
	used := processorTime()
	return func(events int) perSecond {
		return perSecond{events, time.Since(at), processorTime() - used}
	}
}

// ingestLearners is the number of learners whose unneeded events are published.
const ingestLearners = 2000

// makeUnneeded makes n events that no rule needs, copies of the campus's, spread over learners. They all happen now.
func makeUnneeded(academy *rules.Academy, seed uint64, n int) ([]instance.Message, error) {
	var pool []catalog.Decoded
	for _, d := range campusLoad(campus.Options{Learners: 40, Days: 30, Seed: seed}) {
		if len(d.Traits) == 0 && !academy.Ruleset.Wants(&d.Event, engine.Change{}) {
			pool = append(pool, d)
		}
	}
	messages := make([]instance.Message, 0, n)
	now := time.Now()
	for i := range n {
		d := pool[i%len(pool)]
		learner := "i_" + strconv.Itoa(i%ingestLearners)
		d.Event.ID = strconv.Itoa(i)
		d.Event.Learner = learner
		d.Event.Time = now
		body, err := academy.Catalog.Encode(d)
		if err != nil {
			return nil, fmt.Errorf("encoding event %s: %w", d.Event.ID, err)
		}
		messages = append(messages, instance.Message{Learner: learner, Event: d.Event.Name, ID: d.Event.ID, Body: body})
	}
	return messages, nil
}

// publishAll stores messages as fast as the stream takes them.
func publishAll(ctx context.Context, js jetstream.JetStream, messages []instance.Message, report func(done, total int)) error {
	for i, m := range messages {
		msg := &nats.Msg{
			Subject: subjects.Publish(m.Learner, m.Event),
			Data:    m.Body,
			Header: nats.Header{
				jetstream.MsgIDHeader: {subjects.MsgID(m.Learner, m.ID)},
			},
		}
		if _, err := js.PublishMsgAsync(msg, jetstream.WithStallWait(time.Minute)); err != nil {
			return fmt.Errorf("publishing event %s: %w", m.ID, err)
		}
		if i%1000 == 0 && report != nil {
			report(i, len(messages))
		}
	}
	select {
	case <-js.PublishAsyncComplete():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ingest holds the rates at which stored events are read.
type ingest struct {
	raw         perSecond // only fetched and acknowledged, by one consumer of the whole stream
	partitioned perSecond // only fetched and acknowledged, by one consumer a partition, as triggers have them
	homeroom    perSecond
}

// measureIngest reads the same stored events three times.
func (o *Options) measureIngest(ctx context.Context, nats string, open func() (*instance.Instance, error)) (*ingest, error) {
	messages, err := makeUnneeded(o.Academy, o.Seed, o.Events)
	if err != nil {
		return nil, err
	}
	js, closeConnection, err := connectNATS(nats)
	if err != nil {
		return nil, err
	}
	defer closeConnection()
	if err := store.Setup(ctx, js, store.Options{}); err != nil {
		return nil, err
	}
	if err := publishAll(ctx, js, messages, o.progressOf("publishing events that no rule needs")); err != nil {
		return nil, err
	}
	in := &ingest{}
	if in.raw, err = readRaw(ctx, js, []string{""}, len(messages)); err != nil {
		return nil, err
	}
	var filters []string
	for p := range subjects.Partitions {
		filters = append(filters, subjects.Partition(p))
	}
	if in.partitioned, err = readRaw(ctx, js, filters, len(messages)); err != nil {
		return nil, err
	}
	h, err := open()
	if err != nil {
		return nil, err
	}
	defer h.Close()
	in.homeroom, err = o.measureDrain(ctx, h, len(messages))
	return in, err
}

// measureDrain measures triggers from the first event that they have read to the last.
func (o *Options) measureDrain(ctx context.Context, h *instance.Instance, events int) (perSecond, error) {
	settled := func() int {
		return int(h.App.Stats().Unneeded)
	}
	report := o.progressOf("triggers: events")
	first := settled()
	for first == 0 {
		if err := clock.Sleep(ctx, time.Millisecond); err != nil {
			return perSecond{}, err
		}
		first = settled()
	}
	lap := startStopwatch()
	for {
		n := settled()
		if n >= events {
			return lap(n - first), nil
		}
		report(n, events)
		if err := clock.Sleep(ctx, 250*time.Millisecond); err != nil { // seldom, because reading the counters takes time too
			return perSecond{}, err
		}
	}
}

// fetchSize is how many messages a consumer asks for at once, as in triggers.
const fetchSize = 500

// readRaw fetches and acknowledges everything that is stored, with a consumer for each filter.
func readRaw(ctx context.Context, js jetstream.JetStream, filters []string, events int) (perSecond, error) {
	var consumers []jetstream.Consumer
	for _, filter := range filters {
		c, err := js.CreateConsumer(ctx, subjects.Stream, jetstream.ConsumerConfig{
			AckPolicy:         jetstream.AckExplicitPolicy,
			FilterSubject:     filter,
			MaxAckPending:     4096,
			InactiveThreshold: time.Minute,
		})
		if err != nil {
			return perSecond{}, fmt.Errorf("creating a consumer: %w", err)
		}
		consumers = append(consumers, c)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var read atomic.Int64
	var readers sync.WaitGroup
	lap := startStopwatch()
	for _, c := range consumers {
		readers.Go(func() {
			for ctx.Err() == nil && read.Load() < int64(events) {
				batch, err := c.Fetch(fetchSize, jetstream.FetchMaxWait(250*time.Millisecond))
				if err != nil {
					cancel(err)
					return
				}
				for m := range batch.Messages() {
					if err := m.Ack(); err != nil {
						cancel(err)
					}
					read.Add(1)
				}
			}
		})
	}
	for read.Load() < int64(events) {
		if err := clock.Sleep(ctx, time.Millisecond); err != nil {
			return perSecond{}, context.Cause(ctx)
		}
	}
	result := lap(events)
	cancel(nil)
	readers.Wait()
	return result, nil
}

func connectNATS(url string) (jetstream.JetStream, func(), error) {
	nc, err := nats.Connect(url, nats.Name("homeroom bench"))
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to NATS at %s: %w", url, err)
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4000))
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return js, nc.Close, nil
}

// realTime returns the options of a Homeroom that runs as in production, in real time.
func realTime(academy *rules.Academy, log *slog.Logger) instance.Options {
	return instance.Options{Academy: academy, Clock: clock.Real(), Log: log, Production: true}
}
