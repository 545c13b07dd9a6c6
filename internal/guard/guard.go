package guard

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// Fault is a fault of Homeroom at which serving a request ended.
type Fault struct {
	Method string
	Path   string
	// Pattern is the route that served the request. Unlike the path it names nobody. Empty: it is not known.
	Pattern string
	Value   any    // what the handler panicked with
	Stack   string // of the goroutine that served the request
}

// LogTo returns a Report that logs a fault as an error under a message. attributes, which may be nil, returns what the log may say of the request, such as its path.
func LogTo(log *slog.Logger, message string, attributes func(f Fault) []any) func(Fault) {
	return func(f Fault) {
		all := []any{"method", f.Method, "panic", fmt.Sprint(f.Value), "stack", f.Stack}
		if attributes != nil {
			all = append(all, attributes(f)...)
		}
		log.Error(message, all...)
	}
}

// LogPath names the path of a request. It is for servers whose paths name nobody, or whose log may.
func LogPath(f Fault) []any { return []any{"path", f.Path} }

// LogPattern names the route of a request.
func LogPattern(f Fault) []any { return []any{"route", f.Pattern} }

// Options say what becomes of a fault.
type Options struct {
	Report func(f Fault)                                // hears of it first
	Answer func(w http.ResponseWriter, r *http.Request) // answers with 500; nil: a line of text
}

// Requests returns a handler that serves requests by next, and ends those that panic by what o says. An answer that has begun cannot be taken back: its
// connection is closed, so that nobody takes it for complete.
//
// It also closes the connection behind an answer of 413: the rest of the body is not read. [http.MaxBytesReader] would see to that, but finds no server
// behind a writer that is wrapped.
func Requests(next http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guarded := &writer{ResponseWriter: w}
		defer o.endFault(guarded, r)
		next.ServeHTTP(guarded, r)
	})
}

// endFault ends a request whose handler panicked. It has to be deferred.
func (o *Options) endFault(w *writer, r *http.Request) {
	value := recover()
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler { // it is meant
		panic(value)
	}
	o.Report(Fault{
		Method:  r.Method,
		Path:    r.URL.Path,
		Pattern: r.Pattern,
		Value:   value,
		Stack:   string(debug.Stack()),
	})
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	answered := o.answerFault(w, r)
	switch {
	case !w.begun:
		http.Error(w, "Homeroom could not serve the request, by a fault of its own.", http.StatusInternalServerError)
	case !answered:
		panic(http.ErrAbortHandler)
	}
}

// answerFault answers as the server's other answers look. ok is false if that panicked, too.
func (o *Options) answerFault(w *writer, r *http.Request) (ok bool) {
	if o.Answer == nil {
		return true
	}
	defer func() { ok = recover() == nil }()
	o.Answer(w, r)
	return true
}

// writer remembers whether an answer has begun.
type writer struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	if status == http.StatusRequestEntityTooLarge && !w.begun {
		w.Header().Set("Connection", "close")
	}
	w.begun = w.begun || status >= http.StatusOK // what comes before is not the answer
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets [http.ResponseController] reach the writer below.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
