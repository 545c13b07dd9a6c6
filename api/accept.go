package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
		if result.Status == Stored || result.Status == DeadLetter {
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
	if refusal != nil && one.deadName != "" {
		if message, result, ok := keepRefused(known, one, refusal); ok {
			return message, result
		}
		if source, _ := known.SourceOf(one.header, one.raw); source == "" && refusal.Code != catalog.CodeTooLarge && !catalog.NestsTooDeep(one.raw) {
			detail := "no source of the academy in force recognizes it"
			return Message{}, ItemResult{Status: Refused, Code: refusal.Code, Detail: detail, Hint: fmt.Sprintf("name %s under sources: in sources.yaml, and publish the academy", one.deadName)}
		}
	}
	if refusal != nil {
		return Message{}, ItemResult{Status: Refused, Code: refusal.Code, Detail: refusal.Message, Hint: refusal.Hint}
	}
	event := decoded.Event
	result := ItemResult{ID: event.ID, Status: Stored, Remarks: append(profile.Remarks(decoded.Traits), known.PropertyRemarks(&event)...)}
	return Message{
		Subject: subjects.Publish(event.Learner, event.Name),
		ID:      subjects.MsgID(event.Learner, event.ID),
		Header:  one.header,
		Body:    one.raw,
	}, result
}

// keepRefused returns a body that its source refuses as a message that becomes a dead letter. ok is false if no source recognizes it, or if
// it is too large to be stored.
func keepRefused(known *catalog.Catalog, one item, refusal *catalog.DecodeError) (m Message, r ItemResult, ok bool) {
	t, found := known.Translated(one.header, one.raw)
	if !found || refusal.Code == catalog.CodeTooLarge {
		return Message{}, ItemResult{}, false
	}
	learner := t.Learner
	if subjects.ValidLearner(learner) != nil {
		learner = subjects.NoLearner
	}
	m = Message{
		Subject: subjects.Publish(learner, one.deadName),
		ID:      subjects.MsgID(learner, hashOf(one.raw)),
		Header:  one.header,
		Body:    one.raw,
	}
	return m, ItemResult{Status: DeadLetter, Code: refusal.Code, Detail: refusal.Message, Hint: refusal.Hint}, true
}

// hashOf names a body by its content.
func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "hash-" + hex.EncodeToString(sum[:16])
}

// applyOutcome puts down what the stream said of an item.
func applyOutcome(result *ItemResult, outcome Outcome) {
	switch {
	case outcome.Err != nil:
		result.Status = Unconfirmed
		result.Code = codeUnconfirmed
		result.Detail = "the stream has not confirmed it"
		result.Hint = "send it again, with the same id"
	case outcome.Repeated && result.Status == Stored:
		result.Status = Repeated
	}
}

// countResult counts what became of items, for metrics.
func (a *API) countResult(r *Result) {
	for _, c := range []struct {
		status Status
		n      int
	}{{Stored, r.Stored}, {Repeated, r.Repeated}, {Ignored, r.Ignored}, {Refused, r.Refused}, {DeadLetter, r.DeadLetters}, {Unconfirmed, r.Unconfirmed}} {
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
			items, batch = a.splitForeignBatch(items[0])
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
	a.serveBody(w, r, func([]byte) (Key, *problem) { return key, nil }, split, answer)
}

// serveBody reads a request, asks for the key that its events count for, splits it, publishes the items and answers.
func (a *API) serveBody(w http.ResponseWriter, r *http.Request, findKey func(body []byte) (Key, *problem), split func(http.Header, []byte) ([]item, *problem), answer func(http.ResponseWriter, *Result, bool)) {
	held := &share{of: a.held}
	defer held.release()
	body, p := readBody(r, held)
	if p != nil {
		writeProblem(w, p)
		return
	}
	key, p := findKey(body)
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
