package delivery_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/internal/links"
)

// TestWhereLinksLeadIsKeptBeforeTheCall: nobody can follow a link that leads nowhere yet.
func TestWhereLinksLeadIsKeptBeforeTheCall(t *testing.T) {
	w := newWorld(t)
	w.targets = map[string]string{
		"certificate": "https://academy.example/c/1", "x": "https://x.com/intent/tweet", "referral": "https://academy.example/join?code=CODEu_42",
	}
	w.onCall = func(step string) {
		if step == "before send" && (len(w.shared) != 1 || len(w.referred) != 1) {
			t.Errorf("the provider was called before %v and %v were kept", w.shared, w.referred)
		}
	}
	s := send
	s.At = start
	s.Course = "crs_go"
	s.Trigger = engine.Event{Properties: map[string]any{"certificate_id": "cert_1", "course_id": "other"}}
	if out, err := w.deliverer().Deliver(t.Context(), s); err != nil || out.Status != engine.OutcomeAccepted {
		t.Fatalf("got %+v, %v", out, err)
	}
	if diff := cmp.Diff([]links.Shared{{
		Learner:     "u_42",
		Send:        "snd-1",
		Rule:        "certificate",
		Message:     "well-done",
		Certificate: "cert_1",
		Course:      "crs_go",
		Targets:     map[string]string{"certificate": "https://academy.example/c/1", "x": "https://x.com/intent/tweet"},
		At:          start,
	}}, w.shared); diff != "" {
		t.Errorf("share record (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]links.Referred{
		"CODEu_42": {Learner: "u_42", Target: "https://academy.example/join?code=CODEu_42"},
	}, w.referred); diff != "" {
		t.Errorf("referral record (-want +got)\n%s", diff)
	}
	if _, ours := w.targets["referral"]; !ours {
		t.Error("the message's targets were changed")
	}
}

func TestAMessageWithoutSuchLinksKeepsNothing(t *testing.T) {
	w := newWorld(t)
	if w.deliver(); len(w.shared)+len(w.referred) != 0 {
		t.Errorf("kept %v, %v", w.shared, w.referred)
	}
}

var errAway = errors.New("the bucket is away")

// awayKeeper is a bucket that is away.
type awayKeeper struct{}

func (awayKeeper) KeepShared(context.Context, links.Shared) error { return errAway }

func (awayKeeper) KeepReferral(context.Context, string, links.Referred) error { return errAway }

func TestWithoutItsLinksKeptAMessageDoesNotGo(t *testing.T) {
	for _, place := range []string{"x", "referral"} {
		w := newWorld(t)
		w.targets = map[string]string{place: "https://academy.example/"}
		_, err := w.with(func(o *delivery.Options) { o.LinkStore = awayKeeper{} }).Deliver(t.Context(), send)
		if !errors.Is(err, errAway) || w.calls != 0 || w.phase() != delivery.PhaseNone {
			t.Errorf("%s: got %v after %d calls, phase %q", place, err, w.calls, w.phase())
		}
	}
}
