package backtest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"homeroom/backtest"
	"homeroom/backtest/segments"
	"homeroom/rules"
	"homeroom/simulate"
)

// feed is what many learners do in twelve weeks, as NDJSON in the order of time. It is made while it is read.
type feed struct {
	learners int
	events   int // made so far
	most     int // it ends there
	day      int
	next     int // learner of the day
	room     bytes.Buffer
}

// feedStart is the instant at which a feed begins.
var feedStart = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

// newFeed returns a feed of so many events.
func newFeed(events int) *feed { return &feed{learners: max(1, events/50), most: events} }

// Read implements io.Reader.
func (f *feed) Read(p []byte) (int, error) {
	for f.room.Len() == 0 {
		if f.events >= f.most {
			return 0, io.EOF
		}
		f.makeDay(f.next)
		if f.next++; f.next == f.learners {
			f.next = 0
			f.day++
		}
	}
	return f.room.Read(p)
}

// makeDay makes what one learner does on the day.
func (f *feed) makeDay(n int) {
	at := feedStart.AddDate(0, 0, f.day).Add(time.Duration(n) * 14 * time.Hour / time.Duration(f.learners))
	if f.day == 0 {
		f.say(n, at, "user.signed_up", `"channel":"organic"`, fmt.Sprintf(`,"traits":{"email":"u%d@campus.example","first_name":"Ada","timezone":%q}`, n, feedZones[n%len(feedZones)]))
		f.say(n, at, "enrollment.created", `"course_id":"crs_1","enrollment_type":"free"`, "")
		return
	}
	if (f.day*31+n*17)%10 > n%8 { // some learn nearly every day, others hardly ever
		return
	}
	f.say(n, at, "lesson.started", fmt.Sprintf(`"lesson_id":"les_%d","course_id":"crs_1"`, f.day), "")
	if f.day%4 == 0 {
		f.say(n, at, "assessment.graded", fmt.Sprintf(`"assessment_id":"asm_%d","course_id":"crs_1","score_pct":40,"passed":%t`, f.day, (n+f.day)%3 > 0), "")
	}
}

func (f *feed) say(n int, at time.Time, event, properties, rest string) {
	if f.events >= f.most {
		return
	}
	f.events++
	fmt.Fprintf(&f.room, `{"id":"%d-%d","learner_id":"u_%06d","event":%q,"time":%q,"properties":{%s}%s}`+"\n", n, f.events, n, event, at.Format(time.RFC3339), properties, rest)
}

var feedZones = [...]string{"Europe/London", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Tokyo"}

// exampleAcademy compiles the example, with some files changed; what is empty is removed.
func exampleAcademy(t testing.TB, changes map[string]string) *rules.Academy {
	t.Helper()
	academy, problems := rules.LoadDir("../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	files := map[string]string{}
	for name, content := range academy.Files {
		files[name] = string(content)
	}
	maps.Copy(files, changes)
	return compileFiles(t, files)
}

// compileFiles compiles a folder of files; those that are empty are not there.
func compileFiles(t testing.TB, contents map[string]string) *rules.Academy {
	t.Helper()
	files := fstest.MapFS{}
	for name, content := range contents {
		if content != "" {
			files[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
		}
	}
	academy, problems := rules.Load(files, ".")
	if academy == nil {
		t.Fatal(problems)
	}
	return academy
}

// sortEvents sorts a recording.
func sortEvents(t testing.TB, recording io.Reader, decoder simulate.Decoder, budget int) *segments.Sorter {
	t.Helper()
	sorter, err := segments.NewSorter(segments.SorterOptions{Dir: t.TempDir(), Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sorter.Close(); err != nil {
			t.Error(err)
		}
	})
	_, err = simulate.Scan(context.Background(), recording, simulate.ScanOptions{Decoder: decoder}, func(s *simulate.Scanned) error {
		return sorter.Add(&segments.Record{Learner: []byte(s.Learner), Seq: s.Seq, Arrival: s.Arrival, Body: s.Body})
	})
	if err != nil {
		t.Fatal(err)
	}
	return sorter
}

// sidesOf returns two academies that know the same events.
func sidesOf(before, after *rules.Academy) backtest.Options {
	return backtest.Options{
		Before:          backtest.Rules{Ruleset: before.Ruleset, Decoder: after.Catalog},
		After:           backtest.Rules{Ruleset: after.Ruleset, Decoder: after.Catalog},
		AssumeReachable: true,
	}
}
