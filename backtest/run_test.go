package backtest_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"homeroom/backtest"
	"homeroom/engine"
	"homeroom/simulate"
)

func runBacktest(t *testing.T, recording string, opts backtest.Options) *backtest.Result {
	t.Helper()
	result, err := backtest.Run(context.Background(), sortEvents(t, strings.NewReader(recording), opts.After.Decoder, 0), opts)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func ruleOf(t *testing.T, r *backtest.Result, name string) backtest.Rule {
	t.Helper()
	for _, rule := range r.Rules {
		if rule.Rule == name {
			return rule
		}
	}
	t.Fatalf("the result has no rule %s: %+v", name, r.Rules)
	return backtest.Rule{}
}

// failed is a learner who signs up on Monday at noon, enrolls and fails an assessment an hour later.
const failed = `{"id":"1","learner_id":"u_1","event":"user.signed_up","time":"2026-03-02T12:00:00Z","properties":{"channel":"web"}}
{"id":"2","learner_id":"u_1","event":"enrollment.created","time":"2026-03-02T12:00:00Z","properties":{"course_id":"c"}}
{"id":"3","learner_id":"u_1","event":"assessment.graded","time":"2026-03-02T13:00:00Z","properties":{"assessment_id":"a","course_id":"c","passed":false}}
`

func TestRunSaysWhatChanges(t *testing.T) {
	nobodyHeld := strings.ReplaceAll(quizRetrySooner, "holdout: 10%\n", "")
	base := map[string]string{
		"settings.yaml":          "sender: {from: hello@academy.example, name: Academy, postal_address: 1 Main Street}\n",
		"rules/quiz-retry.yaml":  strings.ReplaceAll(nobodyHeld, "wait: 1h", "wait: 2h"),
		"rules/welcome.yaml":     "rule: welcome\nabout: Greet.\nwhen: {event: user.signed_up}\ndo:\n  - wait: 30m\n  - send: welcome\n",
		"messages/quiz-retry.md": "---\nsubject: Again\n---\nTry again.\n",
		"messages/welcome.md":    "---\nsubject: Welcome\n---\nGood to have you.\n",
	}
	changed := func(name, content string) map[string]string {
		all := maps.Clone(base)
		all[name] = content
		return all
	}
	tests := []struct {
		name    string
		draft   map[string]string
		retry   backtest.Counts
		welcome backtest.Counts
		status  backtest.RuleStatus // of quiz-retry
		knockOn bool                // of quiz-retry
	}{
		{
			name:    "nothing",
			draft:   base,
			retry:   backtest.Counts{Before: 1, After: 1, Same: 1},
			welcome: backtest.Counts{Before: 1, After: 1, Same: 1},
			status:  backtest.RuleUnedited,
		},
		{
			name:    "another time",
			draft:   changed("rules/quiz-retry.yaml", nobodyHeld),
			retry:   backtest.Counts{Before: 1, After: 1, OtherTime: 1},
			welcome: backtest.Counts{Before: 1, After: 1, Same: 1},
			status:  backtest.RuleEdited,
		},
		{
			name:    "a rule is removed",
			draft:   changed("rules/quiz-retry.yaml", ""),
			retry:   backtest.Counts{Before: 1, NoLonger: 1},
			welcome: backtest.Counts{Before: 1, After: 1, Same: 1},
			status:  backtest.RuleRemoved,
		},
		{
			name:    "a cap stops a rule that nobody edited",
			draft:   changed("settings.yaml", base["settings.yaml"]+"caps: [{max: 1, per: 7d}]\npatience: 6h\n"),
			retry:   backtest.Counts{Before: 1, NoLonger: 1},
			welcome: backtest.Counts{Before: 1, After: 1, Same: 1},
			status:  backtest.RuleUnedited,
			knockOn: true,
		},
	}
	before := compileFiles(t, base)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := sidesOf(before, compileFiles(t, tt.draft))
			opts.RunOn = 24 * time.Hour
			r := runBacktest(t, failed, opts)
			retry := ruleOf(t, r, "quiz-retry")
			if retry.Counts != tt.retry || retry.Status != tt.status || retry.KnockOn != tt.knockOn {
				t.Errorf("quiz-retry: got %+v", retry)
			}
			if welcome := ruleOf(t, r, "welcome"); welcome.Counts != tt.welcome {
				t.Errorf("welcome: got %+v, want %+v", welcome.Counts, tt.welcome)
			}
			want := tt.retry.Changes() + tt.welcome.Changes()
			if r.Changes != want || r.Affected != min(want, 1) || len(r.Timelines) != min(want, 1) {
				t.Errorf("got %d changes of %d learners with %d timelines, want %d", r.Changes, r.Affected, len(r.Timelines), want)
			}
			if strings.Contains(tt.name, "cap") && (r.After.StoppedByCaps != 1 || !r.SettingsChanged) {
				t.Errorf("the cap stopped %d, settings changed %t", r.After.StoppedByCaps, r.SettingsChanged)
			}
		})
	}
}

// What is counted must not depend on how many goroutines count, or on whether the events fit into memory; and a side sends what a simulation sends.
func TestRunIsTheSameHoweverItRuns(t *testing.T) {
	before := exampleAcademy(t, nil)
	after := exampleAcademy(t, map[string]string{"rules/quiz-retry.yaml": quizRetrySooner})
	events := 20_000
	if testing.Short() {
		events = 8_000
	}
	var first *backtest.Result
	for _, way := range []struct{ workers, budget int }{{1, 0}, {3, 0}, {2, 16 << 10}} {
		opts := sidesOf(before, after)
		opts.Workers = way.workers
		opts.Before.Render = func(s engine.Send, _ engine.Profile) error { return errors.New("no text for " + s.Message) }
		r, err := backtest.Run(context.Background(), sortEvents(t, newFeed(events), after.Catalog, way.budget), opts)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = r
		}
		if diff := cmp.Diff(first, r, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("with %+v (-first +now):\n%s", way, diff)
		}
	}
	simulated, err := simulate.Run(context.Background(), newFeed(events), simulate.Options{
		Ruleset:         after.Ruleset,
		Decoder:         after.Catalog,
		AssumeReachable: true,
		Until:           first.Until,
		SummaryOnly:     true,
	})
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, n := range simulated.Summary.Sent {
		sent += n
	}
	if first.After.Messages != sent || sent == 0 {
		t.Errorf("the draft sends %d here and %d in a simulation", first.After.Messages, sent)
	}
	if len(first.Timelines) != 10 || first.Affected < 10 || len(first.Unrendered) == 0 {
		t.Errorf("%d timelines of %d affected learners, %d unrendered", len(first.Timelines), first.Affected, len(first.Unrendered))
	}
}

func TestRunStops(t *testing.T) {
	academy := exampleAcademy(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	opts := sidesOf(academy, academy)
	opts.Progress = func(done, total int64) { cancel() }
	_, err := backtest.Run(ctx, sortEvents(t, newFeed(20_000), academy.Catalog, 0), opts)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestRunWithoutEvents(t *testing.T) {
	academy := exampleAcademy(t, nil)
	for _, c := range []struct {
		name, recording string
		since, until    time.Time
	}{
		{name: "an empty file"},
		{name: "all too late", recording: failed, until: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
		{name: "all too early", recording: failed, since: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		opts := sidesOf(academy, academy)
		opts.Since = c.since
		opts.Until = c.until
		_, err := backtest.Run(context.Background(), sortEvents(t, strings.NewReader(c.recording), academy.Catalog, 0), opts)
		if !errors.Is(err, backtest.ErrNoEvents) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
