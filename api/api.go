package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/internal/guard"
)

// Options are what an API needs. What is marked optional may be left out.
type Options struct {
	Keys      Keys
	Publisher Publisher
	Catalog   func() *catalog.Catalog          // in force now
	Source    func(name string) (Source, bool) // of the academy in force; optional: there is none
	Now       func() time.Time
	Count     func(status Status, n int) // items, as they are answered; optional
	OnFault   func(f guard.Fault)        // hears of a request at which Homeroom failed; optional
	MaxHeld   int64                      // bytes of bodies that are held at once; optional: DefaultMaxHeld
}

// API takes events over HTTP. It may be used concurrently.
type API struct {
	o      Options
	mux    *http.ServeMux
	served http.Handler // the mux behind its guard
	held   *heldBytes
	limits *limits
}

// New returns an API; the error says what Options lack.
func New(o Options) (*API, error) {
	for _, need := range []struct {
		name string
		ok   bool
	}{
		{"Keys", o.Keys != nil},
		{"Publisher", o.Publisher != nil},
		{"Catalog", o.Catalog != nil},
		{"Now", o.Now != nil},
	} {
		if !need.ok {
			return nil, fmt.Errorf("the API needs Options.%s", need.name)
		}
	}
	if o.Count == nil {
		o.Count = func(Status, int) {}
	}
	if o.OnFault == nil {
		o.OnFault = func(guard.Fault) {}
	}
	if o.Source == nil {
		o.Source = func(string) (Source, bool) { return Source{}, false }
	}
	if o.MaxHeld < 0 {
		return nil, errors.New("the API needs Options.MaxHeld of 0 or more")
	}
	if o.MaxHeld == 0 {
		o.MaxHeld = DefaultMaxHeld
	}
	a := &API{o: o, mux: http.NewServeMux(), held: &heldBytes{most: o.MaxHeld}, limits: newLimits()}
	methods := map[string][]string{}
	for _, route := range a.routes() {
		a.mux.HandleFunc(route.method+" "+route.path, route.serve)
		methods[route.path] = append(methods[route.path], route.method)
	}
	for path, allowed := range methods {
		a.mux.HandleFunc(path, serveWrongMethod(strings.Join(allowed, ", ")))
	}
	a.mux.HandleFunc("/", serveUnknownPath)
	a.served = guard.Requests(a.mux, guard.Options{Report: o.OnFault, Answer: answerFault})
	return a, nil
}

// route is a path with what serves it.
type route struct {
	method, path string
	serve        http.HandlerFunc
}

// routes are all paths. The OpenAPI document is held to them by a test.
func (a *API) routes() []route {
	return append([]route{
		{"POST", "/v1/events", a.serveEvents},
		{"POST", "/v1/caliper", a.serveCaliper},
		{"POST", "/v1/sources/{name}", a.serveSource},
		{"POST", "/xapi/statements", a.servePostStatements},
		{"PUT", "/xapi/statements", a.servePutStatement},
		{"GET", "/xapi/about", serveAbout},
		{"GET", "/v1/openapi.json", serveDocument},
		{"GET", "/healthz", serveHealth},
	}, a.segmentRoutes()...)
}

// ServeHTTP answers a request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.served.ServeHTTP(w, r)
}

func answerFault(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, newProblem(http.StatusInternalServerError, codeFault, "Homeroom could not serve the request, by a fault of its own", "send it again, with the same ids; if it fails again, tell who runs Homeroom"))
}

func serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(headerContentType, "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "ok")
}

func serveWrongMethod(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := newProblem(http.StatusMethodNotAllowed, codeMethod, fmt.Sprintf("%s takes %s only", r.URL.Path, allowed), "use "+allowed)
		p.allow = allowed
		writeProblem(w, p)
	}
}

func serveUnknownPath(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, newProblem(http.StatusNotFound, codeNoSuchPath, "there is nothing at this path", "events are posted to /v1/events"))
}
