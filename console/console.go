package console

import (
	"cmp"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"homeroom/admin"
	"homeroom/internal/guard"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Options say what a console shows and who may use it.
type Options struct {
	// Installation is what the pages ask. Sessions, and how long ago people did something, go by its MachineNow; what learners did goes by its Now.
	Installation *admin.Installation
	People       People // who may use it; see [ThisMachine] and [Tokens]
	// URL is where browsers reach the console, such as https://console.example.org/homeroom. Its path is put before every link.
	// Empty: at the root of any address.
	URL        string
	TemporalUI string           // its address, for links to learners' workflows; empty: there are none
	Inbox      string           // address of a stand-in provider's inbox, in development; empty: there is none
	EventCopy  *admin.EventCopy // what backtests read; it stays the caller's; nil: they read the stream of events each time
	// LargeBacktest is from how many recorded events on a backtest runs in the background; 0: admin.LargeBacktest.
	LargeBacktest int64
	ReadModel     string       // path of the file that the lift is counted from, see admin.ReportOptions; empty: the streams are read each time
	TestMail      TestMail     // how test mails are sent
	Approvals     int          // how many other people must approve a draft before it is published, if the settings in force do not say
	Log           *slog.Logger // required
}

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	o        Options
	prefix   string // path before every link, without a slash at its end
	pages    map[string]*template.Template
	handler  http.Handler
	sameSite *http.CrossOriginProtection

	backtests  *backtestJobs
	folders    folderCache
	work       *background
	stepCounts kept[admin.StepCounts]
	report     kept[admin.Report]
	liveRuns   kept[map[string]int64] // learners who are under way, by rule
	risks      kept[*admin.RiskFigures]
	events     kept[admin.EventsStatus]
}

// New returns a console, which must be closed before the installation. That stays the caller's.
func New(o Options) (*Console, error) {
	o.LargeBacktest = cmp.Or(o.LargeBacktest, admin.LargeBacktest)
	c := &Console{o: o, sameSite: http.NewCrossOriginProtection(), backtests: newBacktestJobs(), work: newBackground()}
	c.stepCounts.work = c.work
	c.report.work = c.work
	c.liveRuns.work = c.work
	c.liveRuns.every = liveAge
	c.risks.work = c.work
	c.risks.every = risksKeptFor
	c.events.work = c.work
	if o.URL != "" {
		address, err := url.Parse(o.URL)
		if err != nil {
			return nil, err
		}
		c.prefix = strings.TrimRight(address.Path, "/")
		if err := c.sameSite.AddTrustedOrigin(address.Scheme + "://" + address.Host); err != nil {
			return nil, err
		}
	}
	var err error
	if c.pages, err = c.parsePages(); err != nil {
		return nil, err
	}
	c.handler, err = c.newHandler()
	return c, err
}

// Close ends the backtests and counts that are under way in this process. Backtests in the background go on.
func (c *Console) Close() {
	c.backtests.close()
	c.work.close()
}

// Handler returns what serves the console, under the path of Options.URL.
func (c *Console) Handler() http.Handler { return c.handler }

// parsePages reads the templates: each page with the layout around it.
func (c *Console) parsePages() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").Funcs(c.templateFunctions()).ParseFS(pageFiles, "pages/layout.html")
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(pageFiles, "pages")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, e := range entries {
		if e.Name() == "layout.html" {
			continue
		}
		page, err := template.Must(layout.Clone()).ParseFS(pageFiles, "pages/"+e.Name())
		if err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(e.Name(), ".html")] = page
	}
	return pages, nil
}

// pagePolicy is the Content-Security-Policy of every page: its own style sheet and script, frames of its own, and nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// editorPolicy is pagePolicy for a page with the editor, which writes its style sheet itself.
func editorPolicy(nonce string) string {
	return strings.Replace(pagePolicy, "style-src 'self'", "style-src 'self' 'nonce-"+nonce+"'", 1)
}

// previewPolicy is the Content-Security-Policy of a mail that a page shows in a frame: no script, no form, its own styles, pictures from anywhere.
const previewPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; frame-ancestors 'self'; form-action 'none'; base-uri 'none'; sandbox"

// newHandler puts what every request needs around the routes.
func (c *Console) newHandler() (http.Handler, error) {
	assets, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", cacheForever(http.FileServerFS(assets))))
	for _, r := range c.listRoutes() {
		mux.Handle(r.method+" "+r.pattern, c.serveAllowed(r))
	}
	var handler http.Handler = mux
	handler = c.sameSite.Handler(handler)
	if c.prefix != "" {
		handler = http.StripPrefix(c.prefix, handler)
	}
	return guard.Requests(c.setHeaders(handler), guard.Options{
		Report: guard.LogTo(c.o.Log, "a request of the console panicked", guard.LogPath),
		Answer: c.answerFault,
	}), nil
}

// errFault is what a person reads of a fault of Homeroom. The log has the rest.
var errFault = errors.New("this could not be done, by a fault of Homeroom. Go back and try again; if it fails again, tell who runs Homeroom: the log of the console says more")

// answerFault answers as if nobody had signed in, because the fault may have been in finding out who it is.
func (c *Console) answerFault(w http.ResponseWriter, r *http.Request) {
	c.writeProblem(&request{Request: r, w: w}, http.StatusInternalServerError, errFault)
}

// maxForm is what a form may hold, in bytes: a file of a folder, percent-encoded.
const maxForm = 1 << 20

// healthPath is asked by health checks, whatever the path of Options.URL and the name of the host. It says nothing about an installation but whether
// its NATS can be reached.
const healthPath = "/healthz"

func (c *Console) serveHealth(w http.ResponseWriter) {
	if !c.o.Installation.Connected() {
		http.Error(w, "NATS cannot be reached", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// setHeaders sets the headers of every answer and refuses hosts that this console does not serve.
func (c *Console) setHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		if r.URL.Path == healthPath && r.Method == http.MethodGet {
			c.serveHealth(w)
			return
		}
		if !c.o.People.ServesHost(r.Host) {
			http.Error(w, "This console is not reached by the name "+r.Host+".", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// cacheForever lets browsers keep files whose address names their content.
func cacheForever(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		next.ServeHTTP(w, r)
	})
}
