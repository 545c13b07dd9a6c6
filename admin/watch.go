package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/narrate"
	"homeroom/profile"
	"homeroom/store"
	"homeroom/subjects"
)

// Watched is something that has just happened: an event that arrived, or a decision.
type Watched struct {
	At      time.Time `json:"at"` // when it was stored
	Learner string    `json:"learner"`
	// Outcome is read, ignored or refused, for an event; decided for a decision.
	Outcome string   `json:"outcome"`
	Event   string   `json:"event,omitempty"`  // of the catalog; of what was not read, the name under which it was published
	ID      string   `json:"id,omitempty"`     // the event's
	Source  string   `json:"source,omitempty"` // that read the body; empty: it is native, a CloudEvent or a call of Segment
	Rule    string   `json:"rule,omitempty"`   // that decided
	Text    string   `json:"text,omitempty"`   // why it is refused and what to do, or what was decided
	Remarks []string `json:"remarks,omitempty"`
}

// WatchOptions say what is watched.
type WatchOptions struct {
	Learner string    // empty: everybody
	Since   time.Time // on the installation's clock; zero: from now on
	All     bool      // everything that is kept; Since does not count
}

// Watch calls each with what happens, in the order in which each stream holds it, until ctx ends or each returns an error. That ctx ended is no error.
// Watching one learner is recorded as a look at them; watching everybody is not recorded: what passes are ids, and no property's value.
func (i *Installation) Watch(ctx context.Context, o WatchOptions, each func(Watched) error) error {
	events := subjects.AllPublished
	decisions := subjects.AllDecisions
	if o.Learner != "" {
		if err := subjects.ValidLearner(o.Learner); err != nil {
			return inputError(fmt.Errorf("--learner: %w", err))
		}
		if err := i.recordLearner(ctx, store.ActionLookAtLearner, o.Learner, func() error { return nil }); err != nil {
			return err
		}
		events = subjects.Stored(o.Learner)
		decisions = subjects.DecisionsOf(o.Learner)
	}
	since := i.storedSince(o.Since)
	if o.All {
		since = time.Unix(1, 0)
	}
	w := &watcher{installation: i}
	if err := w.refreshCatalog(ctx); err != nil {
		return err
	}
	var following sync.WaitGroup
	defer following.Wait() // it deletes its consumers
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan Watched)
	ended := make(chan error, 2)
	following.Go(func() { ended <- i.followStream(ctx, subjects.Stream, events, since, lines, w.describeEvent) })
	following.Go(func() {
		ended <- i.followStream(ctx, subjects.DecisionStream, decisions, since, lines, describeDecision)
	})
	for running := 2; running > 0; {
		select {
		case line := <-lines:
			if err := each(line); err != nil {
				return err
			}
		case err := <-ended:
			running--
			if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) && ctx.Err() == nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// makingTimeout is how long the server may take to make a consumer.
const makingTimeout = 5 * time.Second

// followStream reads a stream as it grows, and sends what describe makes of each message.
func (i *Installation) followStream(ctx context.Context, stream, filter string, since time.Time, lines chan<- Watched, describe func(context.Context, jetstream.Msg) (Watched, bool)) error {
	config := jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}, DeliverPolicy: jetstream.DeliverNewPolicy}
	if !since.IsZero() {
		config.DeliverPolicy = jetstream.DeliverByStartTimePolicy
		config.OptStartTime = &since
	}
	// It is made also if ctx ends meanwhile: the server would have it, and nobody would delete it.
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), makingTimeout)
	consumer, err := i.js.OrderedConsumer(making, stream, config)
	cancel()
	if err != nil {
		return fmt.Errorf("follow the stream %s: %w", stream, err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("follow the stream %s: %w", stream, err)
	}
	defer store.DeleteConsumer(ctx, i.js, stream, consumer)
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("follow the stream %s: %w", stream, err)
		}
		line, ok := describe(ctx, msg)
		if !ok {
			continue
		}
		select {
		case lines <- line:
		case <-ctx.Done():
			return nil
		}
	}
}

// watcher reads events with the catalog of the rules in force.
type watcher struct {
	installation *Installation
	known        *catalog.Catalog
	hash         string
	looked       time.Time
}

// catalogAge is for how long a catalog is used before the watcher asks whether other rules are in force.
const catalogAge = time.Second

// refreshCatalog reads the catalog of the rules in force, if other rules are in force than before.
func (w *watcher) refreshCatalog(ctx context.Context) error {
	if w.known != nil && time.Since(w.looked) < catalogAge {
		return nil
	}
	w.looked = time.Now()
	current, err := w.installation.store.Rulesets.Current(ctx)
	if err != nil || w.known != nil && current.Hash == w.hash {
		return err
	}
	known, err := w.installation.currentCatalog(ctx)
	if err == nil {
		w.known = known
		w.hash = current.Hash
	}
	return err
}

// describeEvent says what becomes of an event.
func (w *watcher) describeEvent(ctx context.Context, msg jetstream.Msg) (Watched, bool) {
	_ = w.refreshCatalog(ctx) // the catalog of a moment ago will do
	_, learner, name, err := subjects.ParseStored(msg.Subject())
	meta, metaErr := msg.Metadata()
	if metaErr != nil {
		return Watched{}, false
	}
	line := Watched{At: meta.Timestamp.UTC(), Learner: learner, Event: name, Outcome: "read"}
	if err != nil {
		line.Outcome = "refused"
		line.Text = err.Error()
		return line, true
	}
	line.Source, _ = w.known.SourceOf(msg.Headers(), msg.Data())
	if learner == subjects.NoLearner {
		line.setRefusal(w.known.CheckWithoutLearner(name, msg.Headers(), msg.Data(), meta.Timestamp))
		return line, true
	}
	d, problem := w.known.DecodeMessage(learner, name, msg.Headers(), msg.Data(), meta.Timestamp)
	if problem != nil {
		line.setRefusal(problem)
		return line, true
	}
	line.Event = d.Event.Name
	line.ID = d.Event.ID
	line.Remarks = append(profile.Remarks(d.Traits), w.known.PropertyRemarks(&d.Event)...)
	return line, true
}

// setRefusal says why a body is refused; nil: it is not.
func (l *Watched) setRefusal(problem *catalog.DecodeError) {
	switch {
	case problem == nil:
	case problem.IsIgnored():
		l.Outcome = "ignored"
	default:
		l.Outcome = "refused"
		l.Text = problem.Code + ": " + problem.Error()
	}
}

// describeDecision says what was decided.
func describeDecision(_ context.Context, msg jetstream.Msg) (Watched, bool) {
	meta, err := msg.Metadata()
	var d engine.Decision
	if err != nil || json.Unmarshal(msg.Data(), &d) != nil {
		return Watched{}, false
	}
	return Watched{
		At:      meta.Timestamp.UTC(),
		Learner: d.Learner,
		Outcome: "decided",
		Rule:    d.Rule,
		Text:    narrate.Decision(&d, narrate.Style{}),
	}, true
}
