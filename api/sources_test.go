package api_test

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"homeroom/api"
	"homeroom/catalog"
	"homeroom/sources"
)

// compiled is a set of sources with the catalog that reads with them.
type compiled struct {
	set     *sources.Set
	reading *catalog.Catalog
	err     error
}

// compileSources compiles shipped sources and one of its own, once.
var compileSources = sync.OnceValue(func() compiled {
	known, err := catalog.Default()
	if err != nil {
		return compiled{err: err}
	}
	set, problems := sources.Compile("sources.yaml", []byte(academySources), known)
	return compiled{set: set, reading: known.WithTranslator(set), err: problems.Err()}
})

const academySources = `
sources:
  xapi:
  caliper:
  thinkific:
  lms:
    recognise: has(body.never)
    event: headers["x-topic"]
    learner: body.user
    signature: standard_webhooks
    events:
      done: {as: lesson.completed, properties: {lesson_id: body.lesson}}
    ignore: [ping]
  school:
    recognise: has(body.never)
    items: body.rows
    event: body.event
    learner: body.learner_id
    id: body.id
    events:
      lesson_done: {as: lesson.completed, properties: {lesson_id: body.properties.lesson}}
`

// useSources gives an API shipped sources and one of its own, as an academy in force has them.
func useSources(t testing.TB, o *api.Options) {
	t.Helper()
	academy := compileSources()
	if academy.err != nil {
		t.Fatal(academy.err)
	}
	set := academy.set
	reading := academy.reading
	o.Catalog = func() *catalog.Catalog { return reading }
	secrets := map[string][][]byte{"thinkific": {[]byte("an older secret"), []byte("thinkific's secret")}, "xapi": {[]byte("of no use without a signature")}}
	o.Source = func(name string) (api.Source, bool) {
		s := set.Source(name)
		if s == nil {
			return api.Source{}, false
		}
		found := api.Source{Name: name, Header: map[string][]string{sources.HeaderSource: {name}}, Reads: s.Headers(), Secrets: secrets[name]}
		if signature := s.Signature(); signature != nil {
			converted := api.Signature(*signature)
			found.Signature = &converted
		}
		return found, true
	}
}

const (
	statement    = `{"actor":{"account":{"homePage":"https://lms.example","name":"u_42"}},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"https://lms.example/l1"},"timestamp":"2026-03-02T10:00:00Z"}`
	caliperEvent = `{"id":"urn:uuid:1","type":"MediaEvent","actor":"https://lms.example/users/u_42","action":"Started","object":"https://lms.example/videos/v1","eventTime":"2026-03-02T10:00:00Z","group":{"id":"https://lms.example/c1"}}`
	lmsBody      = `{"user":7,"lesson":"l1"}`
)

// statusesOfSources are requests for every answer of the paths whose bodies sources read.
func statusesOfSources() []statusCase {
	var cases []statusCase
	for _, base := range []statusCase{
		{method: "POST", path: "/xapi/statements", body: statement, headers: []string{"X-Experience-API-Version", "1.0.3"}, status: 200},
		{method: "PUT", path: "/xapi/statements?statementId=00000000-0000-4000-8000-000000000001", route: "/xapi/statements", body: statement, headers: []string{"X-Experience-API-Version", "2.0.0"}, status: 204},
		{method: "POST", path: "/v1/caliper", body: caliperEvent, status: 200},
		{method: "POST", path: "/v1/sources/lms", route: "/v1/sources/{name}", body: lmsBody, headers: []string{"X-Topic", "done"}, status: 202},
	} {
		add := func(c statusCase) {
			c.method = cmp.Or(c.method, base.method)
			c.path = cmp.Or(c.path, base.path)
			c.route = base.route
			c.body = cmp.Or(c.body, base.body)
			c.headers = append(append([]string{}, base.headers...), c.headers...)
			cases = append(cases, c)
		}
		add(statusCase{status: base.status})
		add(statusCase{status: 400, body: `[]`})
		add(statusCase{status: 401, headers: []string{"Authorization", ""}})
		add(statusCase{status: 403, scopes: []string{"source:other"}})
		add(statusCase{status: 405, method: "PATCH", as: base.method})
		add(statusCase{status: 408, stall: true})
		add(statusCase{status: 413, body: strings.Repeat(" ", api.MaxRequest+1)})
		add(statusCase{status: 415, headers: []string{"Content-Encoding", "br"}})
		add(statusCase{status: 429, limit: 1, times: 3})
		add(statusCase{status: 503, fails: errors.New("away")})
		if strings.HasPrefix(base.path, "/v1/sources/") {
			add(statusCase{status: 404, path: "/v1/sources/other"})
			add(statusCase{status: 207, name: "one too large", body: `[` + base.body + `,{"user":8,"lesson":"` + strings.Repeat("x", catalog.MaxBody) + `"}]`})
		}
	}
	return append(cases,
		statusCase{status: 200, method: "GET", path: "/xapi/about"},
		statusCase{status: 405, method: "POST", as: "get", path: "/xapi/about"},
	)
}

func openWithSources(t *testing.T) (*kit, *published) {
	t.Helper()
	sink := &published{}
	return open(t, sink, func(o *api.Options, _ *http.Server) { useSources(t, o) }), sink
}
