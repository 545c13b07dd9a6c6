package librarytest_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"homeroom/api"
	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/internal/writekey"
	"homeroom/sources"
	"homeroom/store"
	"homeroom/subjects"
)

// oneKey is the only key there is.
type oneKey api.Key

func (k oneKey) FindKey(id string) (api.Key, bool) { return api.Key(k), id == k.ID }

// batches publishes to a real stream.
type batches struct{ *store.Batches }

func (b batches) PublishAll(ctx context.Context, messages []api.Message) []api.Outcome {
	converted := make([]store.BatchMessage, len(messages))
	for i, m := range messages {
		converted[i] = store.BatchMessage(m)
	}
	outcomes := make([]api.Outcome, len(messages))
	for i, o := range b.Batches.PublishAll(ctx, converted) {
		outcomes[i] = api.Outcome(o)
	}
	return outcomes
}

// world is the role api over a real stream, with an academy that has the source segment.
type world struct {
	t      *testing.T
	url    string
	key    string
	known  *catalog.Catalog
	reader store.StreamReader
}

func open(t *testing.T) *world {
	t.Helper()
	_, js, _ := natstest.Open(t)
	publisher, err := store.NewBatches(js)
	if err != nil {
		t.Fatal(err)
	}
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := sources.Shipped(known, "segment")
	if err != nil {
		t.Fatal(err)
	}
	reading := known.WithTranslator(set)
	key, id := writekey.New()
	handler, err := api.New(api.Options{
		Keys:      oneKey{ID: id, Hash: writekey.Hash(key)},
		Publisher: batches{publisher},
		Catalog:   func() *catalog.Catalog { return reading },
		Now:       time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &world{t: t, url: server.URL, key: key, known: reading, reader: store.StreamReader{JS: js}}
}

// events returns what the stream holds, as triggers read it, and each one's traits.
func (w *world) events() (events []engine.Event, traits []map[string]any) {
	w.t.Helper()
	err := w.reader.Read(w.t.Context(), subjects.Stream, []string{subjects.AllPublished}, func(m store.Message) error {
		_, learner, name, err := subjects.ParseStored(m.Subject)
		if err != nil {
			return err
		}
		d, problem := w.known.DecodeMessage(learner, name, m.Header, m.Data, m.StoredAt)
		if problem != nil {
			return problem
		}
		events = append(events, d.Event)
		traits = append(traits, d.Traits)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return events, traits
}

// expectLesson fails unless the first event is the lesson that every library publishes.
func (w *world) expectLesson(events []engine.Event) {
	w.t.Helper()
	if len(events) == 0 {
		w.t.Fatal("nothing is stored")
	}
	if e := events[0]; e.Name != "lesson.completed" || e.Learner != "u_42" || e.ID == "" || e.Properties["lesson_id"] != "l1" {
		w.t.Errorf("stored %+v", e)
	}
}
