package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"homeroom/api"
	"homeroom/catalog"
)

// FuzzEvents posts any body under any headers: the answer is a problem or a result whose counts are those of what was published.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(lesson("e1")), "application/json", "")
	f.Add([]byte("["+lesson("e1")+",{}]"), "application/json", "")
	f.Add([]byte(lesson("e1")+"\n"+lesson("e2")), "application/x-ndjson", "")
	f.Add([]byte(`{"specversion":"1.0"}`), "application/cloudevents+json", "")
	f.Add(zip(f, lesson("e1")), "", "gzip")
	known, err := catalog.Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, mediaType, encoding string) {
		sink := &published{}
		keys := &keyring{keys: map[string]api.Key{}}
		key := keys.make(nil)
		a, err := api.New(api.Options{Keys: keys, Publisher: sink, Catalog: func() *catalog.Catalog { return known }, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest(http.MethodPost, "/v1/events", reader(string(body)))
		req.Header = http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {mediaType}, "Content-Encoding": {encoding}}
		res := httptest.NewRecorder()
		a.ServeHTTP(res, req)
		var got answer
		if err := json.Unmarshal(res.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v in %s", err, res.Body)
		}
		if got.Stored != sink.count() || (res.Code == http.StatusAccepted) != (got.Stored > 0 && got.Refused == 0) {
			t.Errorf("%d, %d published: %s", res.Code, sink.count(), res.Body)
		}
	})
}
