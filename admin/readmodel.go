package admin

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"homeroom/engine"
	"homeroom/readmodel"
	"homeroom/report"
	"homeroom/store"
	"homeroom/subjects"
)

// countReadModel takes in what is new into the read model, and counts what it holds.
func (i *Installation) countReadModel(ctx context.Context, opts ReportOptions, sharing map[string]bool) (summary *report.Summary, err error) {
	events, err := i.newRecordedEvents(ctx, i.newReader(time.Time{}, opts.OnRead))
	if err != nil {
		return nil, err
	}
	model, err := readmodel.Open(ctx, opts.ReadModel)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	sources := readmodel.Sources{
		Decisions: &streamSource{
			reader:  events.reader,
			stream:  subjects.DecisionStream,
			filters: []string{subjects.AllDecisions},
			decode:  decodeDecision,
		},
		Events: &streamSource{
			reader:  events.reader,
			stream:  subjects.Stream,
			filters: reportSubjects(),
			decode: func(m store.Message, r *readmodel.Record) {
				if d := events.decodeStored(m); d != nil {
					r.Event = &d.Event
				}
			},
		},
	}
	return model.Count(ctx, sources, readmodel.Query{
		Since:   i.storedSince(opts.Since),
		Sharing: slices.Collect(maps.Keys(sharing)),
	})
}

func decodeDecision(m store.Message, r *readmodel.Record) {
	var d engine.Decision
	if err := json.Unmarshal(m.Data, &d); err != nil {
		r.Unreadable = "a decision on " + m.Subject + " cannot be read: " + err.Error()
		return
	}
	r.Decision = &d
}

// streamSource is a stream as the read model reads it.
type streamSource struct {
	reader  store.StreamReader
	stream  string
	filters []string
	decode  func(store.Message, *readmodel.Record)
}

func (s *streamSource) Bounds(ctx context.Context) (created time.Time, first uint64, err error) {
	return s.reader.StreamBounds(ctx, s.stream)
}

func (s *streamSource) Count(ctx context.Context, from uint64) (uint64, error) {
	reader := s.reader
	reader.From = from
	return reader.CountStored(ctx, s.stream, s.filters)
}

func (s *streamSource) Read(ctx context.Context, from uint64, each func(*readmodel.Record) error) error {
	reader := s.reader
	reader.From = from
	return reader.Read(ctx, s.stream, s.filters, func(m store.Message) error {
		r := readmodel.Record{
			Sequence: m.Sequence,
			StoredAt: m.StoredAt,
		}
		s.decode(m, &r)
		return each(&r)
	})
}
