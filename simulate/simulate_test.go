package simulate_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/simulate"
)

// A folder with one rule by event and one by inactivity, and a cap of one message a day.
func ruleset() *engine.Ruleset {
	return &engine.Ruleset{
		Hash: "r1",
		Settings: engine.Settings{
			Patience:   48 * time.Hour,
			Resolution: time.Minute,
			Activity:   map[string]bool{"lesson.started": true},
			Caps:       []engine.Cap{{Max: 1, Per: 24 * time.Hour}},
		},
		Keys: map[string][]string{"enrollment.created": {"course_id"}, "assessment.graded": {"assessment_id"}},
		Rules: []*engine.Rule{
			{
				Name:  "retry",
				Per:   []string{"assessment_id"},
				When:  engine.Trigger{Match: engine.Match{Event: "assessment.graded"}},
				Until: []engine.Match{{Event: "assessment.retried"}},
				Program: []engine.Instr{
					{Op: engine.OpWait, ID: "1", Dur: 2 * time.Hour},
					{Op: engine.OpSend, ID: "2", Send: &engine.SendStep{Message: "try-again", Channel: "email"}},
				},
			},
			{
				Name: "silent",
				Per:  []string{"course_id"},
				When: engine.Trigger{Inactive: 7 * 24 * time.Hour},
				Program: []engine.Instr{
					{Op: engine.OpSend, ID: "1", Send: &engine.SendStep{Message: "miss-you", Channel: "email"}},
				},
			},
		},
	}
}

// jsonDecoder reads bodies as they are; what is no JSON, and an event called "bad", is a dead letter.
type jsonDecoder struct{}

func (jsonDecoder) DecodeInto(into *catalog.Decoded, _, _ string, body []byte, received time.Time) *catalog.DecodeError {
	var d struct {
		engine.Event
		Traits map[string]any `json:"traits"`
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return &catalog.DecodeError{Code: "unreadable", Message: "not JSON"}
	}
	if d.Name == "bad" {
		return &catalog.DecodeError{Code: "unknown_event", Message: "unknown event bad"}
	}
	if d.Time.IsZero() {
		d.Time = received
	}
	*into = catalog.Decoded{Event: d.Event, Traits: d.Traits}
	return nil
}

func line(id, learner, event, at string, properties string) string {
	return fmt.Sprintf(`{"id":%q,"learner_id":%q,"event":%q,"time":%q,"properties":{%s}}`+"\n", id, learner, event, at, properties)
}

var story = line("e1", "ada", "enrollment.created", "2026-03-02T10:00:00Z", `"course_id":"go"`) +
	line("e2", "bob", "enrollment.created", "2026-03-02T11:00:00Z", `"course_id":"go"`) +
	line("e3", "ada", "assessment.graded", "2026-03-03T10:00:00Z", `"assessment_id":"a1"`) +
	line("e4", "bob", "lesson.started", "2026-03-04T10:00:00Z", `"course_id":"go","lesson_id":"l1"`) +
	line("e5", "ada", "assessment.graded", "2026-03-03T12:30:00Z", `"assessment_id":"a2"`) // arrives a day late

func run(t *testing.T, in string, opts simulate.Options) *simulate.Result {
	t.Helper()
	opts.Ruleset = ruleset()
	opts.Decoder = jsonDecoder{}
	report, err := simulate.Run(context.Background(), strings.NewReader(in), opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func timeline(t *testing.T, decisions []engine.Decision) string {
	t.Helper()
	var b strings.Builder
	if err := simulate.WriteTimeline(&b, decisions, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRunDecidesAsProductionWould(t *testing.T) {
	report := run(t, story, simulate.Options{AssumeReachable: true})
	// e5 happened on the 3rd but arrived on the 4th, so its message waits from then on.
	want := strings.TrimLeft(`
2026-03-03 10:00:00  ada  started    retry      assessment_id=a1 · assessment.graded
2026-03-03 12:00:00  ada  sent       try-again  retry · assessment_id=a1
`, "\n")
	if got := timeline(t, report.Decisions[:2]); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := report.Until.Format(time.RFC3339), "2026-04-03T10:00:00Z"; got != want {
		t.Errorf("ran until %s, want 30 days after the last event, %s", got, want)
	}
	s := report.Summary
	if diff := cmp.Diff(map[string]int{"try-again": 2, "miss-you": 2}, s.Sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if s.Events != 5 || s.Learners != 2 || s.DeadLetters != 0 {
		t.Errorf("got %d events, %d learners, %d dead letters", s.Events, s.Learners, s.DeadLetters)
	}
}

func TestRunWithoutAddresses(t *testing.T) {
	report := run(t, story, simulate.Options{})
	if len(report.Summary.Sent) != 0 || report.Summary.Skipped["no_address"] == 0 {
		t.Errorf("got %v sent, %v skipped; want everything skipped for want of an address", report.Summary.Sent, report.Summary.Skipped)
	}
	traits := strings.Replace(story, `"id":"e1"`, `"traits":{"email":"ada@example.org"},"id":"e1"`, 1)
	report = run(t, traits, simulate.Options{})
	if got := report.Summary.Sent["try-again"]; got != 2 {
		t.Errorf("sent %d to a learner whose address came along, want 2", got)
	}
}

func TestRunStopsAtUntil(t *testing.T) {
	cases := []struct {
		name, until string
		events      int
		sent        int
	}{
		{"one second before a message is due", "2026-03-03T11:59:59Z", 3, 0},
		{"at the instant it is due", "2026-03-03T12:00:00Z", 3, 1},
		{"before everything", "2026-03-01T00:00:00Z", 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			until, _, err := simulate.ParseUntil(c.until)
			if err != nil {
				t.Fatal(err)
			}
			s := run(t, story, simulate.Options{Until: until, AssumeReachable: true}).Summary
			if s.Events != c.events || s.Sent["try-again"] != c.sent {
				t.Errorf("got %d events and %d messages, want %d and %d", s.Events, s.Sent["try-again"], c.events, c.sent)
			}
		})
	}
}

func TestRunOneLearner(t *testing.T) {
	report := run(t, story, simulate.Options{Learner: "bob", AssumeReachable: true})
	for _, d := range report.Decisions {
		if d.Learner != "bob" {
			t.Errorf("got a decision about %s", d.Learner)
		}
	}
	if s := report.Summary; s.Learners != 1 || s.Events != 2 {
		t.Errorf("got %d learners and %d events, want 1 and 2", s.Learners, s.Events)
	}
}

func TestRunCountsDeadLetters(t *testing.T) {
	in := "{not json\n\n" + story + `{"event":"bad"}` + "\n" + strings.Repeat("x", 3<<20)
	report := run(t, in, simulate.Options{AssumeReachable: true})
	if got := report.Summary.DeadLetters; got != 3 {
		t.Errorf("got %d dead letters, want 3", got)
	}
	want := []string{"line 1: unreadable: not JSON", "line 8: unknown_event: unknown event bad", "line 9: unreadable: not JSON"}
	var got []string
	for _, d := range report.DeadLetters {
		got = append(got, d.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	if report.Summary.Events != 5 {
		t.Errorf("got %d events, want the 5 good ones", report.Summary.Events)
	}
}

func TestRunTakesMissingTimesFromTheStream(t *testing.T) {
	noTime := `{"id":"e9","learner_id":"ada","event":"assessment.graded","properties":{"assessment_id":"a9"}}` + "\n"
	report := run(t, noTime+story+noTime, simulate.Options{AssumeReachable: true})
	if report.Summary.DeadLetters != 1 {
		t.Errorf("got %d dead letters, want the first line only: nothing tells its time", report.Summary.DeadLetters)
	}
	if got := report.Decisions[len(report.Decisions)-1].At; got.Year() != 2026 {
		t.Errorf("the last decision is stamped %s", got)
	}
}

// The same document, byte for byte, whatever the number of cores.
func TestRunIsTheSameOnAnyNumberOfCores(t *testing.T) {
	var in strings.Builder
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		at := start.Add(time.Duration(i/10) * time.Hour).Format(time.RFC3339)
		learner := fmt.Sprintf("u%d", i*7919%97)
		in.WriteString(line(fmt.Sprintf("a%d", i), learner, "enrollment.created", at, fmt.Sprintf(`"course_id":"c%d"`, i%5)))
		in.WriteString(line(fmt.Sprintf("b%d", i), learner, "assessment.graded", at, fmt.Sprintf(`"assessment_id":"x%d"`, i%50)))
	}
	var first []byte
	var decisions []engine.Decision
	for _, workers := range []int{1, 2, 7} {
		report := run(t, in.String(), simulate.Options{AssumeReachable: true, Workers: workers})
		var b bytes.Buffer
		if err := report.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b.Bytes()
			decisions = report.Decisions
		}
		if !bytes.Equal(first, b.Bytes()) {
			t.Errorf("%d workers decide otherwise than one", workers)
		}
	}
	for i := 1; i < len(decisions); i++ {
		if decisions[i].At.Before(decisions[i-1].At) {
			t.Fatalf("decision %d is earlier than the one before it", i)
		}
	}
}

func TestRunReadsGzip(t *testing.T) {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	if _, err := io.WriteString(zw, story); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]io.Reader{"gzipped": &b, "plain": strings.NewReader(story)} {
		r, err := simulate.Decompress(in)
		if err != nil {
			t.Fatal(err)
		}
		report, err := simulate.Run(context.Background(), r, simulate.Options{Ruleset: ruleset(), Decoder: jsonDecoder{}})
		if err != nil || report.Summary.Events != 5 {
			t.Errorf("%s: got %+v, %v; want 5 events", name, report, err)
		}
	}
}

func TestRunReportsTrouble(t *testing.T) {
	t.Run("a file that breaks off", func(t *testing.T) {
		broken := io.MultiReader(strings.NewReader(story), iotest.ErrReader(errors.New("disk gone")))
		_, err := simulate.Run(context.Background(), broken, simulate.Options{Ruleset: ruleset(), Decoder: jsonDecoder{}})
		if err == nil || !strings.Contains(err.Error(), "after line 5: disk gone") {
			t.Errorf("got %v, want to be told where it broke off", err)
		}
	})
	t.Run("Ctrl-C", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := simulate.Run(ctx, strings.NewReader(story), simulate.Options{Ruleset: ruleset(), Decoder: jsonDecoder{}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	t.Run("no events", func(t *testing.T) {
		report := run(t, "", simulate.Options{})
		if !report.Until.IsZero() || report.Decisions == nil || len(report.Decisions) != 0 {
			t.Errorf("got %+v, want an empty report", report)
		}
	})
}

func TestDocumentAsJSON(t *testing.T) {
	c := simulate.NewCollector(false)
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	c.Add(engine.Decision{ID: "2", At: at, Learner: "bob", Rule: "r", Kind: engine.KindSent, Message: "m"})
	c.Add(engine.Decision{ID: "1", At: at, Learner: "ada", Rule: "r", Scope: "a=1&b=2", Kind: engine.KindExited, Reason: engine.ReasonUntil})
	doc := c.Document(3, 2, 1)
	var b bytes.Buffer
	if err := doc.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	want := `{"decisions":[
{"id":"1","at":"2026-03-02T12:00:00Z","learner":"ada","rule":"r","scope":"a=1&b=2","kind":"exited","reason":"until"}
,{"id":"2","at":"2026-03-02T12:00:00Z","learner":"bob","rule":"r","kind":"sent","message":"m"}
],
"summary":{
  "events": 3,
  "learners": 2,
  "dead_letters": 1,
  "sent": {
    "m": 1
  },
  "withheld": {},
  "skipped": {},
  "deferred": {},
  "exited": {
    "until": 1
  },
  "converted": {},
  "started": {},
  "assigned": {},
  "uncertain": {},
  "failed": {}
}
}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	var back simulate.Document
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Errorf("the document is no JSON: %v", err)
	}

	summary := simulate.NewCollector(true)
	summary.Add(engine.Decision{Kind: engine.KindSent, Message: "m"})
	doc = summary.Document(1, 1, 0)
	b = bytes.Buffer{}
	if err := doc.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "decisions") || !strings.Contains(b.String(), `"m": 1`) {
		t.Errorf("got %s, want the summary only", b.String())
	}
}

func TestSummaryTable(t *testing.T) {
	c := simulate.NewCollector(true)
	for range 1200 {
		c.Add(engine.Decision{Kind: engine.KindSent, Message: "welcome"})
	}
	c.Add(engine.Decision{Kind: engine.KindSent, Message: "cheer"})
	c.Add(engine.Decision{Kind: engine.KindSkipped, Reason: engine.ReasonCap})
	doc := c.Document(151677, 1, 0)
	var b strings.Builder
	if err := doc.Summary.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	want := `151,677 events, 1 learner, 0 dead letters

sent            1,201
  welcome       1,200
  cheer             1

skipped             1
  cap               1
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}
