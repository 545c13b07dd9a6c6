package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
	"homeroom/store"
	"homeroom/subjects"
)

// history reads streams as they were when reading began. Nothing is acknowledged and nothing is left behind.
type history struct {
	io    IO
	js    jetstream.JetStream
	since time.Time // what was stored earlier is passed over; zero: nothing
	known *catalog.Catalog
	// headersOnly leaves bodies where they are.
	headersOnly bool
}

// idle is how long a stream that should have more may say nothing before it is asked whether it has.
const idle = 5 * time.Second

// read hands over each stored message of the subjects, in stream order, and ends with the last one there was at the start.
func (h *history) read(ctx context.Context, stream string, filters []string, each func(jetstream.Msg) error) error {
	info, err := h.info(ctx, stream)
	if err != nil {
		return err
	}
	config := jetstream.OrderedConsumerConfig{FilterSubjects: filters, MaxResetAttempts: 5, HeadersOnly: h.headersOnly}
	if !h.since.IsZero() {
		config.DeliverPolicy = jetstream.DeliverByStartTimePolicy
		config.OptStartTime = &h.since
	}
	consumer, err := h.js.OrderedConsumer(ctx, stream, config)
	if err != nil {
		return fmt.Errorf("read the NATS stream %s: %w", stream, err)
	}
	left := consumer.CachedInfo().NumPending
	if left == 0 {
		return nil
	}
	bar := newProgress(h.io, int64(left))
	defer bar.done()
	messages, err := consumer.Messages(jetstream.PullMaxMessages(4096))
	if err != nil {
		return fmt.Errorf("read the NATS stream %s: %w", stream, err)
	}
	defer messages.Stop()
	for n := 0; ; {
		msg, err := next(ctx, consumer, messages)
		if err != nil {
			return fmt.Errorf("read the NATS stream %s: %w", stream, err)
		}
		if msg == nil {
			return nil
		}
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("read the NATS stream %s: %w", stream, err)
		}
		if meta.Sequence.Stream > info.State.LastSeq {
			return nil // it came while we were reading
		}
		if err := each(msg); err != nil {
			return err
		}
		n++
		bar.read.Store(int64(n))
		bar.events(n)
		if meta.NumPending == 0 || meta.Sequence.Stream == info.State.LastSeq {
			return nil
		}
	}
}

// next is the next message; nil: what was left has been erased or has expired meanwhile.
func next(ctx context.Context, consumer jetstream.Consumer, messages jetstream.MessagesContext) (jetstream.Msg, error) {
	for {
		soon, cancel := context.WithTimeout(ctx, idle)
		msg, err := messages.Next(jetstream.NextContext(soon))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return msg, err
		}
		info, err := consumer.Info(ctx)
		if err != nil {
			return nil, err
		}
		if info.NumPending == 0 {
			return nil, nil
		}
	}
}

func (h *history) info(ctx context.Context, stream string, opts ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	s, err := h.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("there is no stream %s: start `homeroom serve` against this NATS once: %w", stream, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the NATS stream %s: %w", stream, err)
	}
	info, err := s.Info(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the NATS stream %s: %w", stream, err)
	}
	return info, nil
}

// holds counts what a stream holds of a subject, however old.
func (h *history) holds(ctx context.Context, stream, filter string) (int, error) {
	info, err := h.info(ctx, stream, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return 0, err
	}
	n := 0
	for _, stored := range info.State.Subjects {
		n += int(stored)
	}
	return n, nil
}

// decisions hands over each decision about the subjects.
func (h *history) decisions(ctx context.Context, filter string, each func(*engine.Decision)) error {
	return h.read(ctx, subjects.DecisionStream, []string{filter}, func(msg jetstream.Msg) error {
		var d engine.Decision
		if err := json.Unmarshal(msg.Data(), &d); err != nil {
			return fmt.Errorf("a decision on %s cannot be read: %w", msg.Subject(), err)
		}
		each(&d)
		return nil
	})
}

// events hands over each event of the subjects. What cannot be read as an event is passed over: it is a dead letter.
func (h *history) events(ctx context.Context, filters []string, each func(*engine.Event)) error {
	return h.read(ctx, subjects.Stream, filters, func(msg jetstream.Msg) error {
		meta, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("read the NATS stream %s: %w", subjects.Stream, err)
		}
		if ev := h.event(msg, meta.Timestamp); ev != nil {
			each(ev)
		}
		return nil
	})
}

// event reads a stored event; nil: it is none. An academy's own event, which the built-in catalog does not know, is
// taken as it is.
func (h *history) event(msg jetstream.Msg, stored time.Time) *engine.Event {
	_, learner, name, err := subjects.ParseStored(msg.Subject())
	if err != nil {
		return nil
	}
	if h.learn(name) != nil {
		return nil
	}
	header := msg.Headers()
	body := msg.Data()
	// Read like a recorded event: in a time-lapse its time is far from when it was stored.
	decoded, bad := h.known.DecodeMessage(learner, name, header, body, time.Time{})
	if bad != nil && bad.Code == catalog.CodeBadTime {
		decoded, bad = h.known.DecodeMessage(learner, name, header, body, stored)
	}
	if bad != nil {
		return nil
	}
	return &decoded.Event
}

// learn makes the name of an academy's own event known, whose properties then may be anything.
func (h *history) learn(name string) error {
	if _, known := h.known.Event(name); known {
		return nil
	}
	extended, err := h.known.Extend("stream", fmt.Appendf(nil, "events: {%q: {}}", name))
	if err == nil {
		h.known = extended
	}
	return err
}

// asksToShare are the messages that ask to share or to refer: those whose text, in any revision that is kept, has share
// links or the learner's referral link.
func asksToShare(ctx context.Context, rulesets *store.Rulesets) (map[string]bool, error) {
	pointers, err := rulesets.History(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	read := map[string]bool{}
	for _, p := range slices.Backward(pointers) {
		if read[p.Hash] {
			continue
		}
		read[p.Hash] = true
		bundle, err := rulesets.Get(ctx, p.Hash)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for file, text := range bundle.Files {
			name, isMessage := strings.CutPrefix(file, "messages/")
			if isMessage && sharing.Match(text) {
				name, _, _ = strings.Cut(name, ".") // retry.de.md is the message retry in German
				found[name] = true
			}
		}
	}
	return found, nil
}

// sharing finds share and referral in Liquid.
var sharing = regexp.MustCompile(`\{[{%][^}]*\b(share|referral)\b`)

// sinceFlag reads --since: a duration as in rules (30d, 12h), or a date or RFC 3339 time.
func sinceFlag(text string, now time.Time) (time.Time, error) {
	if text == "all" {
		return time.Time{}, nil
	}
	if d, err := simulate.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usage(fmt.Errorf("--since %s: want a duration such as 30d or 12h, a date such as 2026-03-01, or all", text))
}
