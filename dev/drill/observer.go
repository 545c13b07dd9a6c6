package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/internal/standin"
	"homeroom/subjects"
	"homeroom/triggers"
	"homeroom/workflows"
)

// observer reads mails, streams and workflows from outside Homeroom.
type observer struct {
	js       jetstream.JetStream
	temporal client.Client
	inbox    *standin.Listener
	outward  *outward // nil: there is nothing but mail
	// accountedUnder returns the id under which mails and decisions of a learner count; nil: their own. It is set before anything is published.
	accountedUnder func(learner string) string
	stop           context.CancelFunc
	watching       sync.WaitGroup

	mu    sync.Mutex
	mails map[string]mail // by the provider's own id

	decisions   []engine.Decision
	known       map[string]bool   // ids of decisions
	unpublished []engine.Decision // returned by workflows that have not published them yet
	dead        map[uint64]string // reason by sequence of the event
	next        map[string]uint64 // by stream: the first sequence that was not read
}

// fetchEvery is how often the mail is fetched. The stand-in keeps only the newest 64 MB.
const fetchEvery = 200 * time.Millisecond

func newObserver(js jetstream.JetStream, temporal client.Client, box *standin.Listener) *observer {
	ctx, stop := context.WithCancel(context.Background())
	e := &observer{
		js:       js,
		temporal: temporal,
		inbox:    box,
		stop:     stop,
		mails:    map[string]mail{},
		known:    map[string]bool{},
		dead:     map[uint64]string{},
		next:     map[string]uint64{},
	}
	e.watching.Go(func() {
		tick := time.NewTicker(fetchEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			e.fetchMails()
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	})
	return e
}

func (e *observer) close() {
	e.stop()
	e.watching.Wait()
}

// fetchMails adds the mails that the provider keeps now.
func (e *observer) fetchMails() {
	messages := e.inbox.Messages("")
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range messages {
		if _, known := e.mails[m.ID]; known || len(m.To) == 0 {
			continue
		}
		rule, quiz, _ := strings.Cut(m.Subject, " ")
		e.mails[m.ID] = mail{send: send{learnerOf(m.To[0].Email), rule, quiz}, id: m.SendID, at: m.At}
	}
}

// listMails returns the mails so far, by the provider's id. It returns an error if the stand-in dropped mails before they
// were fetched.
func (e *observer) listMails() (map[string]mail, error) {
	e.fetchMails()
	accepted := e.inbox.Counts().Accepted
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.mails) < accepted {
		return nil, fmt.Errorf("the stand-in SendGrid took %d mails and the drill has seen %d: it forgot some before they were fetched", accepted, len(e.mails))
	}
	mails := make(map[string]mail, len(e.mails))
	for id, m := range e.mails {
		mails[id] = m
	}
	return mails, nil
}

// gatherEvidence collects the evidence. The accounting may then ask at most `ask` learners whether work is under way;
// negative means no limit.
func (e *observer) gatherEvidence(ctx context.Context, ask int) (evidence, error) {
	behind, err := e.countBehind(ctx)
	if err != nil {
		return evidence{}, err
	}
	if err := e.readStream(ctx, subjects.DecisionStream, e.addDecision); err != nil {
		return evidence{}, err
	}
	if err := e.readStream(ctx, subjects.DeadStream, e.addDeadLetter); err != nil {
		return evidence{}, err
	}
	inbox, err := e.listMails()
	if err != nil {
		return evidence{}, err
	}
	if ask < 0 {
		e.unpublished = nil // the final accounting uses fresh answers only
	}
	unpublished := slices.DeleteFunc(slices.Clone(e.unpublished), func(d engine.Decision) bool { return e.known[d.ID] })
	ev := evidence{decisions: slices.Concat(e.decisions, unpublished), dead: e.dead, behind: behind, ask: e.learnerQuestion(ctx, ask)}
	for _, m := range inbox {
		m.learner = e.idOf(m.learner)
		ev.mails = append(ev.mails, m)
	}
	if e.outward != nil {
		more, err := e.outward.listMessages()
		if err != nil {
			return evidence{}, err
		}
		ev.mails = append(ev.mails, more...)
	}
	return ev, nil
}

// idOf returns the id under which a learner is accounted for.
func (e *observer) idOf(learner string) string {
	if e.accountedUnder == nil {
		return learner
	}
	return e.accountedUnder(learner)
}

func (e *observer) addDecision(m jetstream.Msg) error {
	var d engine.Decision
	if err := json.Unmarshal(m.Data(), &d); err != nil {
		return fmt.Errorf("a decision cannot be read: %w", err)
	}
	if !e.known[d.ID] {
		d.Learner = e.idOf(d.Learner)
		e.known[d.ID] = true
		e.decisions = append(e.decisions, d)
	}
	return nil
}

func (e *observer) addDeadLetter(m jetstream.Msg) error {
	seq, err := strconv.ParseUint(m.Headers().Get(triggers.HeaderSequence), 10, 64)
	if err != nil {
		return fmt.Errorf("a dead letter does not name the sequence of its event: %w", err)
	}
	e.dead[seq] = m.Headers().Get(triggers.HeaderReason)
	return nil
}

// readTime is the maximum time for reading a stream.
const readTime = time.Minute

// readStream calls take with every message of a stream that it has not read before, in the order of the stream.
func (e *observer) readStream(ctx context.Context, name string, take func(jetstream.Msg) error) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	stream, err := e.js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("looking at the stream %s: %w", name, err)
	}
	state := stream.CachedInfo().State
	from := max(e.next[name], 1)
	if state.Msgs == 0 || state.LastSeq < from {
		return nil
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   from,
	})
	if err != nil {
		return fmt.Errorf("reading the stream %s: %w", name, err)
	}
	for from <= state.LastSeq {
		// Not more than there is: a request for more waits until its time is over.
		batch, err := consumer.Fetch(int(min(1000, state.LastSeq-from+1)), jetstream.FetchMaxWait(5*time.Second))
		if err != nil {
			return fmt.Errorf("reading the stream %s: %w", name, err)
		}
		for m := range batch.Messages() {
			meta, err := m.Metadata()
			if err == nil {
				err = take(m)
			}
			if err != nil {
				return err
			}
			from = meta.Sequence.Stream + 1
			e.next[name] = from
		}
		if err := batch.Error(); err != nil {
			return fmt.Errorf("reading the stream %s: %w", name, err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("reading the stream %s: %w", name, err)
		}
	}
	return nil
}

// readAnew makes the next readings begin with the first message: the streams have gone back in time, and sequences are given out again.
func (e *observer) readAnew() { clear(e.next) }

// consumerPrefix begins the names of Homeroom's consumers of the stream of events.
const consumerPrefix = "homeroom-triggers-"

// listConsumers returns Homeroom's consumers of the stream of events.
func (e *observer) listConsumers(ctx context.Context) ([]*jetstream.ConsumerInfo, error) {
	stream, err := e.js.Stream(ctx, subjects.Stream)
	if err != nil {
		return nil, fmt.Errorf("looking at the stream %s: %w", subjects.Stream, err)
	}
	var list []*jetstream.ConsumerInfo
	lister := stream.ListConsumers(ctx)
	for info := range lister.Info() {
		if strings.HasPrefix(info.Name, consumerPrefix) {
			list = append(list, info)
		}
	}
	if err := lister.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return nil, fmt.Errorf("looking at the consumers: %w", err)
	}
	return list, nil
}

// countBehind returns the number of messages of the stream that Homeroom has not finished. A missing consumer counts as
// one more than all messages of the stream.
func (e *observer) countBehind(ctx context.Context) (int, error) {
	list, err := e.listConsumers(ctx)
	if err != nil {
		return 0, err
	}
	stream, err := e.js.Stream(ctx, subjects.Stream)
	if err != nil {
		return 0, fmt.Errorf("looking at the stream %s: %w", subjects.Stream, err)
	}
	behind := 0
	if missing := subjects.Partitions - len(list); missing > 0 { // those have not even begun
		behind = missing * (1 + int(stream.CachedInfo().State.Msgs))
	}
	for _, info := range list {
		unfinished, err := natstest.CountUnfinishedOf(ctx, stream, info)
		if err != nil {
			return 0, err
		}
		behind += unfinished
	}
	return behind, nil
}

// learnerQuestion returns a function that asks a learner's workflow whether work is under way, and for the decisions that
// it has not published. A workflow that does not exist is not busy. A workflow that does not answer is busy, and so is a
// learner who is not asked because `most` others have been.
func (e *observer) learnerQuestion(ctx context.Context, most int) func(string) (bool, []engine.Decision) {
	asked := 0
	return func(learner string) (bool, []engine.Decision) {
		if asked == most {
			return true, nil
		}
		asked++
		var st engine.State
		var unpublished []engine.Decision
		err := e.queryLearner(ctx, learner, workflows.QueryState, &st)
		if err == nil {
			err = e.queryLearner(ctx, learner, workflows.QueryUnpublished, &unpublished)
		}
		e.unpublished = append(e.unpublished, unpublished...)
		var none *serviceerror.NotFound
		return err == nil && len(st.Runs)+len(st.PendingDeliveries) > 0 || err != nil && !errors.As(err, &none), unpublished
	}
}

// askTime is how long a learner's workflow may take to answer.
const askTime = 5 * time.Second

func (e *observer) queryLearner(ctx context.Context, learner, query string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer, err := e.temporal.QueryWorkflow(ctx, workflows.WorkflowID(learner), "", query)
	if err != nil {
		return err
	}
	return answer.Get(into)
}
