package api

import (
	"net/http"
	"net/http/httptest"
)

// Routes returns the methods and paths of an API, for tests.
func (a *API) Routes() [][2]string {
	var list [][2]string
	for _, r := range a.routes() {
		list = append(list, [2]string{r.method, r.path})
	}
	return list
}

// Guard returns a request of an API that is served by what answers it.
func Guard(a *API, serve func(w http.ResponseWriter)) func() {
	return func() {
		guarded := &guardedWriter{ResponseWriter: httptest.NewRecorder()}
		defer a.guardPanic(guarded, httptest.NewRequest(http.MethodPost, "/v1/events", nil))
		serve(guarded)
	}
}
