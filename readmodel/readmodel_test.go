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

// look is one report that somebody asks for.
type look struct {
	since   time.Time
	sharing string // the message that asks to share
	now     time.Time
}

func firstLook() look {
	return look{
		sharing: "share",
		now:     march.AddDate(0, 2, 0),
	}
}

func (l look) options() report.Options {
	return report.Options{
		Now:         l.now,
		AsksToShare: func(message string) bool { return message == l.sharing },
	}
}

func (l look) query() Query { return Query{Since: l.since, Sharing: []string{l.sharing}} }

// stream counts the streams themselves.
func (i installation) stream(l look) report.Report {
	c := report.NewCounter(l.options())
	for _, s := range []*fakeStream{i.decisions, i.events} {
		for _, r := range s.records {
			if r.StoredAt.Before(l.since) {
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

func (m *Model) reportOf(t testing.TB, i installation, l look) report.Report {
	t.Helper()
	summary, err := m.Count(t.Context(), i.sources(), l.query())
	if err != nil {
		t.Fatal(err)
	}
	return summary.Report(l.options())
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
func checkSame(t testing.TB, m *Model, i installation, more ...look) {
	t.Helper()
	part := firstLook()
	part.since = march.Add(20 * time.Minute)
	for _, l := range append([]look{firstLook(), part}, more...) {
		if diff := cmp.Diff(i.stream(l), m.reportOf(t, i, l)); diff != "" {
			t.Fatalf("at the look %v the read model says something else than the streams (-streams +read model):\n%s", l, diff)
		}
	}
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
			checkSame(t, m, i, drawLook(rt))
		}
		if err := m.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestLearnersAddUp: what is counted of one learner does not depend on another, and can be taken out again.
func TestLearnersAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLook(rt)
		whole := report.NewCounter(l.options())
		parts := map[string]*report.Counter{}
		for _, learner := range learners {
			parts[learner] = report.NewCounter(l.options())
		}
		for range rapid.IntRange(0, 60).Draw(rt, "decisions") {
			d := drawDecision(rt)
			whole.Decision(&d)
			parts[d.Learner].Decision(&d)
		}
		for range rapid.IntRange(0, 40).Draw(rt, "events") {
			ev := drawEvent(rt)
			whole.Event(&ev)
			parts[report.Owner(&ev)].Event(&ev)
		}
		sum := report.NewSummary()
		for _, part := range parts {
			sum.Add(part.Summary())
		}
		if diff := cmp.Diff(whole.Report(), sum.Report(l.options())); diff != "" {
			t.Fatalf("the learners do not add up (-whole +sum):\n%s", diff)
		}
		for _, part := range parts {
			sum.Subtract(part.Summary())
		}
		if diff := cmp.Diff(report.NewSummary(), sum); diff != "" {
			t.Fatalf("something is left of learners who were taken out:\n%s", diff)
		}
	})
}

// sampleInstallation has several rows of the log and a few events.
func sampleInstallation() installation {
	i := newInstallation()
	for n := range 2*logRowSize + 100 {
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
	m.reportOf(t, i, firstLook())
	if i.decisions.asked != 2 { // the last one that it had, and the new one
		t.Errorf("%d decisions were read, want 2", i.decisions.asked)
	}
	checkSame(t, m, i)
}

// TestWhoIsErasedIsNotInTheFile: neither what stands for them nor their share of a summary. Of nobody it holds the id or an address.
func TestWhoIsErasedIsNotInTheFile(t *testing.T) {
	i := sampleInstallation()
	path := filepath.Join(t.TempDir(), "report.db")
	m := openModel(t, path)
	checkSame(t, m, i)
	if inFiles(t, path, "learner-") || inFiles(t, path, "ada@example.org") {
		t.Fatal("the file holds an id or an address")
	}
	if !inFiles(t, path, hashText("learner-123")) {
		t.Fatal("the file does not hold whom it should")
	}
	for _, s := range []*fakeStream{i.decisions, i.events} {
		s.remove(func(r Record) bool { return learnerOf(r) == "learner-123" })
	}
	checkSame(t, m, i)
	for range 2 { // also when it was made anew
		if inFiles(t, path, hashText("learner-123")) {
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
	_, err := m.Count(t.Context(), i.sources(), firstLook().query())
	if err == nil || !strings.Contains(err.Error(), "a decision on x cannot be read") {
		t.Errorf("Count = %v", err)
	}
}

// TestWhatIsStoredMeanwhileIsNoErasure: a stream that grows while it is compared is compared again.
func TestWhatIsStoredMeanwhileIsNoErasure(t *testing.T) {
	i := sampleInstallation()
	m := openModel(t, filepath.Join(t.TempDir(), "report.db"))
	m.reportOf(t, i, firstLook())
	i.decisions.asked = 0
	grown := 0
	i.decisions.onCount = func() {
		if grown++; grown <= 3 {
			d := engine.Decision{ID: fmt.Sprint("late", grown), At: march, Learner: "zoe", Rule: "quiz", Kind: engine.KindSkipped}
			i.decisions.store(Record{Decision: &d})
		}
	}
	m.reportOf(t, i, firstLook())
	if i.decisions.asked > 10 {
		t.Errorf("%d decisions were read, want the new ones only", i.decisions.asked)
	}
}
