package workflows

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"homeroom/engine"
)

func TestADeliveryWithoutAnAnswer(t *testing.T) {
	for _, tc := range []struct {
		name     string
		canceled bool
		err      error
		want     engine.OutcomeStatus
	}{
		{"nobody had time for it: ask again", false, temporal.NewTimeoutError(enums.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, nil), engine.OutcomeRetry},
		{"its worker died: ask again, the ledger knows", false, temporal.NewHeartbeatTimeoutError(), engine.OutcomeRetry},
		{"it failed: ask again, the ledger knows", false, temporal.NewApplicationError("ledger away: ada@example.org", ""), engine.OutcomeRetry},
		{"given up before it began", true, temporal.NewCanceledError(), engine.OutcomeCancelled},
		{"given up while it was under way: nobody will ask the ledger again", true, errors.New("connection reset"), engine.OutcomeUncertain},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := outcomeWithoutAnswer(engine.Send{ID: "s1"}, tc.canceled, tc.err)
			if got.Status != tc.want || got.SendID != "s1" {
				t.Errorf("got %s of %s, want %s of s1", got.Status, got.SendID, tc.want)
			}
			if strings.Contains(got.Detail, "@") {
				t.Errorf("the detail repeats an error's text, which may hold an address: %q", got.Detail)
			}
		})
	}
}

func TestASummaryFitsAndStaysWhole(t *testing.T) {
	for name, text := range map[string]string{
		"short": "next: welcome acts", "exact": strings.Repeat("x", maxSummary), "long": strings.Repeat("ü", 300), "odd": "x" + strings.Repeat("ü", 300),
	} {
		got := shortenSummary(text)
		if len(got) > maxSummary || strings.ToValidUTF8(got, "?") != got {
			t.Errorf("%s: %d bytes: %q", name, len(got), got)
		}
		if len(text) <= maxSummary && got != text {
			t.Errorf("%s: %q was changed to %q", name, text, got)
		}
	}
}

func TestOccasion(t *testing.T) {
	event := func(name string) engine.Input { return engine.Input{Event: &engine.Event{Name: name}} }
	outcome := engine.Input{Outcome: &engine.Outcome{Status: engine.OutcomeAccepted}}
	for _, tc := range []struct {
		woke   bool
		inputs []engine.Input
		want   string
	}{
		{false, []engine.Input{event("lesson.completed")}, "lesson.completed"},
		{false, []engine.Input{event("lesson.completed"), event("a"), event("b")}, "lesson.completed and 2 more events"},
		{true, nil, "woken: welcome acts"},
		{true, []engine.Input{outcome, event("a")}, "woken: welcome acts; delivery accepted; a"},
	} {
		l := &learner{Input: Input{Next: "next: welcome acts", WakeAt: time.Unix(1, 0)}, woken: tc.woke}
		if got := l.describeOccasion(tc.inputs); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
