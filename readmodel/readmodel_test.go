package readmodel

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"homeroom/engine"
	"homeroom/report"
)

var march = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// fakeStream is a stream in memory.
type fakeStream struct {
	created  time.Time
	last     uint64
	firstSeq uint64
	records  []Record
	asked    uint64 // how many records Read has passed
	onCount  func()
	restored int // how often it went back to older files
}

func newStream() *fakeStream { return &fakeStream{created: march, firstSeq: 1} }

func (s *fakeStream) store(r Record) {
	s.last++
	r.Sequence = s.last
	r.StoredAt = march.Add(time.Duration(s.last)*time.Minute + time.Duration(s.restored)*time.Second)
	s.records = append(s.records, r)
}

func (s *fakeStream) Bounds(context.Context) (time.Time, uint64, error) {
	return s.created, s.firstSeq, nil
}

func (s *fakeStream) Count(_ context.Context, from uint64) (uint64, error) {
	var n uint64
	for _, r := range s.records {
		if r.Sequence >= from {
			n++
		}
	}
	if s.onCount != nil {
		s.onCount()
	}
	return n, nil
}

func (s *fakeStream) Read(_ context.Context, from uint64, each func(*Record) error) error {
	for _, r := range s.records {
		if r.Sequence < from {
			continue
		}
		s.asked++
		if err := each(&r); err != nil {
			return err
		}
	}
	return nil
}

// remove takes away what fits.
func (s *fakeStream) remove(fits func(Record) bool) {
	var left []Record
	for _, r := range s.records {
		if !fits(r) {
			left = append(left, r)
		}
	}
	s.records = left
}

func (s *fakeStream) expireBefore(first uint64) {
	s.firstSeq = first
	s.remove(func(r Record) bool { return r.Sequence < first })
}

func learnerOf(r Record) string {
	switch {
	case r.Decision != nil:
		return r.Decision.Learner
	case r.Event != nil:
		return r.Event.Learner
	}
	return ""
}

type installation struct{ decisions, events *fakeStream }

func newInstallation() installation { return installation{newStream(), newStream()} }

func (i installation) sources() Sources { return Sources{Decisions: i.decisions, Events: i.events} }

func reportOptions() report.Options {
	return report.Options{
		Now:         march.AddDate(0, 2, 0),
		AsksToShare: func(message string) bool { return message == "share" },
	}
}

// stream counts the streams themselves.
func (i installation) stream(since time.Time) report.Report {
	c := report.NewCounter(reportOptions())
	for _, s := range []*fakeStream{i.decisions, i.events} {
		for _, r := range s.records {
			if r.StoredAt.Before(since) {
				continue
			}
			if r.Decision != nil {
				c.Decision(r.Decision)
			}
			if r.Event != nil {
				c.Event(r.Event)
			}
		}
	}
	return c.Report()
}

func (m *Model) reportOf(t testing.TB, i installation, since time.Time) report.Report {
	t.Helper()
	var c *report.Counter
	err := m.Count(t.Context(), i.sources(), since, func() Counter {
		c = report.NewCounter(reportOptions())
		return c
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Report()
}

func openModel(t testing.TB, path string) *Model {
	t.Helper()
	m, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// checkSame compares both ways of counting, over everything and over a part.
func checkSame(t testing.TB, m *Model, i installation) {
	t.Helper()
	for _, since := range []time.Time{{}, march.Add(20 * time.Minute)} {
		if diff := cmp.Diff(i.stream(since), m.reportOf(t, i, since)); diff != "" {
			t.Fatalf("since %v the read model says something else than the streams (-streams +read model):\n%s", since, diff)
		}
	}
}

var (
	kinds = []engine.Kind{
		engine.KindStarted, engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindSkipped, engine.KindDeferred,
		engine.KindExited, engine.KindWithheld, engine.KindConverted, engine.KindAssigned,
	}
	learners = []string{"ada", "bob", "cyd", "dan", "ä|=/ \x00"}
)

func drawDecision(rt *rapid.T) engine.Decision {
	d := engine.Decision{
		ID:      rapid.StringMatching(`[a-f]{1,2}`).Draw(rt, "id"), // the same one now and then: it came twice
		At:      march.Add(time.Duration(rapid.IntRange(-100, 100_000).Draw(rt, "at")) * time.Minute),
		Learner: rapid.SampledFrom(learners).Draw(rt, "learner"),
		Rule:    rapid.SampledFrom([]string{"quiz", "share"}).Draw(rt, "rule"),
		Kind:    rapid.SampledFrom(kinds).Draw(rt, "kind"),
		Reason:  rapid.SampledFrom([]engine.Reason{"", engine.ReasonControl, engine.ReasonHoldout, engine.ReasonIgnored}).Draw(rt, "reason"),
		Message: rapid.SampledFrom([]string{"share", "again"}).Draw(rt, "message"),
		Scope:   rapid.SampledFrom([]string{"", "certificate_id=c1&course_id=go", "%zz=1"}).Draw(rt, "scope"),
		Channel: rapid.SampledFrom([]string{"", "email", "in_app"}).Draw(rt, "channel"), // empty: an older record
		Detail:  rapid.SampledFrom([]string{"", "certificate.earned"}).Draw(rt, "detail"),
		Count:   rapid.SampledFrom([]int{0, 0, 40}).Draw(rt, "count"),
	}
	d.Run = d.Learner + rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "run")
	if rapid.IntRange(0, 9).Draw(rt, "no run") == 0 {
		d.Run = ""
	}
	switch d.Kind {
	case engine.KindSent, engine.KindUncertain, engine.KindFailed:
		d.Send = d.Run + d.Message
	case engine.KindStarted, engine.KindSkipped, engine.KindDeferred, engine.KindExited, engine.KindWithheld, engine.KindConverted:
	case engine.KindAssigned:
		d.Arm = "split=" + rapid.SampledFrom([]string{"a", "none"}).Draw(rt, "arm")
	}
	if rapid.IntRange(0, 4).Draw(rt, "several runs") == 0 {
		d.Runs = &[]engine.DecidedRun{
			{ID: d.ID + "1", Rule: d.Rule, Scope: d.Scope, Message: d.Message, Run: d.Run},
			{ID: d.ID + "2", Rule: "share", Scope: d.Scope, Message: "share", Run: d.Learner + "2"},
		}
	}
	if rapid.Bool().Draw(rt, "exposed") {
		d.Exposure = &engine.Exposure{
			Group:   rapid.SampledFrom([]engine.ExperimentGroup{engine.GroupTreated, engine.GroupHoldout, engine.GroupControl}).Draw(rt, "group"),
			Holdout: rapid.SampledFrom([]float64{0, 10, 33.3}).Draw(rt, "holdout"),
			Within:  rapid.SampledFrom([]int64{0, 86400}).Draw(rt, "within"),
			Arms:    []engine.ArmShare{{Name: "a", Percent: 70, Sends: true}, {Name: "none", Percent: 30}},
		}
	}
	return d
}

func drawEvent(rt *rapid.T) engine.Event {
	ev := engine.Event{
		ID:      rapid.StringMatching(`[a-f]{1,2}`).Draw(rt, "id"),
		Name:    rapid.SampledFrom(report.EventNames()).Draw(rt, "name"),
		Learner: rapid.SampledFrom(learners).Draw(rt, "learner"),
		Time:    march.Add(time.Duration(rapid.IntRange(-100, 100_000).Draw(rt, "at")) * time.Minute),
		Properties: map[string]any{
			"machine":        rapid.SampledFrom([]any{true, false, "yes", nil}).Draw(rt, "machine"),
			"certificate_id": rapid.SampledFrom([]any{"c1", "c2", 7.0, ""}).Draw(rt, "certificate"),
			"course_id":      rapid.SampledFrom([]any{"go", nil}).Draw(rt, "course"),
			"referrer_id":    rapid.SampledFrom([]any{"bob", ""}).Draw(rt, "referrer"),
			"referred_id":    rapid.SampledFrom([]any{"eve", "fay"}).Draw(rt, "referred"),
			"email":          "ada@example.org",
		},
	}
	if rapid.Bool().Draw(rt, "of a send") {
		ev.Properties["send_id"] = ev.Learner + rapid.SampledFrom([]string{"1share", "2again", "9"}).Draw(rt, "send")
	}
	return ev
}

// TestBothWaysSayTheSame: whatever the streams hold and whatever happens to them between two looks.
func TestBothWaysSayTheSame(t *testing.T) {
	folder := t.TempDir()
	files := 0
	rapid.Check(t, func(rt *rapid.T) {
		files++
		path := filepath.Join(folder, fmt.Sprint(files))
		m := openModel(t, path)
		i := newInstallation()
		for range rapid.IntRange(1, 6).Draw(rt, "looks") {
			for range rapid.IntRange(0, 30).Draw(rt, "decisions") {
				d := drawDecision(rt)
				i.decisions.store(Record{Decision: &d})
			}
			for range rapid.IntRange(0, 20).Draw(rt, "events") {
				ev := drawEvent(rt)
				i.events.store(Record{Event: &ev})
			}
			s := rapid.SampledFrom([]*fakeStream{i.decisions, i.events}).Draw(rt, "stream")
			switch rapid.SampledFrom([]string{"", "", "erase", "expire", "anew", "back", "reopen", "nothing readable"}).Draw(rt, "accident") {
			case "erase":
				learner := rapid.SampledFrom(learners).Draw(rt, "erased")
				s.remove(func(r Record) bool { return learnerOf(r) == learner })
			case "expire":
				s.expireBefore(uint64(rapid.IntRange(int(s.firstSeq), int(s.last)+1).Draw(rt, "first")))
			case "anew":
				*s = fakeStream{created: s.created.Add(time.Hour), firstSeq: 1}
			case "back":
				s.last = uint64(rapid.IntRange(int(s.firstSeq), int(s.last)+1).Draw(rt, "last")) - 1
				s.remove(func(r Record) bool { return r.Sequence > s.last })
				s.restored++
				for range rapid.IntRange(0, 60).Draw(rt, "stored since") {
					d := drawDecision(rt)
					s.store(Record{Decision: &d})
				}
			case "reopen":
				if err := m.Close(); err != nil {
					rt.Fatal(err)
				}
				m = openModel(t, path)
			case "nothing readable":
				s.store(Record{})
			}
			checkSame(t, m, i)
		}
		if err := m.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

// sampleInstallation has several chunks of decisions and a few events.
func sampleInstallation() installation {
	i := newInstallation()
	for n := range 2*chunkSize + 100 {
		learner := fmt.Sprintf("learner-%d", n%5000)
		d := engine.Decision{ID: fmt.Sprint(n), At: march, Learner: learner, Rule: "quiz", Kind: engine.KindSent, Message: "again", Run: learner, Send: fmt.Sprint("send-", n)}
		i.decisions.store(Record{Decision: &d})
	}
	for n := range 300 {
		ev := engine.Event{ID: fmt.Sprint(n), Name: "email.opened", Learner: fmt.Sprintf("learner-%d", n), Time: march, Properties: map[string]any{"send_id": fmt.Sprint("send-", n), "email": "ada@example.org"}}
		i.events.store(Record{Event: &ev})
	}
	return i
}

func TestALookReadsOnlyWhatIsNew(t *testing.T) {
	i := sampleInstallation()
	path := filepath.Join(t.TempDir(), "report.db")
	m := openModel(t, path)
	checkSame(t, m, i)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = openModel(t, path)
	d := engine.Decision{ID: "new", At: march, Learner: "zoe", Rule: "quiz", Kind: engine.KindStarted, Run: "z"}
	i.decisions.store(Record{Decision: &d})
	i.decisions.asked = 0
	m.reportOf(t, i, time.Time{})
	if i.decisions.asked != 2 { // the last one that it had, and the new one
		t.Errorf("%d decisions were read, want 2", i.decisions.asked)
	}
	checkSame(t, m, i)
}

// TestWhoIsErasedIsNotInTheFile: neither their id nor, of anybody, what is no id.
func TestWhoIsErasedIsNotInTheFile(t *testing.T) {
	i := sampleInstallation()
	path := filepath.Join(t.TempDir(), "report.db")
	m := openModel(t, path)
	checkSame(t, m, i)
	if !inFiles(t, path, "learner-123") || inFiles(t, path, "ada@example.org") {
		t.Fatal("the file holds an address, or does not hold whom it should")
	}
	for _, s := range []*fakeStream{i.decisions, i.events} {
		s.remove(func(r Record) bool { return learnerOf(r) == "learner-123" })
	}
	checkSame(t, m, i)
	for range 2 { // also when it was made anew
		if inFiles(t, path, "learner-123\x0b") || inFiles(t, path, "learner-123\x04") {
			t.Error("who was erased is still in the file")
		}
		if err := m.remakeFile(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkSame(t, m, i)
	}
}

func TestWhatCannotBeCountedIsSaid(t *testing.T) {
	i := newInstallation()
	i.decisions.store(Record{Unreadable: "a decision on x cannot be read"})
	m := openModel(t, filepath.Join(t.TempDir(), "report.db"))
	err := m.Count(t.Context(), i.sources(), time.Time{}, func() Counter { return report.NewCounter(reportOptions()) })
	if err == nil || !strings.Contains(err.Error(), "a decision on x cannot be read") {
		t.Errorf("Count = %v", err)
	}
}

// TestWhatIsStoredMeanwhileIsNoErasure: a stream that grows while it is compared is compared again.
func TestWhatIsStoredMeanwhileIsNoErasure(t *testing.T) {
	i := sampleInstallation()
	m := openModel(t, filepath.Join(t.TempDir(), "report.db"))
	m.reportOf(t, i, time.Time{})
	i.decisions.asked = 0
	grown := 0
	i.decisions.onCount = func() {
		if grown++; grown <= 3 {
			d := engine.Decision{ID: fmt.Sprint("late", grown), At: march, Learner: "zoe", Rule: "quiz", Kind: engine.KindSkipped}
			i.decisions.store(Record{Decision: &d})
		}
	}
	m.reportOf(t, i, time.Time{})
	if i.decisions.asked > 10 {
		t.Errorf("%d decisions were read, want the new ones only", i.decisions.asked)
	}
}
