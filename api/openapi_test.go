package api_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/api"
)

// object is a part of the document.
type object = map[string]any

// TestTheDocumentIsTheAPI asks every route for each status that it can answer, and compares both ways: what is answered stands in the document with its
// media type and the fields of its schema, and what stands there is answered.
func TestTheDocumentIsTheAPI(t *testing.T) {
	answered := map[string]bool{}
	document := readDocument(t)
	for _, tt := range everyStatus() {
		t.Run(fmt.Sprintf("%s %s %d %s", tt.method, tt.path, tt.status, tt.name), func(t *testing.T) {
			sink := &published{fail: func(int) error { return tt.fails }}
			k := open(t, sink, func(o *api.Options, s *http.Server) {
				o.MaxHeld = tt.held
				useSources(t, o)
				switch tt.status {
				case http.StatusRequestTimeout:
					s.ReadTimeout = 500 * time.Millisecond
				case http.StatusInternalServerError:
					o.Keys = faultyKeys{}
				}
			})
			key := k.keys.make(func(key *api.Key) {
				key.PerSecond = tt.limit
				key.Scopes = tt.scopes
			})
			for range max(1, tt.times-1) {
				k.ask(t, tt, key, 0)
			}
			res := k.ask(t, tt, key, tt.status)
			operation := tt.method
			if tt.as != "" {
				operation = tt.as
			}
			path := cmp.Or(tt.route, tt.path)
			answered[strings.ToLower(operation)+" "+path+" "+fmt.Sprint(tt.status)] = true
			document.expectResponse(t, strings.ToLower(operation), path, res)
		})
	}
	for path, methods := range document.at("paths") {
		for method, operation := range methods.(object) {
			for status := range operation.(object)["responses"].(object) {
				if !answered[method+" "+path+" "+status] {
					t.Errorf("the document promises %s %s %s, which no request of this test is answered", method, path, status)
				}
			}
		}
	}
}

// TestEveryRouteIsInTheDocument, and nothing else.
func TestEveryRouteIsInTheDocument(t *testing.T) {
	k := open(t, &published{}, nil)
	document := readDocument(t)
	documented := map[[2]string]bool{}
	for path, methods := range document.at("paths") {
		for method := range methods.(object) {
			documented[[2]string{strings.ToUpper(method), path}] = true
		}
	}
	routes := map[[2]string]bool{}
	for _, r := range k.api.Routes() {
		routes[r] = true
	}
	if !maps.Equal(documented, routes) {
		t.Errorf("the document has %v, the API %v", documented, routes)
	}
}

// statusCase is a request with the status of its answer.
type statusCase struct {
	name, method, path string
	as                 string // the method under which the document has it, if it is another one
	route              string // under which the document has it, if that is not path
	body               string
	stall              bool
	headers            []string
	fails              error
	limit              int
	scopes             []string
	held               int64
	times              int // how often it is asked until it is answered so; 0: once
	status             int
}

func everyStatus() []statusCase {
	post := func(c statusCase) statusCase {
		c.method = http.MethodPost
		c.path = "/v1/events"
		if c.body == "" {
			c.body = lesson("e1")
		}
		return c
	}
	cases := []statusCase{
		post(statusCase{status: 202}),
		post(statusCase{status: 202, name: "with remarks", body: strings.TrimSuffix(lesson("e1"), "}") + `,"traits":{"email":"garbage"}}`}),
		post(statusCase{status: 207, body: "[" + lesson("e1") + ",{}]"}),
		post(statusCase{status: 400, name: "one", body: "{}"}),
		post(statusCase{status: 400, name: "all", body: "[{}]"}),
		post(statusCase{status: 401, headers: []string{"Authorization", ""}}),
		post(statusCase{status: 403, scopes: []string{"source:other"}}),
		{status: 405, method: "PUT", as: "post", path: "/v1/events"},
		post(statusCase{status: 408, stall: true}),
		post(statusCase{status: 413, body: strings.Repeat(" ", api.MaxRequest+1)}),
		post(statusCase{status: 415, headers: []string{"Content-Type", "image/png"}}),
		post(statusCase{status: 429, limit: 1, times: 3}),
		post(statusCase{status: 503, fails: errors.New("away")}),
		{status: 200, method: "GET", path: "/v1/openapi.json"},
		{status: 405, method: "POST", as: "get", path: "/v1/openapi.json"},
		{status: 200, method: "GET", path: "/healthz"},
		{status: 405, method: "POST", as: "get", path: "/healthz"},
	}
	for _, call := range []string{"batch", "track", "identify", "page", "screen", "group", "alias"} {
		body := `{"userId":"u_42","messageId":"m1","event":"Lesson Completed","properties":{"lesson_id":"l1"},"traits":{"plan":"pro"}}`
		bad := `[]`
		if call == "batch" {
			body = `{"batch":[{"type":"track",` + body[1:] + `,{"type":"track","event":"Nothing Known"},{"type":"page","userId":"u_42"}]}`
		}
		add := func(c statusCase) {
			c.method = cmp.Or(c.method, http.MethodPost)
			c.path = "/v1/" + call
			c.body = cmp.Or(c.body, body)
			cases = append(cases, c)
		}
		add(statusCase{status: 200})
		add(statusCase{status: 400, body: bad})
		add(statusCase{status: 401, headers: []string{"Authorization", ""}})
		add(statusCase{status: 403, scopes: []string{"source:other"}})
		add(statusCase{status: 405, method: "PUT", as: "post"})
		add(statusCase{status: 408, stall: true})
		add(statusCase{status: 413, body: strings.Repeat(" ", api.MaxRequest+1)})
		add(statusCase{status: 415, headers: []string{"Content-Encoding", "br"}})
		add(statusCase{status: 429, limit: 1, times: 5})
		if call == "batch" || call == "track" || call == "identify" { // of the others nothing is stored without a source that reads them
			add(statusCase{status: 503, fails: errors.New("away")})
		} else {
			add(statusCase{status: 503, held: 8})
		}
	}
	return withFaults(slices.Concat(cases, statusesOfSources()))
}

// withFaults adds to each way in that its handler panics.
func withFaults(cases []statusCase) []statusCase {
	tried := map[string]bool{}
	for _, c := range cases {
		way := c.method + " " + cmp.Or(c.route, c.path)
		if c.status < 300 && c.method != http.MethodGet && !tried[way] {
			tried[way] = true
			c.name = ""
			c.status = http.StatusInternalServerError
			cases = append(cases, c)
		}
	}
	return cases
}

// faultyKeys panics.
type faultyKeys struct{ api.Keys }

func (faultyKeys) FindKey(string) (api.Key, bool) { panic("a fault") }

// response is what a request was answered with.
type response struct {
	status    int
	mediaType string
	header    http.Header
	body      []byte
}

// ask sends the request of a case; status 0: any will do.
func (k *kit) ask(t *testing.T, c statusCase, key string, status int) response {
	t.Helper()
	var body io.Reader = reader(c.body)
	if c.stall {
		body = &stalled{first: c.body[:10], end: t.Context().Done()}
	}
	req, err := http.NewRequestWithContext(t.Context(), c.method, k.url+c.path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(c.headers); i += 2 {
		req.Header.Set(c.headers[i], c.headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if status != 0 && res.StatusCode != status {
		t.Fatalf("the answer is %d: %s", res.StatusCode, text)
	}
	mediaType, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return response{status: res.StatusCode, mediaType: mediaType, header: res.Header, body: text}
}

// openAPI is the document as it is served.
type openAPI struct{ root object }

func readDocument(t *testing.T) openAPI {
	t.Helper()
	k := open(t, &published{}, nil)
	var d openAPI
	if err := json.Unmarshal(k.ask(t, statusCase{method: "GET", path: "/v1/openapi.json"}, "", 200).body, &d.root); err != nil {
		t.Fatal(err)
	}
	if d.root["openapi"] != "3.1.0" {
		t.Errorf("it is OpenAPI %v", d.root["openapi"])
	}
	return d
}

// at returns the object that lies at the keys.
func (d openAPI) at(keys ...string) object {
	found := d.root
	for _, key := range keys {
		found, _ = found[key].(object)
	}
	return found
}

// resolve follows references.
func (d openAPI) resolve(o object) object {
	for {
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		o = d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
}

// expectResponse compares an answer with what the document says of it.
func (d openAPI) expectResponse(t *testing.T, method, path string, got response) {
	t.Helper()
	said := d.resolve(d.at("paths", path, method, "responses", fmt.Sprint(got.status)))
	if said["content"] == nil && said["description"] != nil && len(got.body) == 0 {
		return
	}
	content, _ := said["content"].(object)
	media, _ := content[got.mediaType].(object)
	if media == nil {
		t.Fatalf("the document has no %d with %s for %s %s", got.status, got.mediaType, method, path)
	}
	headers, _ := said["headers"].(object)
	for _, name := range []string{"Retry-After", "WWW-Authenticate"} {
		if (headers[name] != nil) != (got.header.Get(name) != "") {
			t.Errorf("the header %s is %q; the document: %v", name, got.header.Get(name), headers[name])
		}
	}
	schema := d.resolve(media["schema"].(object))
	if schema["properties"] == nil {
		return
	}
	var body any
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	d.expectShape(t, "the answer", schema, body)
}

// expectShape compares a value with the properties that a schema names and requires.
func (d openAPI) expectShape(t *testing.T, where string, schema object, value any) {
	t.Helper()
	schema = d.resolve(schema)
	switch v := value.(type) {
	case object:
		properties, _ := schema["properties"].(object)
		for name, inner := range v {
			property, ok := properties[name].(object)
			if !ok {
				t.Errorf("%s has %s, and the document does not", where, name)
				continue
			}
			d.expectShape(t, where+"."+name, property, inner)
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if v[name.(string)] == nil {
				t.Errorf("%s has no %s", where, name)
			}
		}
	case []any:
		for _, inner := range v {
			d.expectShape(t, where+"[]", schema["items"].(object), inner)
		}
	default:
		if allowed, ok := schema["enum"].([]any); ok && !slices.Contains(allowed, value) {
			t.Errorf("%s is %v, the document has %v", where, value, allowed)
		}
	}
}
