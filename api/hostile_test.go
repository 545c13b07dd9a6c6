package api_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"

	"homeroom/api"
	"homeroom/catalog"
	"homeroom/sources"
)

// TestManyItemsTakeNoMemory: a body that is small when it is compressed, and holds millions of items, is refused before memory is taken for each.
func TestManyItemsTakeNoMemory(t *testing.T) {
	k := open(t, &published{}, nil)
	for _, tt := range []struct {
		name, path, body, media string
		status                  int
	}{
		{"lines", "/v1/events", strings.Repeat("1\n", 8<<20-1), "application/x-ndjson", 413},
		{"empty lines", "/v1/events", "1" + strings.Repeat("\n", 16<<20-8) + "1", "application/x-ndjson", 400},
		{"an array", "/v1/events", "[" + strings.Repeat("0,", 8<<20-8) + "0]", "application/json", 413},
		{"a batch", "/v1/batch", `{"batch":[` + strings.Repeat("0,", 8<<20-16) + "0]}", "application/json", 413},
		{"a batch of another format", "/v1/events", `{"batch":[` + strings.Repeat("0,", 8<<20-16) + "0]}", "application/json", 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zipped := string(zip(t, tt.body))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := k.postTo(tt.path, reader(zipped), "Content-Encoding", "gzip", "Content-Type", tt.media)
			runtime.ReadMemStats(&after)
			if got.Status != tt.status {
				t.Errorf("got %d %s", got.Status, got.Detail)
			}
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 160 {
				t.Errorf("%d MB were allocated for %d bytes", took, len(zipped))
			}
		})
	}
}

// TestEnvelopesOfSources: a batch in the form of a source's platform is taken apart, as the documents say of files and HTTP.
func TestEnvelopesOfSources(t *testing.T) {
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, err := sources.Shipped(known, "segment")
	if err != nil {
		t.Fatal(err)
	}
	own, problems := sources.Compile("s.yaml", []byte(`sources: {lms: {recognise: has(body.kind), event: body.kind, learner: body.user, items: body.list, events: {done: {as: lesson.completed, properties: {lesson_id: body.l}}}}}`), known)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, body string
		set        *sources.Set
	}{
		{"Segment's", `{"batch":[{"type":"track","messageId":"1","timestamp":"2026-03-02T10:00:00Z","userId":"u","event":"Lesson Completed","properties":{"lesson_id":"a"}},{"type":"track","messageId":"2","timestamp":"2026-03-02T10:01:00Z","userId":"u","event":"Lesson Completed","properties":{"lesson_id":"b"}}]}`, set},
		{"one's own", `{"list":[{"kind":"done","user":"u","l":"a"},{"kind":"done","user":"u","l":"b"}]}`, own},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &published{}
			k := open(t, p, func(o *api.Options, _ *http.Server) {
				o.Catalog = func() *catalog.Catalog { return known.WithTranslator(tt.set) }
			})
			if got := k.post(reader(tt.body)); got.Status != 202 || got.Stored != 2 || p.count() != 2 {
				t.Errorf("got %d %s %s %+v", got.Status, got.Detail, got.Hint, got.Result)
			}
		})
	}
}
