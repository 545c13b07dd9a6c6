package sendgrid

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sendgrid/rest"

	"homeroom/delivery"
	"homeroom/profile"
)

// List is one of SendGrid's suppression lists, by its name in the paths of the API.
type List string

// The lists. ListGroups is only exported by SendGrid's pages: groups are of mail that others send.
const (
	ListBounces      List = "bounces"
	ListBlocks       List = "blocks"
	ListSpamReports  List = "spam_reports"
	ListInvalid      List = "invalid_emails"
	ListUnsubscribes List = "unsubscribes" // from everything
	ListGroups       List = "group_unsubscribes"
	// ListResting is none of SendGrid's: an export of Homeroom's writes it of an address that rests after many soft bounces. It counts as a block.
	ListResting List = "resting"
)

// Lists are the lists that the API is asked for, those that say most first.
func Lists() []List {
	return []List{ListSpamReports, ListUnsubscribes, ListBounces, ListInvalid, ListBlocks}
}

// AllLists are Lists and those of which only files are known.
func AllLists() []List { return append(Lists(), ListGroups, ListResting) }

// entry returns what being on a list says of an address. false: the list by itself says nothing, because a group says something only with the topic that it stands for.
func (l List) entry(address string, at time.Time) (delivery.Listed, bool) {
	listed := delivery.Listed{Email: address, At: at}
	switch l {
	case ListBounces, ListInvalid:
		listed.Reason = profile.ReasonBounced
	case ListSpamReports:
		listed.Reason = profile.ReasonComplained
	case ListUnsubscribes:
		listed.Reason = profile.ReasonUnsubscribed
	case ListBlocks, ListResting:
		listed.SoftBounce = true
	case ListGroups:
		return listed, false
	}
	return listed, true
}

// PageSize is how many entries of a list come in one answer, SendGrid's most.
const PageSize = 500

// ReadList returns the entries of a list that were put there from one time to another, both included, without the first `offset` of them, and at most
// [PageSize]: fewer are the last ones. A zero `from` is the beginning. An entry whose time cannot be read counts as of `to`. An error that is an answer of
// SendGrid's is a [*delivery.Error] with the status and, of 429, how long it wants to be left alone. The source is
// https://www.twilio.com/docs/sendgrid/api-reference/bounces-api/retrieve-all-bounces and its neighbors for the other lists.
func (s *Sender) ReadList(ctx context.Context, list string, from, to time.Time, offset int) ([]delivery.Listed, error) {
	query := url.Values{
		"end_time": {strconv.FormatInt(to.Unix(), 10)},
		"limit":    {strconv.Itoa(PageSize)},
		"offset":   {strconv.Itoa(offset)},
	}
	if !from.IsZero() {
		query.Set("start_time", strconv.FormatInt(from.Unix(), 10))
	}
	var rows []struct {
		Email   string `json:"email"`
		Created int64  `json:"created"`
	}
	if err := s.getJSON(ctx, "/v3/suppression/"+url.PathEscape(list)+"?"+query.Encode(), &rows); err != nil {
		return nil, err
	}
	entries := make([]delivery.Listed, 0, len(rows))
	for _, row := range rows {
		at := time.Unix(row.Created, 0).UTC()
		if row.Created <= 0 || at.After(to) {
			at = to
		}
		entry, says := List(list).entry(row.Email, at)
		if !says {
			return nil, fmt.Errorf("the API has no list %q", list)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// RemoveListed takes an address off a list, and reports whether it was there. The errors are those of [Sender.ReadList].
func (s *Sender) RemoveListed(ctx context.Context, list List, address string) (removed bool, err error) {
	path := "/v3/suppression/" + url.PathEscape(string(list)) + "/"
	if list == ListUnsubscribes {
		path = "/v3/asm/suppressions/global/"
	}
	response, err := s.ask(ctx, rest.Delete, path+url.PathEscape(address))
	if err == nil && response.StatusCode == http.StatusNotFound {
		return false, nil
	}
	if err == nil {
		err = s.checkAnswer(response)
	}
	return err == nil, err
}
