package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"homeroom/catalog"
)

// item is one event of a request, as it came.
type item struct {
	header map[string][]string // those of a CloudEvent; nil: none
	raw    []byte
	// unwanted: if nobody knows what kind of event it is, it is passed over instead of refused.
	unwanted bool
	// deadName: if a source recognizes it and refuses it, it is published under this name and becomes a dead letter, instead of being
	// refused; empty: it is refused.
	deadName string
}

// form is how the events stand in a body.
type form int

const (
	formJSON   form = iota // one object, or an array of them
	formLines              // an object a line
	formWhole              // one event: the whole body, with the headers
	formEvents             // an array of structured CloudEvents
)

// formOf returns how the events stand in the body of a request, by its headers.
func formOf(h http.Header) (form, *problem) {
	if h.Get("Ce-Specversion") != "" {
		return formWhole, nil
	}
	value := h.Get(headerContentType)
	if value == "" {
		return formJSON, nil
	}
	media, _, err := mime.ParseMediaType(value)
	if err != nil {
		return 0, newProblem(http.StatusUnsupportedMediaType, codeContentType, "the header Content-Type cannot be read", hintContentType)
	}
	switch {
	case media == "application/cloudevents+json" || media == "application/cloudevents":
		return formWhole, nil
	case media == "application/cloudevents-batch+json" || media == "application/cloudevents-batch":
		return formEvents, nil
	case media == "application/x-ndjson" || media == "application/ndjson" || media == "application/jsonl" || media == "application/jsonlines" || media == "application/x-jsonlines":
		return formLines, nil
	case media == "application/json" || media == "text/json" || media == "text/plain" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return formJSON, nil
	}
	return 0, newProblem(http.StatusUnsupportedMediaType, codeContentType, fmt.Sprintf("a body of the type %.64q is not read", media), hintContentType)
}

const hintContentType = "send Content-Type: application/json, application/x-ndjson, application/cloudevents+json or application/cloudevents-batch+json"

// splitItems returns the events of a body in their order, and whether they came as a batch. Of a body that cannot be split no
// event is returned.
func splitItems(h http.Header, body []byte) (items []item, batch bool, p *problem) {
	kind, p := formOf(h)
	if p != nil {
		return nil, false, p
	}
	content := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	switch kind {
	case formWhole:
		return []item{{header: eventHeaders(h), raw: body}}, false, nil
	case formLines:
		items, p = splitLines(content)
	case formJSON, formEvents:
		if kind == formJSON && !bytes.HasPrefix(content, []byte{'['}) {
			return splitOne(content)
		}
		items, p = splitArray(content)
	}
	if p == nil && len(items) > MaxItems {
		p = describeCount(len(items))
	}
	if p == nil && len(items) == 0 {
		p = newProblem(http.StatusBadRequest, codeEmpty, "there is no event in the body", "send an event, or an array of events")
	}
	if p != nil {
		return nil, true, p
	}
	return items, true, nil
}

func splitOne(content []byte) ([]item, bool, *problem) {
	if len(content) == 0 {
		return nil, false, newProblem(http.StatusBadRequest, codeEmpty, "the body is empty", "send an event as a JSON object")
	}
	return []item{{raw: content}}, false, nil
}

// splitForeignBatch returns the events of a body that is a batch in another format, split as the catalog splits the bodies of a file; batch is
// false if it is a single event.
func (a *API) splitForeignBatch(one item) (items []item, batch bool) {
	if len(one.raw) > catalog.MaxBody {
		return []item{one}, false // no source reads it
	}
	bodies := a.o.Catalog().Split(one.header, one.raw)
	if len(bodies) == 1 && bytes.Equal(bodies[0], one.raw) {
		return []item{one}, false
	}
	items = make([]item, len(bodies))
	for i, body := range bodies {
		items[i].raw = body
	}
	return items, true
}

// splitArray returns the elements of an array.
func splitArray(content []byte) ([]item, *problem) {
	if n := countElements(content); n > MaxItems {
		return nil, describeCount(n)
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(content, &elements); err != nil {
		detail := "the body is no JSON array"
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			detail = fmt.Sprintf("the body is not JSON: %s, at byte %d", syntax.Error(), syntax.Offset)
		}
		return nil, newProblem(http.StatusBadRequest, codeUnreadable, detail, "nothing of it was stored: mend it and send it again")
	}
	items := make([]item, len(elements))
	for i, element := range elements {
		items[i].raw = element
	}
	return items, nil
}

// countElements returns how many elements an array has, at a cost of no memory; of text that is no array, any number.
func countElements(array []byte) int {
	count := 1
	depth := 0
	quoted := false
	for i := 0; i < len(array); i++ {
		switch b := array[i]; {
		case b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			depth--
		case b == ',' && depth == 1:
			count++
		}
	}
	return count
}

// splitLines returns the lines that are not empty.
func splitLines(content []byte) ([]item, *problem) {
	items := make([]item, 0, min(bytes.Count(content, []byte{'\n'})+1, MaxItems))
	count := 0
	for line := range bytes.Lines(content) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if count++; count <= MaxItems { // more are only counted: they would use up the memory
			items = append(items, item{raw: line})
		}
	}
	if count > MaxItems {
		return nil, describeCount(count)
	}
	return items, nil
}

// eventHeaders returns the headers that are part of a CloudEvent, and no other.
func eventHeaders(h http.Header) map[string][]string {
	header := map[string][]string{}
	for name, values := range h {
		if strings.HasPrefix(name, "Ce-") || name == headerContentType {
			header[name] = values
		}
	}
	return header
}
