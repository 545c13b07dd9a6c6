package admin

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/store"
	"homeroom/subjects"
)

// recordedEvents reads the stored events of an installation. The catalog grows with the names of events that academies
// have made known.
type recordedEvents struct {
	reader store.StreamReader
	known  *catalog.Catalog
}

// newReader returns a reader of the installation's streams. Since is on the installation's clock; messages are stored on that of NATS.
// OnRead may be nil.
func (i *Installation) newReader(since time.Time, onRead func(done, total int64)) store.StreamReader {
	return store.StreamReader{
		JS:       i.js,
		Since:    i.storedSince(since),
		Directly: i.opts.Directly,
		OnRead:   onRead,
	}
}

// storedSince returns when NATS stored what was stored at an instant of the installation's clock; zero stays zero.
func (i *Installation) storedSince(since time.Time) time.Time {
	if since.IsZero() {
		return since
	}
	return i.readClock().When(since)
}

// newRecordedEvents reads bodies of other formats with the sources of the rules in force.
func (i *Installation) newRecordedEvents(ctx context.Context, reader store.StreamReader) (*recordedEvents, error) {
	known, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	r := &recordedEvents{reader: reader, known: known}
	own, set, err := i.currentSources(ctx)
	if err != nil || set == nil {
		return r, err
	}
	for _, e := range own.Events() { // what a source makes of a body may be an event of the team's own
		if err := r.extendCatalog(e.Name); err != nil {
			return nil, err
		}
	}
	r.known = r.known.WithTranslator(set)
	return r, nil
}

// readEvents calls each with every event of the subjects. What cannot be read as an event is left out: it is a dead letter.
func (r *recordedEvents) readEvents(ctx context.Context, filters []string, each func(*engine.Event)) error {
	return r.reader.Read(ctx, subjects.Stream, filters, func(m store.Message) error {
		if d := r.decodeStored(m); d != nil {
			each(&d.Event)
		}
		return nil
	})
}

// decodeStored reads a stored event, or returns nil if it cannot be read as one.
func (r *recordedEvents) decodeStored(m store.Message) *catalog.Decoded {
	_, learner, name, err := subjects.ParseStored(m.Subject)
	if err != nil {
		return nil
	}
	if _, known := r.known.Event(name); !known {
		// A foreign body stands under its publisher's own name, which is no event.
		if source, _ := r.known.SourceOf(m.Header, m.Data); source == "" && r.extendCatalog(name) != nil {
			return nil
		}
	}
	return decodeAs(r.known, learner, m)
}

// decodeAs reads a stored event of a learner as a catalog reads it, or returns nil if it cannot be read. It is read like a recorded event: in a
// time-lapse its time is far from when it was stored.
func decodeAs(known *catalog.Catalog, learner string, m store.Message) *catalog.Decoded {
	_, _, name, err := subjects.ParseStored(m.Subject)
	if err != nil {
		return nil
	}
	decoded, problem := known.DecodeMessage(learner, name, m.Header, m.Data, time.Time{})
	if problem != nil && problem.Code == catalog.CodeBadTime {
		decoded, problem = known.DecodeMessage(learner, name, m.Header, m.Data, m.StoredAt)
	}
	if problem != nil {
		return nil
	}
	return &decoded
}

// extendCatalog makes the name of an academy's own event known. Its properties may be anything.
func (r *recordedEvents) extendCatalog(name string) error {
	if _, known := r.known.Event(name); known {
		return nil
	}
	extended, err := r.known.Extend("stream", fmt.Appendf(nil, "events: {%q: {}}", name))
	if err == nil {
		r.known = extended
	}
	return err
}

// sharingText finds share and referral in Liquid.
var sharingText = regexp.MustCompile(`\{[{%][^}]*\b(share|referral)\b`)

// sharingMessages returns the names of the messages that ask to share or to refer: those whose text, in any revision that is
// kept, has share links or the learner's referral link.
func (i *Installation) sharingMessages(ctx context.Context) (map[string]bool, error) {
	pointers, err := i.store.Rulesets.Publications(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	seen := map[string]bool{} // hashes
	for _, p := range slices.Backward(pointers) {
		if seen[p.Hash] {
			continue
		}
		seen[p.Hash] = true
		bundle, err := i.store.Rulesets.Get(ctx, p.Hash)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for file, text := range bundle.Files {
			name, isMessage := strings.CutPrefix(file, "messages/")
			if isMessage && sharingText.Match(text) {
				name, _, _ = strings.Cut(name, ".") // retry.de.md is the message retry in German
				found[name] = true
			}
		}
	}
	return found, nil
}

// truncatedUTC returns an instant as answers write it, in UTC and to the second, or nil for the zero time.
func truncatedUTC(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
