package admin

import (
	"context"
	"errors"
	"io"
	"time"

	"homeroom/backtest"
	"homeroom/backtest/segments"
	"homeroom/rules"
	"homeroom/simulate"
	"homeroom/store"
	"homeroom/subjects"
)

// BacktestOptions say what to compare a draft over.
type BacktestOptions struct {
	Since time.Time     // the first instant whose messages are compared; zero: Back
	Back  time.Duration // how far before the end that is; 0: the first event
	Until time.Time     // the last instant decided; zero: RunOn after the last event
	RunOn time.Duration // how long the virtual clock runs on after the last event
	// KnownAddresses leaves those unreached whose address is not in the events. Otherwise everybody counts as reachable.
	KnownAddresses bool
	// EventCopy, if set, is read instead of the stream, after it was refreshed. It keeps no address, so it cannot be had with KnownAddresses.
	EventCopy *EventCopy
	Draft     string // the name of the draft that it is about; empty: a folder
	// Progress hears how many events are done, first of reading and then of deciding; the total is 0 while it is not known. It may be nil.
	Progress func(stage BacktestStage, done, total int64)
}

// BacktestStage says what a backtest is at.
type BacktestStage string

// The stages, in their order.
const (
	BacktestReading  BacktestStage = "reading"
	BacktestDeciding BacktestStage = "deciding"
)

// Backtest is what a draft would have changed.
type Backtest struct {
	backtest.Result
	Unreadable     int      `json:"unreadable_lines,omitempty"` // lines of a recording that are no event
	UnreadableText []string `json:"-"`                          // the first few, in words
}

// BacktestRecording runs recorded events, NDJSON, gzipped or not, through what is in force and through a draft, and compares what they send.
// Nothing is written or sent.
func BacktestRecording(ctx context.Context, inForce, draft *rules.Academy, events io.Reader, opts BacktestOptions) (answer Backtest, err error) {
	sorter, err := segments.NewSorter(segments.SorterOptions{})
	if err != nil {
		return Backtest{}, err
	}
	defer func() { err = errors.Join(err, sorter.Close()) }()
	lines, err := simulate.Decompress(events)
	if err != nil {
		return Backtest{}, err
	}
	sides := newSides(inForce, draft)
	scan := simulate.ScanOptions{Decoder: backtest.EitherDecoder{Before: sides.Before.Decoder, After: sides.After.Decoder}}
	if opts.Progress != nil {
		scan.Progress = func(events int) { opts.Progress(BacktestReading, int64(events), 0) }
	}
	scanned, err := simulate.Scan(ctx, lines, scan, func(s *simulate.Scanned) error {
		return sorter.Add(&segments.Record{Learner: []byte(s.Learner), Seq: s.Seq, Arrival: s.Arrival, Body: s.Body})
	})
	if err != nil {
		return Backtest{}, err
	}
	answer, err = runBacktest(ctx, sorter, sides, opts)
	answer.Unreadable = scanned.Unreadable
	for _, d := range scanned.DeadLetters {
		answer.UnreadableText = append(answer.UnreadableText, d.String())
	}
	return answer, err
}

// Backtest runs the events that the installation's stream holds, or a copy of it, through what is in force and through a draft, and compares what they send. Nothing
// is written or sent, but who began it is recorded.
func (i *Installation) Backtest(ctx context.Context, inForce, draft *rules.Academy, opts BacktestOptions) (answer Backtest, err error) {
	if opts.EventCopy != nil && opts.KnownAddresses {
		return Backtest{}, inputError(errors.New("the copy of the events (--history) keeps no addresses: go without it, or count everybody as reachable"))
	}
	record := AuditRecord{Action: store.ActionBacktest, Target: opts.Draft, Hash: draft.Ruleset.Hash, Base: inForce.Ruleset.Hash}
	if err := i.recordLook(ctx, record); err != nil {
		return Backtest{}, err
	}
	if opts.EventCopy != nil {
		return i.backtestEventCopy(ctx, inForce, draft, opts)
	}
	sorter, err := segments.NewSorter(segments.SorterOptions{})
	if err != nil {
		return Backtest{}, err
	}
	defer func() { err = errors.Join(err, sorter.Close()) }()
	onRead := func(done, total int64) {
		if opts.Progress != nil {
			opts.Progress(BacktestReading, done, total)
		}
	}
	recorded, err := i.newRecordedEvents(ctx, i.newReader(time.Time{}, onRead))
	if err != nil {
		return Backtest{}, err
	}
	var clock time.Time // the latest time seen: a learner's events arrive in its order, also in time-lapse
	err = recorded.reader.Read(ctx, subjects.Stream, []string{subjects.AllPublished}, func(m store.Message) error {
		d := recorded.decodeStored(m)
		if d == nil || d.Event.Learner == subjects.NoLearner {
			return nil
		}
		body, err := recorded.known.Encode(*d)
		if err != nil {
			return err
		}
		if d.Event.Time.After(clock) {
			clock = d.Event.Time
		}
		return sorter.Add(&segments.Record{Learner: []byte(d.Event.Learner), Seq: m.Sequence, Arrival: clock, Body: body})
	})
	if err != nil {
		return Backtest{}, err
	}
	return runBacktest(ctx, sorter, newSides(inForce, draft), i.endNow(sorter, opts))
}

// BacktestFolder compares a folder with what is in force, as Backtest does. A folder that does not compile is a [*FolderError].
func (i *Installation) BacktestFolder(ctx context.Context, f *Folder, opts BacktestOptions) (Backtest, error) {
	draft, err := f.Compiled()
	if err != nil {
		return Backtest{}, err
	}
	inForce, err := i.CurrentAcademy(ctx)
	if err != nil {
		return Backtest{}, err
	}
	return i.Backtest(ctx, inForce, draft, opts)
}

// maxRunOn is how long after the last event the clock of a backtest runs on at most, if no end is given.
const maxRunOn = 30 * 24 * time.Hour

// endNow lets a backtest without an end run to the present: what fell due since the last event is compared too.
func (i *Installation) endNow(source backtest.Source, opts BacktestOptions) BacktestOptions {
	if opts.Until.IsZero() && opts.RunOn == 0 {
		_, last := source.Span()
		opts.RunOn = i.runOnFrom(last)
	}
	return opts
}

// runOnFrom is how long after the last event a backtest without an end runs.
func (i *Installation) runOnFrom(last time.Time) time.Duration {
	return min(max(0, i.opts.Now().Sub(last)), maxRunOn)
}

// newSides returns two academies as a backtest takes them. If both know the same events, they share what reads events.
func newSides(before, after *rules.Academy) backtest.Options {
	sides := backtest.Options{
		Before: rulesOf(before),
		After:  rulesOf(after),
	}
	if string(before.Files[catalogFile]) == string(after.Files[catalogFile]) {
		sides.Before.Decoder = sides.After.Decoder
	}
	return sides
}

func rulesOf(academy *rules.Academy) backtest.Rules {
	return backtest.Rules{
		Ruleset: academy.Ruleset,
		Decoder: academy.Catalog,
		Render:  renderCheck(academy),
	}
}

// catalogFile is the file of a folder that adds events.
const catalogFile = "catalog.yaml"

// endOf returns the last instant of a backtest over events of which the last arrived then.
func endOf(last time.Time, opts BacktestOptions) time.Time {
	if !opts.Until.IsZero() {
		return opts.Until
	}
	return last.Add(opts.RunOn)
}

// setRange takes over the range that is asked for, for events of which the last arrived then.
func setRange(sides *backtest.Options, last time.Time, opts BacktestOptions) {
	sides.Since = opts.Since
	sides.Until = opts.Until
	sides.RunOn = opts.RunOn
	if opts.Since.IsZero() && opts.Back > 0 {
		sides.Since = endOf(last, opts).Add(-opts.Back)
	}
	sides.AssumeReachable = !opts.KnownAddresses
}

func runBacktest(ctx context.Context, source backtest.Source, sides backtest.Options, opts BacktestOptions) (Backtest, error) {
	_, last := source.Span()
	setRange(&sides, last, opts)
	if opts.Progress != nil {
		sides.Progress = func(done, total int64) { opts.Progress(BacktestDeciding, done, total) }
	}
	result, err := backtest.Run(ctx, source, sides)
	if errors.Is(err, backtest.ErrNoEvents) {
		return Backtest{}, inputError(err)
	}
	if err != nil {
		return Backtest{}, err
	}
	return Backtest{Result: *result}, nil
}

// The parts of a backtest's answer.
type (
	BacktestSide = backtest.Side
	BacktestPeak = backtest.Peak
	BacktestCell = backtest.Cell
	// BacktestNote is what a proposal remembers of one.
	BacktestNote = store.BacktestNote
)
