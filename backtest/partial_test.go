package backtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/backtest"
	"homeroom/backtest/segments"
	"homeroom/engine"
	"homeroom/simulate"
)

// partitions is into how many parts a recording is divided.
const partitions = 16

// divideEvents sorts a recording into parts by learner, each a source of its own.
func divideEvents(t *testing.T, recording io.Reader, decoder simulate.Decoder) [partitions]*segments.Sorter {
	t.Helper()
	var parts [partitions]*segments.Sorter
	for i := range parts {
		sorter, err := segments.NewSorter(segments.SorterOptions{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := sorter.Close(); err != nil {
				t.Error(err)
			}
		})
		parts[i] = sorter
	}
	_, err := simulate.Scan(context.Background(), recording, simulate.ScanOptions{Decoder: decoder}, func(s *simulate.Scanned) error {
		h := fnv.New32()
		h.Write([]byte(s.Learner))
		return parts[h.Sum32()%partitions].Add(&segments.Record{Learner: []byte(s.Learner), Seq: s.Seq, Arrival: s.Arrival, Body: s.Body})
	})
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

// randomRecording is what learners do at random for some weeks, in the order of time. Their events carry many different properties, so there are many shapes.
func randomRecording(random *rand.Rand, events int) string {
	var b strings.Builder
	at := feedStart
	for n := range events {
		at = at.Add(time.Duration(random.IntN(600)) * time.Second)
		learner := random.IntN(1 + events/20)
		event := "lesson.started"
		properties := fmt.Sprintf(`"course_id":"crs_%d","lesson_id":"les_%d"`, random.IntN(3), min(random.IntN(12), random.IntN(12)))
		switch random.IntN(8) {
		case 0:
			event = "assessment.graded"
			properties = fmt.Sprintf(`"assessment_id":"asm_%d","course_id":"crs_1","passed":%t,"score_pct":40,"extra_%d":"x"`, random.IntN(9), random.IntN(3) == 0, random.IntN(90))
		case 1:
			event = "enrollment.created"
			properties = fmt.Sprintf(`"course_id":"crs_%d","enrollment_type":"free"`, random.IntN(3))
		case 2:
			event = "user.signed_up"
			properties = `"channel":"organic"`
		case 3:
			event = "course.completed"
			properties = fmt.Sprintf(`"course_id":"crs_%d"`, random.IntN(3))
		}
		fmt.Fprintf(&b, `{"id":"%d","learner_id":"u_%d","event":%q,"time":%q,"properties":{%s},"traits":{"timezone":%q}}`+"\n",
			n, learner, event, at.Format(time.RFC3339), properties, feedZones[learner%len(feedZones)])
	}
	return b.String()
}

// nextLesson is a rule that asks what comes next.
const nextLesson = `rule: next-lesson
when:
  event: assessment.graded
per: assessment_id
again: always
do:
  - wait: 1h
  - if: has(course.next)
    then: [send: next-lesson]
`

// failForSome cannot render the messages of some learners, and says whose.
func failForSome(s engine.Send, p engine.Profile) error {
	h := fnv.New32a()
	h.Write([]byte(s.ID))
	if h.Sum32()%3 > 0 {
		return nil
	}
	return errors.New("no text for " + s.Learner + " in " + p.Timezone)
}

// TestPartialsMakeTheSameResult: whatever learners do, and in whatever order the partials of their partitions are merged after they were encoded, the result is that of
// one run over all of them.
func TestPartialsMakeTheSameResult(t *testing.T) {
	before := exampleAcademy(t, nil)
	after := exampleAcademy(t, map[string]string{
		"rules/quiz-retry.yaml":   quizRetrySooner,
		"rules/next-lesson.yaml":  nextLesson,
		"messages/next-lesson.md": "---\nsubject: Go on\n---\nGo on.\n",
	})
	if !after.Ruleset.Paths {
		t.Fatal("the draft does not ask what comes next")
	}
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		recording := randomRecording(random, 200<<seed)
		opts := sidesOf(before, after)
		opts.Before.Render = failForSome
		opts.After.Render = failForSome
		opts.RunOn = 10 * 24 * time.Hour
		whole := sortEvents(t, strings.NewReader(recording), after.Catalog, 0)
		want, err := backtest.Run(t.Context(), whole, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := opts.FitTo(whole.Span()); err != nil {
			t.Fatal(err)
		}
		if opts.Paths, err = backtest.CountPaths(t.Context(), whole, opts); err != nil {
			t.Fatal(err)
		}
		all := backtest.NewPartial()
		parts := divideEvents(t, strings.NewReader(recording), after.Catalog)
		for _, n := range random.Perm(partitions) {
			counted, err := backtest.RunPartial(t.Context(), parts[n], opts)
			if err != nil {
				t.Fatal(err)
			}
			all.Merge(reencode(t, counted))
		}
		heading := backtest.NewHeading(&opts)
		got := reencode(t, &heading).Result(reencode(t, all))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: the partials make another result (-one run +partials):\n%s", seed, diff)
		}
		if !bytes.Equal(encode(t, want), encode(t, got)) {
			t.Errorf("seed %d: the results are not encoded alike", seed)
		}
		if seed == 4 && (len(want.Unrendered) < 5 || want.Rendered < 100 || len(want.Timelines) < 10) {
			t.Errorf("little is compared: %d unrendered of %d, %d timelines", len(want.Unrendered), want.Rendered, len(want.Timelines))
		}
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// reencode returns what is read of what was encoded.
func reencode[T any](t *testing.T, v *T) *T {
	t.Helper()
	read := new(T)
	if err := json.Unmarshal(encode(t, v), read); err != nil {
		t.Fatal(err)
	}
	return read
}

// TestPartialsThatAreDamaged: what no Partial encodes is an error.
func TestPartialsThatAreDamaged(t *testing.T) {
	for name, body := range map[string]string{
		"a shape that is cut off":   `[{"rule":"r","message":"m","shapes":"AAAA"}]`,
		"a shape without its count": `[{"rule":"r","message":"m","shapes":"AAAAAAAAAAAAAAAAAAAAAA=="}]`,
		"a failure that is missing": `[{"rule":"r","message":"m","shapes":"AAAAAAAAAAAAAAAAAAAAAAEB"}]`,
		"a problem that is missing": `[{"rule":"r","message":"m","shapes":"AAAAAAAAAAAAAAAAAAAAAAEB","failed":[{"learner":"u","problem":3}]}]`,
		"no list":                   `{}`,
	} {
		if err := json.Unmarshal([]byte(`{"before":{"rendered":`+body+`}}`), backtest.NewPartial()); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}
