package api

import (
	"net/http"
	"runtime/debug"
)

// Panic is a fault of Homeroom at which serving a request ended.
type Panic struct {
	Method string
	Path   string
	Value  any    // what the handler panicked with
	Stack  string // of the goroutine that served the request
}

// guardPanic answers a request whose handler panics with a problem, and reports it; every other request goes on. An answer that has begun cannot be taken back: its connection is
// closed, so that nobody takes it for complete. It has to be deferred.
func (a *API) guardPanic(w *guardedWriter, r *http.Request) {
	value := recover()
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler { // it is meant
		panic(value)
	}
	a.o.OnPanic(Panic{
		Method: r.Method,
		Path:   r.URL.Path,
		Value:  value,
		Stack:  string(debug.Stack()),
	})
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	writeProblem(w, newProblem(http.StatusInternalServerError, codeFault, "Homeroom could not serve the request, by a fault of its own", "send it again, with the same ids; if it fails again, tell who runs Homeroom"))
}

// guardedWriter remembers whether an answer has begun.
type guardedWriter struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (w *guardedWriter) WriteHeader(status int) {
	w.begun = w.begun || status >= http.StatusOK // what comes before is not the answer
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *guardedWriter) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *guardedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
