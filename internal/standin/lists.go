package standin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The suppression lists, by their names in the API's paths: /v3/suppression/{list}.
const (
	ListBounces      = "bounces"
	ListBlocks       = "blocks" // does not keep mail back
	ListSpamReports  = "spam_reports"
	ListInvalid      = "invalid_emails"
	ListUnsubscribes = "unsubscribes"
)

// Listed is an address on a suppression list. Its JSON is the API's; ip is of spam reports, status of bounces and blocks.
type Listed struct {
	Created int64  `json:"created"` // unix seconds
	Email   string `json:"email"`
	Reason  string `json:"reason,omitempty"`
	Status  string `json:"status,omitempty"`
	IP      string `json:"ip,omitempty"`
}

// maxListed is the API's largest page.
const maxListed = 500

// dropReasons are the reasons of `dropped` by list, the one that counts first. A list that is not here keeps no mail back.
var dropReasons = []struct{ list, reason string }{
	{ListSpamReports, "Spam Reporting Address"},
	{ListUnsubscribes, "Unsubscribed Address"},
	{ListInvalid, "Invalid"},
	{ListBounces, "Bounced Address"},
}

// suppressionLists holds addresses by list, and by address in small letters.
type suppressionLists struct {
	mu       sync.Mutex
	lists    map[string]map[string]Listed
	window   int64 // the minute whose requests are counted
	requests int
}

func newSuppressionLists() *suppressionLists {
	s := &suppressionLists{lists: map[string]map[string]Listed{}}
	for _, list := range []string{ListBounces, ListBlocks, ListSpamReports, ListInvalid, ListUnsubscribes} {
		s.lists[list] = map[string]Listed{}
	}
	return s
}

// addListed puts an address on a list, or renews its entry. It reports whether there is such a list.
func (s *suppressionLists) addListed(list string, entry Listed) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lists[list] == nil {
		return false
	}
	s.lists[list][strings.ToLower(entry.Email)] = entry
	return true
}

// removeListed takes an address off a list and reports whether it was there.
func (s *suppressionLists) removeListed(list, email string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, found := s.lists[list][strings.ToLower(email)]
	delete(s.lists[list], strings.ToLower(email))
	return found
}

// findListed returns the entries of a list that were created within a time, both ends included, the newest first.
func (s *suppressionLists) findListed(list string, from, to int64) []Listed {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Listed{}
	for _, entry := range s.lists[list] {
		if entry.Created >= from && entry.Created <= to {
			found = append(found, entry)
		}
	}
	slices.SortFunc(found, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), strings.Compare(a.Email, b.Email))
	})
	return found
}

// dropReason returns why mail to an address is dropped; empty: it is not.
func (s *suppressionLists) dropReason(email string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range dropReasons {
		if _, found := s.lists[d.list][strings.ToLower(email)]; found {
			return d.reason
		}
	}
	return ""
}

// noteEvent puts the address of an event on the list that the event belongs to.
func (s *suppressionLists) noteEvent(e Event) {
	entry := Listed{Created: e.At.Unix(), Email: e.Email, Reason: e.Reason, Status: e.Status}
	switch {
	case e.Kind == Bounce && e.BounceType == "bounce":
		s.addListed(ListBounces, entry)
	case e.Kind == Bounce:
		s.addListed(ListBlocks, entry)
	case e.Kind == SpamReport:
		s.addListed(ListSpamReports, Listed{Created: entry.Created, Email: entry.Email, IP: "203.0.113.7"})
	case e.Kind == Unsubscribe:
		s.addListed(ListUnsubscribes, Listed{Created: entry.Created, Email: entry.Email})
	}
}

// countRequest counts a request about lists, and returns how many are left in this minute; negative: it is one too many.
func (s *suppressionLists) countRequest(now time.Time, limit int) (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if minute := now.Unix() / 60; minute != s.window {
		s.window = minute
		s.requests = 0
	}
	s.requests++
	return limit - s.requests
}

// AddListed puts an address on a suppression list. It returns an error if there is no such list.
func (s *Server) AddListed(list string, entry Listed) error {
	if entry.Created == 0 {
		entry.Created = s.now().Unix()
	}
	if !s.lists.addListed(list, entry) {
		return fmt.Errorf("the stand-in SendGrid has no list %q", list)
	}
	return nil
}

// ListedOn returns what is on a suppression list, the newest first.
func (s *Server) ListedOn(list string) []Listed { return s.lists.findListed(list, 0, 1<<62) }

// addListRoutes answers what the API says of suppression lists:
//
//	GET    /v3/suppression/{list}                     ?start_time= &end_time= (unix seconds, inclusive) &limit= (500 at the most) &offset=
//	GET    /v3/suppression/{list}/{email}             an array with the entry, or an empty one
//	DELETE /v3/suppression/{list}/{email}             204, or 404
//	DELETE /v3/asm/suppressions/global/{email}        of unsubscribes
func (s *Server) addListRoutes(a Account) {
	s.mux.HandleFunc("GET /v3/suppression/{list}", s.aboutList(a, "read", func(w http.ResponseWriter, r *http.Request, list string) {
		page, err := readPage(r)
		if err != nil {
			answerErrors(w, http.StatusBadRequest, apiError{Message: err.Error()})
			return
		}
		found := s.lists.findListed(list, page.from, page.to)
		found = found[min(page.offset, len(found)):]
		answerJSON(w, http.StatusOK, found[:min(page.limit, len(found))])
	}))
	s.mux.HandleFunc("GET /v3/suppression/{list}/{email}", s.aboutList(a, "read", func(w http.ResponseWriter, r *http.Request, list string) {
		found := slices.DeleteFunc(s.ListedOn(list), func(e Listed) bool { return !strings.EqualFold(e.Email, r.PathValue("email")) })
		answerJSON(w, http.StatusOK, found)
	}))
	remove := func(w http.ResponseWriter, r *http.Request, list string) {
		if !s.lists.removeListed(list, r.PathValue("email")) {
			answerErrors(w, http.StatusNotFound, apiError{Message: "resource not found"})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
	s.mux.HandleFunc("DELETE /v3/suppression/{list}/{email}", s.aboutList(a, "delete", func(w http.ResponseWriter, r *http.Request, list string) {
		if list == ListUnsubscribes {
			answerErrors(w, http.StatusMethodNotAllowed, apiError{Message: "method not allowed: DELETE /v3/asm/suppressions/global/{email}"})
			return
		}
		remove(w, r, list)
	}))
	s.mux.HandleFunc("DELETE /v3/asm/suppressions/global/{email}", s.aboutList(a, "delete", func(w http.ResponseWriter, r *http.Request, _ string) {
		remove(w, r, ListUnsubscribes)
	}))
}

// aboutList checks the key, its permission for the list of the path and how many requests there were, and then answers.
func (s *Server) aboutList(a Account, right string, answer func(w http.ResponseWriter, r *http.Request, list string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		list := r.PathValue("list")
		if list == "" {
			list = ListUnsubscribes
		}
		if s.lists.lists[list] == nil { // the map of lists never changes
			answerErrors(w, http.StatusNotFound, apiError{Message: "not found"})
			return
		}
		if !s.authorize(w, r, a, "suppression."+right, "suppression."+list+"."+right) {
			return
		}
		if a.ListsPerMinute > 0 {
			now := s.now()
			left := s.lists.countRequest(now, a.ListsPerMinute)
			w.Header().Set("X-RateLimit-Limit", strconv.Itoa(a.ListsPerMinute))
			w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(0, left)))
			w.Header().Set("X-RateLimit-Reset", strconv.FormatInt((now.Unix()/60+1)*60, 10))
			if left < 0 {
				answerErrors(w, http.StatusTooManyRequests, apiError{Message: "too many requests"})
				return
			}
		}
		answer(w, r, list)
	}
}

// listPage is which part of a list is asked for.
type listPage struct {
	from, to      int64
	limit, offset int
}

func readPage(r *http.Request) (listPage, error) {
	page := listPage{to: 1 << 62, limit: maxListed}
	query := r.URL.Query()
	number := func(name string, least, most, otherwise int64) (int64, error) {
		if !query.Has(name) {
			return otherwise, nil
		}
		n, err := strconv.ParseInt(query.Get(name), 10, 64)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("%s must be a number from %d to %d", name, least, most)
		}
		return n, nil
	}
	var err error
	if page.from, err = number("start_time", 0, 1<<62, 0); err != nil {
		return page, err
	}
	if page.to, err = number("end_time", 0, 1<<62, 1<<62); err != nil {
		return page, err
	}
	limit, err := number("limit", 1, maxListed, maxListed)
	if err != nil {
		return page, err
	}
	offset, err := number("offset", 0, 1<<31, 0)
	page.limit = int(limit)
	page.offset = int(offset)
	return page, err
}

// putOnList serves POST /_standin/lists/{list}: an entry or an array of them.
func (s *Server) putOnList(w http.ResponseWriter, r *http.Request) {
	entries, err := oneOrMany[Listed](w, r)
	if err == nil {
		for _, entry := range entries {
			err = cmp.Or(err, s.AddListed(r.PathValue("list"), entry))
		}
	}
	if err != nil {
		answerErrors(w, http.StatusBadRequest, apiError{Message: `an entry is written like {"email":"a@b.example","created":1765000000}: ` + err.Error()})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// showLists serves GET /_standin/lists: the entries by list.
func (s *Server) showLists(w http.ResponseWriter, _ *http.Request) {
	all := map[string]json.RawMessage{}
	for list := range s.lists.lists {
		all[list], _ = json.Marshal(s.ListedOn(list)) // texts and numbers only
	}
	answerJSON(w, http.StatusOK, all)
}
