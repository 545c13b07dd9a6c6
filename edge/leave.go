package edge

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"

	"homeroom/internal/links"
)

// What the buttons post as "do": the first four on the unsubscribe page, the others on the preferences page.
const (
	doLeave   = "leave"    // the link's topic; without one, everything
	doAll     = "all"      // leaves everything
	doUndo    = "undo"     // takes doLeave back
	doUndoAll = "undo-all" // takes doAll back
	doSave    = "save"     // the topics as they are ticked
	doStop    = "stop"     // leaves everything
	doResume  = "resume"   // takes doStop back
	doLift    = "lift"     // takes the address off the suppression list
)

// askLeave shows a page with a button. It changes nothing: programs follow links in mails, too.
func (e *Edge) askLeave(w http.ResponseWriter, r *http.Request) {
	now := e.o.Now()
	ref, err := e.o.Links.ReadUnsubscribe(r.PathValue("token"), now)
	if err != nil {
		e.serveRefusal(w, r, err)
		return
	}
	prefs, err := e.o.People.Preferences(r.Context(), ref.Learner)
	if err != nil {
		e.serveFailure(w, r, "unsubscribe", err)
		return
	}
	v := e.unsubscribeView(r, prefs, ref, now)
	v.All = v.All || !prefs.Everything
	if !prefs.Everything || ref.Topic != "" && !prefs.getsTopic(e.topicNamed(ref.Topic)) {
		v.Title = v.W.LeftTitle
		e.renderPage(w, http.StatusOK, "left", v)
		return
	}
	v.Title = v.W.AskTitle
	e.renderPage(w, http.StatusOK, "ask", v)
}

// serveUnsubscribe takes in what the page's buttons say. Every other POST is a mail program's one click (RFC 8058): it leaves the
// topic, whatever its body says.
func (e *Edge) serveUnsubscribe(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	now := e.o.Now()
	ref, err := e.o.Links.ReadUnsubscribe(token, now)
	if err != nil { // who makes tokens up has as many as they like
		if e.withinLimit(w, r, "unsubscribe", e.clientAddress(r)) {
			e.serveRefusal(w, r, err)
		}
		return
	}
	if !e.withinLimit(w, r, "unsubscribe", linkKey(token)) {
		return
	}
	form, err := readForm(w, r)
	if err != nil {
		e.serveNotice(w, r, "", http.StatusRequestEntityTooLarge)
		return
	}
	if do := form.Get("do"); do != "" {
		e.onButtonPressed(w, r, do, ref, token, now)
		return
	}
	choice := choiceOf(doLeave, ref)
	choice.ForAddress = true
	err = e.o.People.Choose(r.Context(), ref.Learner, choice, now)
	switch {
	case err == nil:
		e.publishUnsubscribed(r.Context(), ref, ref.Topic, token, now)
	case !e.isUnknown(err): // who was erased gets nothing any more, which is what was asked for
		e.serveFailure(w, r, "unsubscribe", err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "Unsubscribed.")
}

// onButtonPressed answers a button of the page.
func (e *Edge) onButtonPressed(w http.ResponseWriter, r *http.Request, do string, ref links.Ref, token string, now time.Time) {
	prefs, err := e.o.People.Preferences(r.Context(), ref.Learner)
	if err != nil {
		e.serveFailure(w, r, "unsubscribe", err)
		return
	}
	choice := e.keepOptInTopicsOff(choiceOf(do, ref), prefs)
	if choice.isEmpty() {
		e.askLeave(w, r)
		return
	}
	if err := e.o.People.Choose(r.Context(), ref.Learner, choice, now); err != nil {
		e.serveFailure(w, r, "unsubscribe", err)
		return
	}
	v := e.unsubscribeView(r, prefs, ref, now)
	v.All = choice.Everything != nil
	if do == doUndo || do == doUndoAll {
		e.publishResubscribed(r.Context(), ref, choice.onlyTopic(), token, now)
		v.Title = v.W.BackTitle
		e.renderPage(w, http.StatusOK, "back", v)
		return
	}
	e.publishUnsubscribed(r.Context(), ref, choice.onlyTopic(), token, now)
	v.Title = v.W.LeftTitle
	e.renderPage(w, http.StatusOK, "left", v)
}

// choiceOf is what a button of the unsubscribe page says; nothing, if there is no such button.
func choiceOf(do string, ref links.Ref) Choice {
	everything := ref.Topic == "" || do == doAll || do == doUndoAll
	var want bool
	switch do {
	case doLeave, doAll:
	case doUndo, doUndoAll:
		want = true
	default:
		return Choice{}
	}
	if everything {
		return Choice{Everything: &want}
	}
	return Choice{Topics: map[string]bool{ref.Topic: want}}
}

// keepOptInTopicsOff keeps those who come back from getting what is off by default, should coming back count as a consent to mail as
// such: they get what they got before, and not more.
func (e *Edge) keepOptInTopicsOff(c Choice, before PreferencesPage) Choice {
	if c.Everything == nil || !*c.Everything || before.Consented || c.Topics != nil {
		return c
	}
	for _, t := range e.o.Topics() {
		if _, chose := before.Topics[t.Name]; !chose && !t.Default {
			if c.Topics == nil {
				c.Topics = map[string]bool{}
			}
			c.Topics[t.Name] = false
		}
	}
	return c
}

func (c Choice) isEmpty() bool { return c.Everything == nil && len(c.Topics) == 0 && !c.Lift }

// unsubscribeView begins a page about what a link means.
func (e *Edge) unsubscribeView(r *http.Request, prefs PreferencesPage, ref links.Ref, now time.Time) *view {
	v := e.newView(r, prefs.Locale)
	v.Choose = e.preferencesLink(ref, now)
	v.All = ref.Topic == ""
	if ref.Topic != "" {
		v.Topic = e.topicNamed(ref.Topic).titleIn(v.W.Lang)
	}
	return v
}

// publishUnsubscribed publishes that the learner left a topic or, without one, everything. That is one event for each link,
// however often the mail program asks.
func (e *Edge) publishUnsubscribed(ctx context.Context, ref links.Ref, topic, token string, now time.Time) {
	e.publishPageEvent(ctx, pageEvent{
		kind:       "unsubscribe",
		learner:    ref.Learner,
		event:      "email.unsubscribed",
		by:         token + " " + topic,
		at:         now,
		properties: withoutEmpty(map[string]any{"topic": topic, "send_id": ref.Send}),
	})
}

// publishResubscribed publishes that the learner wants a topic again or, without one, mail as such. Nothing decides by it: what they
// want is stored. It is for whoever reads the story later.
func (e *Edge) publishResubscribed(ctx context.Context, ref links.Ref, topic, token string, now time.Time) {
	e.publishPageEvent(ctx, pageEvent{
		kind:       "resubscribe",
		learner:    ref.Learner,
		event:      "email.resubscribed",
		by:         token + " " + topic + now.UTC().Format(time.RFC3339),
		at:         now,
		properties: withoutEmpty(map[string]any{"topic": topic, "send_id": ref.Send}),
	})
}

// onlyTopic is the choice's one topic; empty: it is about everything.
func (c Choice) onlyTopic() string {
	for topic := range c.Topics {
		if c.Everything == nil {
			return topic
		}
	}
	return ""
}

// serveRefusal answers a request whose link cannot be read.
func (e *Edge) serveRefusal(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, links.ErrExpired) {
		e.serveNotice(w, r, "", http.StatusGone)
		return
	}
	e.serveNotice(w, r, "", http.StatusNotFound)
}

// readForm reads a body as a form, if it is one. The only error is that it is too large.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var err error
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		err = r.ParseMultipartForm(maxBody)
	} else {
		err = r.ParseForm()
	}
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, err
	}
	return r.PostForm, nil // of what is malformed, as far as it goes; of other types, empty
}
