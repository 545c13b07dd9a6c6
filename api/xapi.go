package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"time"

	"homeroom/catalog"
)

// The statements of xAPI: https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md. What is stored are events; this is no
// record store, and statements cannot be read from it.

const (
	headerXAPI    = "X-Experience-Api-Version"
	xapiVersion   = "1.0.3" // with which answers are given
	statementName = "xapi"  // under which a statement becomes a dead letter
)

var (
	xapiVersions = regexp.MustCompile(`^(1\.0(\.[0-9]{1,2})?|2\.0(\.[0-9]{1,2})?)$`)
	statementID  = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

// serveAbout is GET /xapi/about.
func serveAbout(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(headerXAPI, xapiVersion)
	writeJSON(w, http.StatusOK, "application/json", map[string][]string{"version": {"1.0.3", "2.0.0"}})
}

// servePostStatements is POST /xapi/statements: one statement, or an array. The answer has their ids.
func (a *API) servePostStatements(w http.ResponseWriter, r *http.Request) {
	a.serveStatements(w, r, "", func(ids []string) { writeJSON(w, http.StatusOK, "application/json", ids) })
}

// servePutStatement is PUT /xapi/statements?statementId=…: one statement.
func (a *API) servePutStatement(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("statementId")
	if !statementID.MatchString(id) {
		w.Header().Set(headerXAPI, xapiVersion)
		writeProblem(w, newProblem(http.StatusBadRequest, catalog.CodeBadID, "statementId is no UUID", "PUT has ?statementId=… with the id of the statement; POST needs none"))
		return
	}
	a.serveStatements(w, r, id, func([]string) { w.WriteHeader(http.StatusNoContent) })
}

// serveStatements takes statements; put is the id of the only one, or "". succeed answers when the stream has all.
func (a *API) serveStatements(w http.ResponseWriter, r *http.Request, put string, succeed func(ids []string)) {
	w.Header().Set(headerXAPI, xapiVersion)
	var ids []string
	split := func(h http.Header, body []byte) (items []item, p *problem) {
		if version := h.Get(headerXAPI); !xapiVersions.MatchString(version) {
			return nil, newProblem(http.StatusBadRequest, codeXAPIVersion, "the header X-Experience-API-Version is missing, or not of 1.0 or 2.0", "send X-Experience-API-Version: 1.0.3")
		}
		items, ids, p = splitStatements(h, body, put, a.o.Now())
		return items, p
	}
	a.serveItems(w, r, ScopeEvents, split, func(w http.ResponseWriter, result *Result, batch bool) {
		if result.Unconfirmed > 0 || result.Refused > 0 {
			writeResult(w, result, batch)
			return
		}
		succeed(ids)
	})
}

// splitStatements returns the statements of a body, each with an id and a time, and their ids.
func splitStatements(h http.Header, body []byte, put string, received time.Time) (items []item, ids []string, p *problem) {
	if body, h, p = withoutAttachments(h, body); p != nil {
		return nil, nil, p
	}
	items, batch, p := splitItems(http.Header{headerContentType: h[headerContentType]}, body)
	if p == nil && batch && put != "" {
		p = newProblem(http.StatusBadRequest, codeUnreadable, "PUT takes one statement", "post arrays")
	}
	if p != nil {
		return nil, nil, p
	}
	seen := map[string]bool{}
	ids = make([]string, len(items))
	kept := items[:0]
	for i, one := range items {
		id, made, p := completeStatement(&one, put, received)
		if p == nil && seen[id] && made {
			ids[i] = id // the same statement twice is one event
			continue
		}
		if p == nil && seen[id] {
			p = newProblem(http.StatusBadRequest, catalog.CodeBadID, "two statements have one id", "give each its own")
		}
		if p != nil {
			p.Detail = fmt.Sprintf("statement %d: %s", i, p.Detail)
			return nil, nil, p
		}
		seen[id] = true
		ids[i] = id
		kept = append(kept, one)
	}
	return kept, ids, nil
}

// withoutAttachments returns the statements of a multipart/mixed body, which are its first part; any other body as it is.
func withoutAttachments(h http.Header, body []byte) ([]byte, http.Header, *problem) {
	media, parameters, err := mime.ParseMediaType(h.Get(headerContentType))
	if err != nil || media != "multipart/mixed" {
		return body, h, nil
	}
	part, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).NextPart()
	var statements []byte
	if err == nil {
		statements, err = io.ReadAll(part)
	}
	if err != nil {
		return nil, nil, newProblem(http.StatusBadRequest, codeUnreadable, "the first part of the multipart body cannot be read", "let it hold the statements, as application/json")
	}
	return statements, http.Header{headerContentType: part.Header[headerContentType]}, nil
}

// completeStatement checks a statement's form, gives it an id and a time if it has none, and returns its id. Without an id it is named by its
// content, and by the day if that has no time, so that the same statement again is the same event; made reports that.
func completeStatement(one *item, put string, received time.Time) (id string, made bool, p *problem) {
	if len(one.raw) > catalog.MaxBody {
		return "", false, newTooLarge()
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(one.raw, &fields); err != nil || fields == nil {
		return "", false, newProblem(http.StatusBadRequest, codeUnreadable, "it is no JSON object", "send a statement with actor, verb and object")
	}
	for _, name := range []string{"actor", "verb", "object"} {
		if !bytes.HasPrefix(bytes.TrimSpace(fields[name]), []byte("{")) {
			return "", false, newProblem(http.StatusBadRequest, codeUnreadable, "it has no "+name, "send a statement with actor, verb and object")
		}
	}
	one.deadName = statementName
	hasTime := !isAbsent(fields["timestamp"]) || !isAbsent(fields["stored"])
	changed := !hasTime
	if !hasTime {
		fields["timestamp"] = quoteJSON(received.UTC().Format(time.RFC3339Nano))
	}
	switch {
	case !isAbsent(fields["id"]):
		if err := json.Unmarshal(fields["id"], &id); err != nil || !statementID.MatchString(id) || put != "" && !strings.EqualFold(put, id) {
			return "", false, newProblem(http.StatusBadRequest, catalog.CodeBadID, "its id is no UUID, or not the one of statementId", "leave it out, or write it as a UUID")
		}
		if lower := strings.ToLower(id); lower != id {
			id = lower
			fields["id"] = quoteJSON(id)
			changed = true
		}
	default:
		if id = strings.ToLower(put); id == "" {
			id = newStatementID(one.raw, hasTime, received)
			made = true
		}
		fields["id"] = quoteJSON(id)
		changed = true
	}
	if changed {
		completed, err := encodeFields(fields)
		if err != nil {
			return "", false, newProblem(http.StatusBadRequest, codeUnreadable, "it cannot be read", "send a statement with actor, verb and object")
		}
		one.raw = completed
	}
	if len(one.raw) > catalog.MaxBody { // with its id and its time
		return "", false, newTooLarge()
	}
	return id, made, nil
}

func newTooLarge() *problem {
	return newProblem(http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("it has more than %d KB", catalog.MaxBody>>10), "leave out what is not needed")
}

// encodeFields returns an object's fields as JSON. Their values stay as they are written: escaping <, > and & would make six bytes of each.
func encodeFields(fields map[string]json.RawMessage) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(fields)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}

func quoteJSON(text string) json.RawMessage { return json.RawMessage(`"` + text + `"`) }

// newStatementID returns a UUID of the content, and of the day (UTC) if that has no time: the same statement on another day is another.
func newStatementID(raw []byte, hasTime bool, received time.Time) string {
	content := raw
	if !hasTime {
		content = append([]byte(received.UTC().Format(time.DateOnly)+" "), raw...)
	}
	sum := sha256.Sum256(content)
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// checkObject refuses what is no JSON object.
func checkObject(raw []byte) *problem {
	if raw = bytes.TrimSpace(raw); bytes.HasPrefix(raw, []byte("{")) && json.Valid(raw) {
		return nil
	}
	return newProblem(http.StatusBadRequest, codeUnreadable, "the body is no JSON object, nor an array of objects", "post what the platform writes, as JSON")
}
