package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/api"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// sendStatements sends a body to /xapi/statements and returns the answer and the ids in it.
func sendStatements(k *kit, method, query, body string, headers ...string) (answer, []string) {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), method, k.url+"/xapi/statements"+query, reader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	req.SetBasicAuth(k.key, "")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Experience-API-Version", "1.0.3")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	got := answer{Status: res.StatusCode, Header: res.Header}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	var ids []string
	switch {
	case res.StatusCode == http.StatusOK:
		err = json.Unmarshal(text, &ids)
	case len(text) > 0:
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		k.t.Fatalf("%v in %s", err, text)
	}
	return got, ids
}

// TestStatements: statements are answered with their ids, in their order, as xAPI has it; a statement without an id gets one, the same one again.
func TestStatements(t *testing.T) {
	const own = "0d1e2f30-0000-4000-8000-0000000000aa"
	withID := `{"id":"` + own + `",` + statement[1:]
	unknownVerb := strings.Replace(withID, "completed", "danced", 1)
	for _, tt := range []struct {
		name, method, query, body string
		status, stored            int
		first                     string // the first id of the answer; empty: any
	}{
		{"one", "POST", "", statement, 200, 1, ""},
		{"one with an id", "POST", "", withID, 200, 1, own},
		{"several", "POST", "", "[" + withID + "," + statement + "]", 200, 2, own},
		{"under its id", "PUT", "?statementId=" + own, statement, 204, 1, ""},
		{"under its id, which it has", "PUT", "?statementId=" + own, withID, 204, 1, ""},
		{"without a time", "POST", "", strings.Replace(statement, `,"timestamp":"2026-03-02T10:00:00Z"`, "", 1), 200, 1, ""},
		{"a verb that is not wanted", "POST", "", strings.Replace(statement, "completed", "experienced", 1), 200, 0, ""},
		{"a verb that nobody knows", "POST", "", unknownVerb, 200, 1, own},
		{"under another id", "PUT", "?statementId=0d1e2f30-0000-4000-8000-0000000000ab", withID, 400, 0, ""},
		{"under no id", "PUT", "", statement, 400, 0, ""},
		{"under what is no id", "PUT", "?statementId=1", statement, 400, 0, ""},
		{"an array under an id", "PUT", "?statementId=" + own, "[" + statement + "]", 400, 0, ""},
		{"one id twice", "POST", "", "[" + withID + "," + withID + "]", 400, 0, ""},
		{"one without an actor", "POST", "", "[" + statement + `,{"verb":{"id":"v"},"object":{"id":"o"}}]`, 400, 0, ""},
		{"an id that is none", "POST", "", `{"id":"e1",` + statement[1:], 400, 0, ""},
		{"an id that is a number", "POST", "", `{"id":1,` + statement[1:], 400, 0, ""},
		{"no statement", "POST", "", `7`, 400, 0, ""},
		{"null", "POST", "", `null`, 400, 0, ""},
		{"no JSON", "POST", "", `{`, 400, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, sink := openWithSources(t)
			got, ids := sendStatements(k, tt.method, tt.query, tt.body)
			if got.Status != tt.status || sink.count() != tt.stored {
				t.Fatalf("got %d, %s; %s; %d stored", got.Status, got.Detail, got.Hint, sink.count())
			}
			if got.Header.Get("X-Experience-API-Version") != "1.0.3" {
				t.Error("the answer has no version")
			}
			if tt.status == 200 && (len(ids) == 0 || !uuid.MatchString(ids[0]) || tt.first != "" && ids[0] != tt.first) {
				t.Errorf("the ids are %v", ids)
			}
			_, again := sendStatements(k, tt.method, tt.query, tt.body)
			if timeless := !strings.Contains(tt.body, "timestamp"); !timeless && !slices.Equal(ids, again) {
				t.Errorf("again the ids are %v, they were %v", again, ids)
			}
			for _, m := range sink.messages {
				if !strings.HasPrefix(m.Subject, "learning.u_42.") || !json.Valid(m.Body) {
					t.Errorf("published %s: %s", m.Subject, m.Body)
				}
			}
		})
	}
}

// TestTheVersionOfXAPI is asked for, as the specification wants it.
func TestTheVersionOfXAPI(t *testing.T) {
	k, sink := openWithSources(t)
	for _, version := range []string{"", "0.95", "1.1", "3.0.0", "1.0.3, 2.0.0"} {
		if got, _ := sendStatements(k, "POST", "", statement, "X-Experience-API-Version", version); got.Status != 400 || got.Code != "xapi_version" {
			t.Errorf("%q: %d %s", version, got.Status, got.Code)
		}
	}
	if sink.count() > 0 {
		t.Error("something was stored")
	}
}

// TestAttachments are passed over: the statements are the first part.
func TestAttachments(t *testing.T) {
	k, sink := openWithSources(t)
	body := "--b\r\nContent-Type: application/json\r\n\r\n" + statement + "\r\n--b\r\nContent-Type: application/pdf\r\nX-Experience-API-Hash: 1\r\n\r\n%PDF\r\n--b--\r\n"
	if got, ids := sendStatements(k, "POST", "", body, "Content-Type", `multipart/mixed; boundary=b`); got.Status != 200 || len(ids) != 1 || sink.count() != 1 {
		t.Errorf("got %d %s, ids %v", got.Status, got.Detail, ids)
	}
	if got, _ := sendStatements(k, "POST", "", "--c--", "Content-Type", `multipart/mixed; boundary=b`); got.Status != 400 {
		t.Errorf("a body without parts: %d", got.Status)
	}
}

// TestAnAcademyWithoutTheSource says so: a sink that answers with ids and reads nothing would lose everything in silence.
func TestAnAcademyWithoutTheSource(t *testing.T) {
	sink := &published{}
	k := open(t, sink, nil)
	got, _ := sendStatements(k, "POST", "", statement)
	if got.Status != 400 || !strings.Contains(got.Hint, "xapi") || sink.count() != 0 {
		t.Errorf("got %d %s; %s", got.Status, got.Detail, got.Hint)
	}
	if got := k.postTo("/v1/caliper", reader(caliperEvent)); got.Status != 400 || !strings.Contains(got.Hint, "caliper") {
		t.Errorf("got %d %s; %s", got.Status, got.Detail, got.Hint)
	}
}

// TestCaliper: an envelope is answered item by item.
func TestCaliper(t *testing.T) {
	unknown := strings.ReplaceAll(strings.Replace(caliperEvent, "MediaEvent", "DanceEvent", 1), "Started", "Danced")
	for _, tt := range []struct {
		name, body           string
		status, stored, dead int
	}{
		{"an event", caliperEvent, 200, 1, 0},
		{"an envelope", `{"sensor":"https://lms.example/sensor","sendTime":"2026-03-02T10:00:00Z","dataVersion":"http://purl.imsglobal.org/ctx/caliper/v1p2","data":[` + caliperEvent + `,` + unknown + `]}`, 200, 1, 1},
		{"an empty envelope", `{"sensor":"s","data":[]}`, 200, 0, 0},
		{"an envelope with what is none", `{"sensor":"s","data":[7]}`, 400, 0, 0},
		{"data that are no array", `{"sensor":"s","data":{"a":1}}`, 400, 0, 0},
		{"no envelope", `[` + caliperEvent + `]`, 400, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, sink := openWithSources(t)
			got := k.postTo("/v1/caliper", reader(tt.body))
			if got.Status != tt.status || got.Stored != tt.stored || got.DeadLetters != tt.dead || sink.count() != tt.stored+tt.dead {
				t.Errorf("got %d %s; %s; %+v", got.Status, got.Detail, got.Hint, got.Result)
			}
		})
	}
}

// TestHTMLInBodies: completing a body leaves its text as it is written, so that one below the limit stays below it.
func TestHTMLInBodies(t *testing.T) {
	k, sink := openWithSources(t)
	html := strings.Repeat("<p>&</p>", 50<<10/8)
	if got, _ := sendStatements(k, "POST", "", `{"note":"`+html+`",`+statement[1:]); got.Status != 200 || sink.count() != 1 || !strings.Contains(string(sink.messages[0].Body), html) {
		t.Errorf("a statement: %d %s; %d stored", got.Status, got.Detail, sink.count())
	}
	sink.messages = nil
	if got := k.postTo("/v1/track", reader(`{"note":"`+html+`","userId":"u_42","event":"Lesson Completed","properties":{"lesson_id":"l1"}}`)); got.Status != 200 || sink.count() != 1 {
		t.Errorf("a call: %d %s; %d stored", got.Status, got.Detail, sink.count())
	}
}

// TestNestedStatement: what nests deeper than a source reads says so, and not that there is no source.
func TestNestedStatement(t *testing.T) {
	k, _ := openWithSources(t)
	got, _ := sendStatements(k, "POST", "", `{"deep":`+strings.Repeat("[", 30)+strings.Repeat("]", 30)+`,`+statement[1:])
	if got.Status != 400 || got.Code != "too_complex" || !strings.Contains(got.Detail, "deep") {
		t.Errorf("got %d %s; %s; %+v", got.Status, got.Code, got.Detail, got.Result)
	}
}

// TestStatementsWithoutIDs: the same statement again is the same event, on one day if it has no time, and in one array; an id means the same in capitals.
func TestStatementsWithoutIDs(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	sink := &published{}
	k := open(t, sink, func(o *api.Options, _ *http.Server) {
		useSources(t, o)
		o.Now = func() time.Time { return now }
	})
	timeless := strings.Replace(statement, `,"timestamp":"2026-03-02T10:00:00Z"`, "", 1)
	got, twice := sendStatements(k, "POST", "", "["+timeless+","+timeless+"]")
	if got.Status != 200 || len(twice) != 2 || twice[0] != twice[1] || sink.count() != 1 {
		t.Fatalf("twice in an array: %d %s; ids %v; %d stored", got.Status, got.Detail, twice, sink.count())
	}
	now = now.Add(time.Hour)
	if _, again := sendStatements(k, "POST", "", timeless); len(again) != 1 || again[0] != twice[0] || sink.messages[0].ID != sink.messages[1].ID {
		t.Errorf("an hour later the ids are %v, they were %v", again, twice)
	}
	now = now.Add(24 * time.Hour)
	if _, later := sendStatements(k, "POST", "", timeless); len(later) != 1 || later[0] == twice[0] {
		t.Errorf("on another day the ids are %v", later)
	}
	sink.messages = nil
	for _, id := range []string{"0D1E2F30-0000-4000-8000-0000000000AA", "0d1e2f30-0000-4000-8000-0000000000aa"} {
		sendStatements(k, "POST", "", `{"id":"`+id+`",`+statement[1:])
		sendStatements(k, "PUT", "?statementId="+id, statement)
	}
	for _, m := range sink.messages {
		if m.ID != sink.messages[0].ID || sink.count() != 4 {
			t.Errorf("one of %d messages has the id %s", sink.count(), m.ID)
		}
	}
}
