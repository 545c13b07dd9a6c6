package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Codes of problems. Those of refused items are the codes of package catalog.
const (
	codeNoKey         = "no_key"           // 401: no write key came along
	codeUnknownKey    = "unknown_key"      // 401: no such key
	codeRevokedKey    = "revoked_key"      // 401: the key was revoked
	codeSignature     = "signature"        // 401: of the body, missing or wrong
	codeOutOfScope    = "out_of_scope"     // 403: the key is for something else
	codeNoSuchPath    = "no_such_path"     // 404
	codeNoSuchSource  = "no_such_source"   // 404
	codeMethod        = "method"           // 405
	codeSlow          = "slow"             // 408: the body did not come in time
	codeTooLarge      = "too_large"        // 413: of the request
	codeTooMany       = "too_many"         // 413: items in one request
	codeContentType   = "content_type"     // 415
	codeEncoding      = "content_encoding" // 415: other than gzip; 400: not what the header says
	codeUnreadable    = "unreadable"       // 400: the body as a whole
	codeXAPIVersion   = "xapi_version"     // 400: the header is missing, or another version
	codeEmpty         = "empty"            // 400: no event in it
	codeRefused       = "refused"          // 400: every item was refused
	codeLimit         = "rate_limit"       // 429
	codeFault         = "fault"            // 500: of Homeroom; the log has it
	codeBusy          = "busy"             // 503: too many bodies at once
	codeUnconfirmed   = "unconfirmed"      // 503: the stream has not confirmed every event
	mediaTypeProblem  = "application/problem+json"
	headerRetry       = "Retry-After"
	retryBusy         = time.Second
	retryUnconfirmed  = 5 * time.Second
	headerContentType = "Content-Type"
)

// problem is an answer that something was not done, as RFC 9457 has it. type is left out: it is "about:blank", the title is the
// status in words, and code says what it is about.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`

	// Result is what became of the items, if any were looked at.
	*Result

	retry time.Duration // when it may be tried again; 0: not by itself
	allow string        // for a method that is not allowed: those that are
}

// newProblem returns a problem; hint says what to do and may be empty.
func newProblem(status int, code, detail, hint string) *problem {
	return &problem{Title: http.StatusText(status), Status: status, Code: code, Detail: detail, Hint: hint}
}

// writeProblem answers with a problem.
func writeProblem(w http.ResponseWriter, p *problem) {
	h := w.Header()
	if p.retry > 0 {
		h.Set(headerRetry, strconv.Itoa(max(1, int((p.retry+time.Second-1)/time.Second))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="homeroom"`)
	}
	if p.Status == http.StatusRequestTimeout {
		h.Set("Connection", "close")
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	writeJSON(w, p.Status, mediaTypeProblem, p)
}

// writeJSON writes an answer. What cannot be written has nobody to hear of it.
func writeJSON(w http.ResponseWriter, status int, mediaType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set(headerContentType, mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)+1))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
