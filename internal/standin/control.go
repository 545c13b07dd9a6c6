package standin

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// addControlRoutes adds the routes that control the stand-in; see the package comment.
func (s *Server) addControlRoutes() {
	done := func(do func()) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			do()
			w.WriteHeader(http.StatusNoContent)
		}
	}
	s.mux.HandleFunc("GET /_standin/messages", s.listMessages)
	s.mux.HandleFunc("DELETE /_standin/messages", done(s.Forget))
	s.mux.HandleFunc("GET /_standin/messages/{id}", s.oneMessage)
	s.mux.HandleFunc("POST /_standin/messages/{id}/{action}", s.actOnMessage)
	s.mux.HandleFunc("GET /_standin/faults", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, s.faults.listFaults())
	})
	s.mux.HandleFunc("POST /_standin/faults", s.addFaults)
	s.mux.HandleFunc("DELETE /_standin/faults", done(s.ClearFaults))
	s.mux.HandleFunc("POST /_standin/release", done(s.Release))
	s.mux.HandleFunc("POST /_standin/events", s.reportEvents)
	s.mux.HandleFunc("GET /_standin/lists", s.showLists)
	s.mux.HandleFunc("POST /_standin/lists/{list}", s.putOnList)
	s.mux.HandleFunc("GET /_standin/webhooks", s.showWebhooks)
	s.mux.HandleFunc("POST /_standin/webhooks", s.setWebhooks)
}

func (s *Server) listMessages(w http.ResponseWriter, r *http.Request) {
	messages := s.Messages(r.URL.Query().Get("q"))
	if limit, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && limit >= 0 && limit < len(messages) {
		messages = messages[:limit]
	}
	answerJSON(w, http.StatusOK, struct {
		Counts   Counts    `json:"counts"`
		Messages []Message `json:"messages"`
	}{s.Counts(), messages})
}

// findMail finds the mail of a request by its message or send id, or answers 404.
func (s *Server) findMail(w http.ResponseWriter, r *http.Request) (Message, bool) {
	m, ok := s.mails.getMessage(r.PathValue("id"))
	if !ok {
		answerErrors(w, http.StatusNotFound, apiError{Message: "there is no mail with this message or send id"})
	}
	return m, ok
}

func (s *Server) oneMessage(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.findMail(w, r); ok {
		answerJSON(w, http.StatusOK, m)
	}
}

// actOnMessage presses one of the inbox's buttons; a click names its link in {"url":"…"}. The answer is the mail.
func (s *Server) actOnMessage(w http.ResponseWriter, r *http.Request) {
	m, ok := s.findMail(w, r)
	if !ok {
		return
	}
	var body struct{ URL string }
	if r.ContentLength != 0 {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&body); err != nil {
			answerErrors(w, http.StatusBadRequest, apiError{Message: "a click is written like {\"url\":\"https://…\"}: " + err.Error()})
			return
		}
	}
	if err := s.pressButton(r.Context(), m, r.PathValue("action"), body.URL); err != nil {
		answerErrors(w, http.StatusUnprocessableEntity, apiError{Message: err.Error()})
		return
	}
	if m, ok = s.findMail(w, r); ok {
		answerJSON(w, http.StatusOK, m)
	}
}

func (s *Server) addFaults(w http.ResponseWriter, r *http.Request) {
	list, err := oneOrMany[Fault](w, r)
	if err != nil {
		answerErrors(w, http.StatusBadRequest, apiError{Message: "a fault is written like {\"times\":2,\"status\":429}: " + err.Error()})
		return
	}
	s.Fail(list...)
	answerJSON(w, http.StatusOK, s.faults.listFaults())
}

// reportEvents reports events: {"message":"…","event":"bounce"} or an array of these.
func (s *Server) reportEvents(w http.ResponseWriter, r *http.Request) {
	type named struct {
		Message string `json:"message"` // message or send id
		Event
	}
	list, err := oneOrMany[named](w, r)
	if err != nil {
		answerErrors(w, http.StatusBadRequest, apiError{Message: "an event is written like {\"message\":\"a message or send id\",\"event\":\"bounce\"}: " + err.Error()})
		return
	}
	var errs []apiError
	for _, e := range list {
		if err := s.Report(e.Message, e.Event); err != nil {
			errs = append(errs, apiError{Message: err.Error()})
		}
	}
	if len(errs) > 0 {
		answerErrors(w, http.StatusUnprocessableEntity, errs...)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// webhookView is what GET and POST /_standin/webhooks answer.
type webhookView struct {
	URL       string        `json:"url"`
	PublicKey string        `json:"public_key"`
	Disorder  Disorder      `json:"disorder"`
	Counts    WebhookCounts `json:"counts"`
}

func (s *Server) showWebhooks(w http.ResponseWriter, _ *http.Request) {
	s.hook.mu.Lock()
	v := webhookView{URL: s.hook.url, Disorder: s.hook.disorder, Counts: s.hook.counts}
	s.hook.mu.Unlock()
	v.PublicKey = s.PublicKey()
	answerJSON(w, http.StatusOK, v)
}

// setWebhooks sets the disorder, and the URL if one is given: {"duplicate":0.2,"reorder":true,"url":"http://127.0.0.1:…"}.
func (s *Server) setWebhooks(w http.ResponseWriter, r *http.Request) {
	var body struct {
		URL *string `json:"url"`
		Disorder
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&body)
	if err == nil && body.URL != nil {
		err = s.SetWebhook(*body.URL)
	}
	if err != nil {
		answerErrors(w, http.StatusBadRequest, apiError{Message: err.Error()})
		return
	}
	s.SetDisorder(body.Disorder)
	s.showWebhooks(w, r)
}

// oneOrMany reads a JSON value or an array of them.
func oneOrMany[T any](w http.ResponseWriter, r *http.Request) ([]T, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	list := make([]T, 1)
	if strings.HasPrefix(strings.TrimSpace(string(body)), "[") {
		return list, json.Unmarshal(body, &list)
	}
	return list, json.Unmarshal(body, &list[0])
}
