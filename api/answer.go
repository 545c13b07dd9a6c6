package api

import "net/http"

// Status is what became of an item.
type Status string

// The statuses.
const (
	Stored      Status = "stored"      // the stream has it
	Repeated    Status = "repeated"    // the stream had it already: its id came before
	Ignored     Status = "ignored"     // it is known and not wanted, and was not stored
	Refused     Status = "refused"     // it is wrong and was not stored; it must be mended
	DeadLetter  Status = "dead_letter" // the stream has it, and it becomes a dead letter: who posted it cannot mend it
	Unconfirmed Status = "unconfirmed" // whether the stream has it is not known: send it again, with the same id
)

// Result is what became of the items of a request.
type Result struct {
	Stored      int `json:"stored"`
	Repeated    int `json:"repeated"`
	Ignored     int `json:"ignored"`
	Refused     int `json:"refused"`
	DeadLetters int `json:"dead_letters"`
	Unconfirmed int `json:"unconfirmed"`
	// Items are those that need attention, in their order: what was refused, what becomes a dead letter, what is not confirmed, and what
	// was stored with remarks. Every other item was stored or ignored.
	Items []ItemResult `json:"items,omitempty"`
}

// ItemResult is what became of one item.
type ItemResult struct {
	Index   int      `json:"index"` // from 0, in the request
	ID      string   `json:"id,omitempty"`
	Status  Status   `json:"status"`
	Code    string   `json:"code,omitempty"`
	Detail  string   `json:"detail,omitempty"`
	Hint    string   `json:"hint,omitempty"`
	Remarks []string `json:"remarks,omitempty"` // what of it is not used: traits, and properties that look misspelt
}

// add counts an item, and keeps it if it needs attention.
func (r *Result) add(i ItemResult) {
	switch i.Status {
	case Stored:
		r.Stored++
	case Repeated:
		r.Repeated++
	case Ignored:
		r.Ignored++
	case Refused:
		r.Refused++
	case DeadLetter:
		r.DeadLetters++
	case Unconfirmed:
		r.Unconfirmed++
	}
	if i.Status == Refused || i.Status == DeadLetter || i.Status == Unconfirmed || len(i.Remarks) > 0 {
		r.Items = append(r.Items, i)
	}
}

// writeResult answers what became of the items. A success says that the stream has confirmed each of them.
func writeResult(w http.ResponseWriter, r *Result, batch bool) {
	switch {
	case r.Unconfirmed > 0:
		p := newProblem(http.StatusServiceUnavailable, codeUnconfirmed, "the stream has not confirmed every event", "send the request again: what was stored is recognized by its id")
		p.retry = retryUnconfirmed
		p.Result = r
		writeProblem(w, p)
	case r.Refused == 0:
		writeJSON(w, http.StatusAccepted, "application/json", r)
	case !batch:
		writeProblem(w, describeRefused(r))
	case r.Refused == len(r.Items) && r.Stored+r.Repeated+r.Ignored+r.DeadLetters == 0:
		p := newProblem(http.StatusBadRequest, codeRefused, "every event was refused", "see what items says of each")
		p.Result = r
		writeProblem(w, p)
	default:
		writeJSON(w, http.StatusMultiStatus, "application/json", r)
	}
}

// describeRefused returns the problem of a single event that was refused.
func describeRefused(r *Result) *problem {
	one := r.Items[0]
	status := http.StatusBadRequest
	if one.Code == codeTooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	p := newProblem(status, one.Code, one.Detail, one.Hint)
	p.Result = r
	return p
}
