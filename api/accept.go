package api

import (
	"context"
	"net/http"
	"time"

	"homeroom/catalog"
	"homeroom/profile"
	"homeroom/subjects"
)

// Message is an event as the stream takes it.
type Message struct {
	Subject string
	ID      string // by which the stream recognizes a repeat
	Header  map[string][]string
	Body    []byte
}

// Outcome is what the stream said of a message.
type Outcome struct {
	Repeated bool
	Err      error // it is not confirmed; nil: it is stored
}

// Publisher stores messages, in their order, and returns what became of each when all are confirmed or given up.
type Publisher interface {
	PublishAll(ctx context.Context, messages []Message) []Outcome
}

// acceptItems decodes and publishes the items.
func (a *API) acceptItems(ctx context.Context, items []item) *Result {
	received := a.o.Now()
	known := a.o.Catalog()
	results := make([]ItemResult, len(items))
	messages := make([]Message, 0, len(items))
	places := make([]int, 0, len(items)) // of the messages among the items
	for i, one := range items {
		message, result := prepareItem(known, one, received)
		result.Index = i
		results[i] = result
		if result.Status == Stored {
			messages = append(messages, message)
			places = append(places, i)
		}
	}
	for n, outcome := range a.publishMessages(ctx, messages) {
		applyOutcome(&results[places[n]], outcome)
	}
	total := &Result{}
	for _, result := range results {
		total.add(result)
	}
	a.countResult(total)
	return total
}

// publishMessages publishes messages, if there are any.
func (a *API) publishMessages(ctx context.Context, messages []Message) []Outcome {
	if len(messages) == 0 {
		return nil
	}
	return a.o.Publisher.PublishAll(ctx, messages)
}

// prepareItem decodes an item as the triggers will, and returns it as a message, or why it is refused.
func prepareItem(known *catalog.Catalog, one item, received time.Time) (Message, ItemResult) {
	decoded, refusal := known.DecodeMessage("", "", one.header, one.raw, received)
	if refusal.IsIgnored() || refusal != nil && one.unwanted && refusal.Code == catalog.CodeUnknownEvent {
		return Message{}, ItemResult{Status: Ignored}
	}
	if refusal != nil {
		return Message{}, ItemResult{Status: Refused, Code: refusal.Code, Detail: refusal.Message, Hint: refusal.Hint}
	}
	event := decoded.Event
	result := ItemResult{ID: event.ID, Status: Stored, Remarks: profile.Remarks(decoded.Traits)}
	return Message{
		Subject: subjects.Publish(event.Learner, event.Name),
		ID:      subjects.MsgID(event.Learner, event.ID),
		Header:  one.header,
		Body:    one.raw,
	}, result
}

// applyOutcome puts down what the stream said of an item.
func applyOutcome(result *ItemResult, outcome Outcome) {
	switch {
	case outcome.Err != nil:
		result.Status = Unconfirmed
		result.Code = codeUnconfirmed
		result.Detail = "the stream has not confirmed it"
		result.Hint = "send it again, with the same id"
	case outcome.Repeated:
		result.Status = Repeated
	}
}

// countResult counts what became of items, for metrics.
func (a *API) countResult(r *Result) {
	for _, c := range []struct {
		status Status
		n      int
	}{{Stored, r.Stored}, {Repeated, r.Repeated}, {Ignored, r.Ignored}, {Refused, r.Refused}, {Unconfirmed, r.Unconfirmed}} {
		if c.n > 0 {
			a.o.Count(c.status, c.n)
		}
	}
}

// serveEvents is POST /v1/events.
func (a *API) serveEvents(w http.ResponseWriter, r *http.Request) {
	batch := false
	split := func(h http.Header, body []byte) (items []item, p *problem) {
		items, batch, p = splitItems(h, body)
		if p == nil && !batch && items[0].header == nil {
			items, batch = a.takeApart(items[0])
		}
		return items, p
	}
	a.serveItems(w, r, ScopeEvents, split, func(w http.ResponseWriter, r *Result, _ bool) { writeResult(w, r, batch) })
}

// serveItems reads a request whose key is for the scope, splits it, publishes the items and answers.
func (a *API) serveItems(w http.ResponseWriter, r *http.Request, scope string, split func(http.Header, []byte) ([]item, *problem), answer func(http.ResponseWriter, *Result, bool)) {
	key, p := a.authenticate(r, scope)
	if p != nil {
		writeProblem(w, p)
		return
	}
	held := &share{of: a.held}
	defer held.release()
	body, p := readBody(r, held)
	if p != nil {
		writeProblem(w, p)
		return
	}
	items, p := split(r.Header, body)
	if p == nil && len(items) > MaxItems {
		p = describeCount(len(items))
	}
	if p == nil {
		p = a.checkLimit(key, len(items))
	}
	if p != nil {
		writeProblem(w, p)
		return
	}
	answer(w, a.acceptItems(r.Context(), items), len(items) != 1)
}

// checkLimit counts the items against the limit of their key.
func (a *API) checkLimit(key Key, items int) *problem {
	wait, ok := a.limits.allowEvents(key, items, a.o.Now())
	if ok {
		return nil
	}
	p := newProblem(http.StatusTooManyRequests, codeLimit, "the write key has used up its events for now", "send it again after the time in Retry-After")
	p.retry = wait
	return p
}
