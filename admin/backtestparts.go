package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"

	"homeroom/activities"
	"homeroom/backtest"
	"homeroom/backtest/segments"
	"homeroom/rules"
	"homeroom/subjects"
)

// partitionEvents reads partitions of the recorded events for backtests in the background: of a copy, or of the stream. Either way addresses and names are left out.
type partitionEvents struct {
	installation *Installation
	kept         *EventCopy // nil: the stream is read
}

var _ activities.BacktestEvents = (*partitionEvents)(nil)

// Open implements [activities.BacktestEvents].
func (e *partitionEvents) Open(ctx context.Context, partitions []int, last uint64, onRead func(done int64)) (backtest.Source, error) {
	if partitions == nil {
		for n := range subjects.Partitions {
			partitions = append(partitions, n)
		}
	}
	for _, n := range partitions {
		if n < 0 || n >= subjects.Partitions {
			return nil, fmt.Errorf("there is no partition %d: the stream has 0 to %d", n, subjects.Partitions-1)
		}
	}
	recorded, err := e.installation.newRecordedEvents(ctx, e.installation.newReader(time.Time{}, nil))
	if err != nil {
		return nil, err
	}
	s := &partitionSource{
		partitions: partitions,
		last:       last,
		onRead:     onRead,
		stream:     &eventStream{recorded: recorded},
		kept:       e.kept,
	}
	for _, partition := range partitions {
		stored, err := s.countStored(ctx, partition)
		if err != nil {
			return nil, err
		}
		s.stored += stored
	}
	return s, nil
}

// partitionSource is some partitions as a source of events.
type partitionSource struct {
	partitions []int
	last       uint64 // what has a higher sequence is left out
	onRead     func(done int64)
	stream     *eventStream
	kept       *EventCopy
	stored     int64 // messages
	read       int64 // events
	readParts  int   // partitions
}

var _ backtest.Source = (*partitionSource)(nil)

// countStored returns how many messages a partition has. A copy takes in what is new.
func (s *partitionSource) countStored(ctx context.Context, partition int) (int64, error) {
	if s.kept == nil {
		stored, err := s.stream.Count(ctx, partition, 0)
		return int64(stored), err
	}
	if err := s.kept.lock(ctx); err != nil {
		return 0, err
	}
	defer s.kept.unlock()
	err := s.kept.kept.RefreshPart(ctx, s.stream, partition)
	return s.kept.kept.CountPart(partition), err
}

// Parts implements [backtest.Source].
func (s *partitionSource) Parts() int { return len(s.partitions) }

// Events implements [backtest.Source]: the messages that there are, and once all partitions are read the events among them.
func (s *partitionSource) Events() int64 {
	if s.readParts == len(s.partitions) {
		return s.read
	}
	return s.stored
}

// Span implements [backtest.Source]. The range of a backtest in the background is set when it starts.
func (s *partitionSource) Span() (first, last time.Time) { return time.Time{}, time.Time{} }

// readTold is how many events are read between two calls of onRead.
const readTold = 1000

// ReadPart implements [backtest.Source].
func (s *partitionSource) ReadPart(ctx context.Context, part int, each func(*segments.Record) error) error {
	take := func(r *segments.Record) error {
		if r.Seq > s.last || len(r.Body) == 0 {
			return nil
		}
		if s.read++; s.read%readTold == 0 {
			s.onRead(s.read)
		}
		return each(r)
	}
	var err error
	if s.kept != nil {
		err = s.readKept(ctx, s.partitions[part], take)
	} else {
		err = s.readStream(ctx, s.partitions[part], take)
	}
	s.readParts++
	return err
}

// readKept reads a partition of the copy. One that turns out to be damaged is emptied, so that the next attempt has it whole.
func (s *partitionSource) readKept(ctx context.Context, partition int, each func(*segments.Record) error) error {
	if err := s.kept.lock(ctx); err != nil {
		return err
	}
	defer s.kept.unlock()
	err := s.kept.kept.ReadPart(ctx, partition, each)
	if errors.Is(err, segments.ErrDamaged) {
		return errors.Join(err, s.kept.kept.ClearPart(partition))
	}
	return err
}

// readStream reads a partition as a copy takes it in: events arrive at the latest time that was seen in it.
func (s *partitionSource) readStream(ctx context.Context, partition int, each func(*segments.Record) error) error {
	var clock time.Time
	return s.stream.Read(ctx, partition, 0, func(m *segments.Stored) error {
		if m.Time.IsZero() {
			return nil
		}
		if m.Time.After(clock) {
			clock = m.Time
		}
		return each(&segments.Record{Learner: []byte(m.Learner), Seq: m.Seq, Arrival: clock, Body: m.Body})
	})
}

// maxPackedFolders is how many bytes the folders of a backtest in the background may have when they are packed. The workflow hands out its sixteen partitions in one answer
// to Temporal, each with the folders in base64, and Temporal takes 4 MiB: at 180 KB these are 3.75 MiB.
const maxPackedFolders = 180 << 10

// ErrFoldersTooLarge says that folders do not fit into a workflow; a backtest over them runs in the process.
var ErrFoldersTooLarge = errors.New("the folders are too large to be handed to a backtest in the background: run it without --background")

// packedFolders are the files of both sides. Most are equal, and packed together they take hardly more room than one.
type packedFolders struct {
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// packFolders packs the files of both sides. The error wraps [ErrFoldersTooLarge] if they do not fit.
func packFolders(before, after *rules.Academy) ([]byte, error) {
	var folders packedFolders
	var err error
	if folders.Before, err = rules.EncodeBundle(before.Files); err != nil {
		return nil, err
	}
	if folders.After, err = rules.EncodeBundle(after.Files); err != nil {
		return nil, err
	}
	body, err := json.Marshal(folders)
	if err != nil {
		return nil, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	packed := enc.EncodeAll(body, nil)
	if len(packed) > maxPackedFolders {
		return nil, fmt.Errorf("%w (%d KB packed, at most %d)", ErrFoldersTooLarge, len(packed)>>10, maxPackedFolders>>10)
	}
	return packed, nil
}

// maxUnpacked bounds what packed folders may unpack to, in bytes: two folders, and what JSON adds.
const maxUnpacked = 16 << 20

// folderCompiler compiles packed folders.
type folderCompiler struct{}

var _ activities.BacktestCompiler = folderCompiler{}

// CompileSides implements [activities.BacktestCompiler].
func (folderCompiler) CompileSides(packed []byte) (backtest.Options, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxUnpacked), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return backtest.Options{}, err
	}
	defer dec.Close()
	body, err := dec.DecodeAll(packed, nil)
	var folders packedFolders
	if err == nil {
		err = json.Unmarshal(body, &folders)
	}
	if err != nil {
		return backtest.Options{}, fmt.Errorf("unpack the folders: %w", err)
	}
	before, err := compilePacked(folders.Before)
	if err != nil {
		return backtest.Options{}, fmt.Errorf("what is in force: %w", err)
	}
	after, err := compilePacked(folders.After)
	if err != nil {
		return backtest.Options{}, fmt.Errorf("the draft: %w", err)
	}
	return newSides(before, after), nil
}

func compilePacked(bundle []byte) (*rules.Academy, error) {
	files, err := rules.DecodeBundle(bundle)
	if err != nil {
		return nil, err
	}
	academy, problems := rules.FromBundle(files)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("it does not compile with the version of this process: %w", err)
	}
	return academy, nil
}
