package play_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/dev/campus"
	"homeroom/dev/harness"
	"homeroom/dev/play"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/rules"
	"homeroom/simulate"
)

// TestTheLaw plays a small term through real NATS, real Temporal and the SendGrid adapter, and simulates the same events:
// the same messages go to the same learners by the same rules, at the same second.
func TestTheLaw(t *testing.T) {
	academy, problems := rules.LoadDir("../../examples/academy")
	if academy == nil {
		t.Fatal(problems)
	}
	events := term(t, academy)
	until := lastTime(t, events).AddDate(0, 0, 15)

	simulated, played := simulateAndPlay(t, academy, events, until)
	want := sent(simulated.Decisions)
	t.Logf("%d messages were simulated", len(want))
	for _, rule := range []string{"welcome", "quiet-in-course", "quiz-retry", "certificate-share"} {
		if !slices.ContainsFunc(simulated.Decisions, func(d engine.Decision) bool { return d.Rule == rule && d.Kind == engine.KindSent }) {
			t.Errorf("the term tells nothing about %s", rule)
		}
	}
	if simulated.Summary.Events != played.Summary.Events || simulated.Summary.Learners != played.Summary.Learners {
		t.Errorf("simulated %d events of %d learners, played %d of %d", simulated.Summary.Events, simulated.Summary.Learners,
			played.Summary.Events, played.Summary.Learners)
	}
}

// simulateAndPlay runs events until an instant in the simulator and through real NATS and Temporal, and reports an error unless the same messages go to
// the same learners by the same rules, at the same second.
func simulateAndPlay(t *testing.T, academy *rules.Academy, events []byte, until time.Time) (simulated *simulate.Result, played *simulate.Document) {
	t.Helper()
	simulated, err := simulate.Run(t.Context(), bytes.NewReader(events), simulate.Options{
		Ruleset: academy.Ruleset,
		Decoder: academy.Catalog,
		Until:   until,
	})
	if err != nil {
		t.Fatal(err)
	}
	played = playTerm(t, academy, events, until)
	want := sent(simulated.Decisions)
	got := sent(played.Decisions)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("simulated (-) and played (+) differ:\n%s", diff)
		logMissing(t, want, got, played.Decisions)
	}
	return simulated, played
}

// logMissing says what was decided, where messages did not go that should have gone, about their learners and rules.
func logMissing(t *testing.T, want, got []string, decisions []engine.Decision) {
	t.Helper()
	said := map[string]bool{}
	for _, line := range want {
		fields := strings.Fields(line)
		if slices.Contains(got, line) || said[fields[1]+fields[2]] {
			continue
		}
		said[fields[1]+fields[2]] = true
		for _, d := range decisions {
			if d.Learner == fields[1] && d.Rule == fields[2] {
				t.Logf("%s %s %s %s: %s %s %s", d.At.UTC().Format(time.RFC3339), d.Learner, d.Rule, d.Scope, d.Kind, d.Reason, d.Detail)
			}
		}
	}
}

// term is a small campus as NDJSON.
func term(t *testing.T, academy *rules.Academy) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, d := range campus.Term(campus.Options{Learners: 20, Days: 21, Seed: 3}) {
		line, err := academy.Catalog.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(bytes.TrimSpace(line), '\n'))
	}
	return out.Bytes()
}

func lastTime(t *testing.T, events []byte) time.Time {
	t.Helper()
	rec, err := play.Read(bytes.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	return rec.End()
}

func playTerm(t *testing.T, academy *rules.Academy, events []byte, until time.Time) *simulate.Document {
	t.Helper()
	rec, err := play.Read(bytes.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	s := harness.StartStack(t, t.Context(), stack.Options{Log: log})
	doc, err := play.Run(t.Context(), s, rec, play.Options{
		Academy: academy,
		Lapse:   play.Lapse{Virtual: 24 * time.Hour, Real: 2 * time.Second},
		Until:   until,
		Log:     log,
	})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// sent lists what went out, a line a message.
func sent(decisions []engine.Decision) []string {
	var lines []string
	for _, d := range decisions {
		if d.Kind == engine.KindSent {
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", d.At.UTC().Format(time.RFC3339), d.Learner, d.Rule, d.Scope, d.Message))
		}
	}
	slices.Sort(lines)
	return lines
}
