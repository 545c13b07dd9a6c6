package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
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

// FuzzSources posts any body to the paths whose bodies sources read: nothing is answered as taken that was not published or ignored, and what was
// published is a JSON object.
func FuzzSources(f *testing.F) {
	f.Add([]byte(statement), "application/json", 0)
	f.Add([]byte("["+statement+"]"), "application/json", 0)
	f.Add([]byte("--b\r\n\r\n"+statement+"\r\n--b--"), "multipart/mixed; boundary=b", 0)
	f.Add([]byte(`{"sensor":"s","data":[`+caliperEvent+`]}`), "application/json", 1)
	f.Add([]byte(lmsBody), "", 2)
	sink := &published{}
	keys := &keyring{keys: map[string]api.Key{}}
	key := keys.make(nil)
	o := api.Options{Keys: keys, Publisher: sink, Now: time.Now}
	useSources(f, &o)
	a, err := api.New(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, mediaType string, path int) {
		sink.messages = nil
		paths := []string{"/xapi/statements", "/v1/caliper", "/v1/sources/lms", "/v1/sources/xapi"}
		req := httptest.NewRequest(http.MethodPost, paths[uint(path)%uint(len(paths))], reader(string(body)))
		req.Header = http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {mediaType}, "X-Experience-Api-Version": {"1.0.3"}, "X-Topic": {"done"}}
		res := httptest.NewRecorder()
		a.ServeHTTP(res, req)
		if !json.Valid(res.Body.Bytes()) {
			t.Fatalf("answered %s", res.Body)
		}
		for _, m := range sink.messages {
			var object map[string]any
			if err := json.Unmarshal(m.Body, &object); err != nil {
				t.Fatalf("published %q: %v", m.Body, err)
			}
		}
		if res.Code == http.StatusBadRequest && strings.HasPrefix(req.URL.Path, "/xapi/") && sink.count() > 0 && !strings.Contains(res.Body.String(), "stored") {
			t.Errorf("%d were published, and the answer is %s", sink.count(), res.Body)
		}
	})
}
