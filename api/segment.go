package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Segment's HTTP API: https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/. Its libraries work with only
// the address changed. They put the write key into basic authentication, read nothing of an answer but its status, and send
// again, or give up, what is not a success.

// segmentCalls are the calls that have a path of their own.
func segmentCalls() []string {
	return []string{"track", "identify", "page", "screen", "group", "alias"}
}

// segmentRoutes are the paths of Segment's API.
func (a *API) segmentRoutes() []route {
	routes := []route{{"POST", "/v1/batch", a.serveSegment("")}}
	for _, call := range segmentCalls() {
		routes = append(routes, route{"POST", "/v1/" + call, a.serveSegment(call)})
	}
	return routes
}

// serveSegment answers a call, or a batch of them if call is empty.
func (a *API) serveSegment(call string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.serveItems(w, r, ScopeEvents, func(_ http.Header, body []byte) ([]item, *problem) { return splitCalls(body, call) }, writeSegmentResult)
	}
}

// splitCalls returns the calls of a body as items that the catalog reads: each with a type and an id.
func splitCalls(body []byte, call string) ([]item, *problem) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if call != "" {
		one, p := readCall(body, call)
		if p != nil {
			return nil, p
		}
		return []item{one}, nil
	}
	var envelope struct {
		Batch json.RawMessage `json:"batch"`
	}
	var calls []json.RawMessage
	err := json.Unmarshal(body, &envelope)
	if n := countElements(envelope.Batch); n > MaxItems {
		return nil, describeCount(n)
	}
	if err == nil && len(envelope.Batch) > 0 {
		err = json.Unmarshal(envelope.Batch, &calls)
	}
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, codeUnreadable, "the body is no batch of calls: "+err.Error(), `send {"batch": [call, …]}`)
	}
	if calls == nil { // a success would say that what stands elsewhere in the body was taken
		return nil, newProblem(http.StatusBadRequest, codeUnreadable, "the body has no batch", `send {"batch": [call, …]}; a single call has a path of its own, as /v1/track`)
	}
	items := make([]item, 0, len(calls))
	for _, raw := range calls {
		one, p := readCall(raw, "")
		if p != nil {
			one = item{raw: raw} // which the catalog refuses, with its words
		}
		items = append(items, one)
	}
	return items, nil
}

// readCall returns a call with its type and its id. A call without messageId gets one that is made of its content, so that the same
// body again is the same event.
func readCall(raw []byte, call string) (item, *problem) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return item{}, newProblem(http.StatusBadRequest, codeUnreadable, "the body is not a JSON object", "send a call as Segment's libraries do")
	}
	changed := false
	set := func(name, value string) {
		fields[name] = json.RawMessage(`"` + value + `"`)
		changed = true
	}
	if isAbsent(fields["messageId"]) {
		set("messageId", hashOf(raw))
	}
	if call != "" && isAbsent(fields["type"]) {
		set("type", call)
	}
	ignored := isUnwanted(fields["type"])
	if !changed {
		return item{raw: raw, unwanted: ignored}, nil
	}
	completed, err := encodeFields(fields)
	if err != nil {
		return item{}, newProblem(http.StatusBadRequest, codeUnreadable, "the call cannot be read", "send a call as Segment's libraries do")
	}
	return item{raw: completed, unwanted: ignored}, nil
}

// isAbsent reports whether a field is missing, null or empty.
func isAbsent(raw json.RawMessage) bool {
	text := strings.TrimSpace(string(raw))
	return text == "" || text == "null" || text == `""`
}

// isUnwanted reports whether a call is of a kind that says nothing about what a learner did. Where a source of the academy reads it, that
// counts.
func isUnwanted(kind json.RawMessage) bool {
	var name string
	return json.Unmarshal(kind, &name) == nil && slices.Contains([]string{"page", "screen", "group", "alias"}, name)
}

// segmentResult is Segment's answer, with what became of the calls.
type segmentResult struct {
	Success bool `json:"success"`
	*Result
}

// writeSegmentResult answers a call or a batch. Whoever sends a batch would send it again as a whole, or drop it, if one refused call
// made it a failure; refused calls are in the answer and in the metrics.
func writeSegmentResult(w http.ResponseWriter, r *Result, batch bool) {
	if r.Unconfirmed > 0 || r.Refused > 0 && !batch {
		writeResult(w, r, batch)
		return
	}
	writeJSON(w, http.StatusOK, "application/json", segmentResult{Success: true, Result: r})
}

// describeCount says how many items are too many.
func describeCount(n int) *problem {
	return newProblem(http.StatusRequestEntityTooLarge, codeTooMany, fmt.Sprintf("the batch holds %d events, at most %d are taken", n, MaxItems), "send smaller batches")
}
