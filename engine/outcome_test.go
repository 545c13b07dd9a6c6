package engine

import (
	"testing"
	"time"
)

func TestASettledDecisionStandsBesideTheUncertainOne(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	send := Send{ID: "snd-1", Learner: "u_1", Rule: "welcome", Run: "run-1", Step: "0", Message: "welcome", At: at}
	uncertain := OutcomeDecision(send, Outcome{SendID: "snd-1", Status: OutcomeUncertain, Reason: ReasonProvider})
	accepted := Outcome{SendID: "snd-1", Status: OutcomeAccepted}
	settled := SettledDecision(send, accepted)
	switch {
	case settled.ID == uncertain.ID || settled.ID == OutcomeDecision(send, accepted).ID:
		t.Error("the settled decision would be refused as a repeat")
	case settled.ID != SettledDecision(send, accepted).ID:
		t.Error("the same report gives two decisions")
	case settled.Kind != KindSent || settled.Send != "snd-1" || !settled.At.Equal(at):
		t.Errorf("got %+v, want sent, of the same send, at the same time", settled)
	}
	refused := SettledDecision(send, Outcome{SendID: "snd-1", Status: OutcomeFailed, Reason: ReasonProvider, Detail: "dropped"})
	if refused.Kind != KindFailed || refused.ID == settled.ID || refused.Detail != "settled by the provider's report: dropped" {
		t.Errorf("a refused one: %+v", refused)
	}
}

func TestOnlyNewsIsUrgent(t *testing.T) {
	for _, tc := range []struct {
		kind   Kind
		reason Reason
		want   bool
	}{
		{KindStarted, "", false}, {KindDeferred, ReasonQuietHours, false}, {KindExited, ReasonUntil, false},
		{KindSkipped, ReasonAgain, false}, {KindSkipped, ReasonRunning, false}, {KindSkipped, ReasonCondition, false},
		{KindSkipped, ReasonCap, true}, {KindSkipped, ReasonNoAddress, true}, {KindWithheld, ReasonHoldout, true}, {KindConverted, "", true},
		{KindFailed, ReasonProvider, true}, {KindUncertain, ReasonProvider, true}, {KindSent, "", true},
	} {
		if got := (Decision{Kind: tc.kind, Reason: tc.reason}).Urgent(); got != tc.want {
			t.Errorf("%s %s: urgent %v, want %v", tc.kind, tc.reason, got, tc.want)
		}
	}
}

func TestOnlyAMessageThatWasNotTakenIsAFailedTry(t *testing.T) {
	for _, tc := range []struct {
		name   string
		kind   Kind
		reason Reason
		want   bool
	}{
		{"the provider does not answer", KindDeferred, ReasonProvider, true},
		{"the provider refuses the account", KindDeferred, ReasonProviderRefuses, true},
		{"sending is stopped", KindDeferred, ReasonPaused, false},
		{"quiet hours", KindDeferred, ReasonQuietHours, false},
		{"too many messages", KindDeferred, ReasonCap, false},
		{"the stream is behind", KindDeferred, ReasonBehind, false},
		{"it failed for good", KindFailed, ReasonProvider, false},
		{"nobody knows whether it went out", KindUncertain, ReasonProvider, false},
		{"it went out", KindSent, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := (&Decision{Kind: tc.kind, Reason: tc.reason}).IsFailedTry(); got != tc.want {
				t.Errorf("a failed try: %t, want %t", got, tc.want)
			}
		})
	}
}

// TestARetryOfTheProviderIsAFailedTry holds the deliveries' outcomes to what counts as a failed try.
func TestARetryOfTheProviderIsAFailedTry(t *testing.T) {
	send := Send{ID: "snd-1", Learner: "u_1", Rule: "welcome", Run: "run-1", Step: "0", Message: "welcome"}
	for reason, want := range map[Reason]bool{ReasonProvider: true, ReasonProviderRefuses: true, ReasonPaused: false} {
		d := OutcomeDecision(send, Outcome{SendID: "snd-1", Status: OutcomeRetry, Reason: reason})
		if got := d.IsFailedTry(); got != want {
			t.Errorf("a retry because of %s is a failed try: %t, want %t", reason, got, want)
		}
	}
}
