package api

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// caliperName is the name under which a Caliper event becomes a dead letter.
const caliperName = "caliper"

// serveCaliper is POST /v1/caliper: an envelope with events and entities, or an event. https://www.imsglobal.org/spec/caliper/v1p2
func (a *API) serveCaliper(w http.ResponseWriter, r *http.Request) {
	a.serveItems(w, r, ScopeEvents, splitCaliper, func(w http.ResponseWriter, r *Result, batch bool) {
		if r.Unconfirmed > 0 || r.Refused > 0 {
			writeResult(w, r, batch)
			return
		}
		writeJSON(w, http.StatusOK, "application/json", r) // which is what sensors expect
	})
}

// splitCaliper returns the events and entities of a body.
func splitCaliper(h http.Header, body []byte) ([]item, *problem) {
	kind, p := formOf(h)
	if p != nil || kind != formJSON {
		return nil, newProblem(http.StatusUnsupportedMediaType, codeContentType, "an envelope is JSON", "send Content-Type: application/json")
	}
	content := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\uFEFF")))
	var envelope struct {
		Sensor json.RawMessage `json:"sensor"`
		Data   json.RawMessage `json:"data"`
	}
	if p := checkObject(content); p != nil {
		return nil, p
	}
	items := []item{{raw: content}}
	if err := json.Unmarshal(content, &envelope); err == nil && envelope.Data != nil {
		var p *problem
		if items, p = splitArray(envelope.Data); p != nil {
			return nil, p
		}
	}
	for i := range items {
		if p := checkObject(items[i].raw); p != nil {
			return nil, p
		}
		items[i].deadName = caliperName
	}
	return items, nil
}
