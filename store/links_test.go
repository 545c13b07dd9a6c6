package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/links"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

func TestWhatLiesBehindLinks(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	want := links.Shared{
		Learner:     "u_1",
		Send:        "s1",
		Rule:        "share",
		Message:     "share-it",
		Certificate: "c1",
		Course:      "k1",
		Targets:     map[string]string{links.PlaceCertificate: "https://learn.example.org/c/c1"},
		At:          monday,
	}
	for range 2 {
		done(t, st.Links.KeepShared(ctx, want))
	}
	got, err := st.Links.Shared(ctx, links.Key("s1"))
	done(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shared (-want +got):\n%s", diff)
	}
	done(t, st.Links.KeepReferral(ctx, "K7QX2MPA", links.Referred{Learner: "u_1", Target: "https://a.example.org"}))
	moved := links.Referred{Learner: "u_1", Target: "https://b.example.org"}
	done(t, st.Links.KeepReferral(ctx, "K7QX2MPA", moved))
	if err := st.Links.KeepReferral(ctx, "K7QX2MPA", links.Referred{Learner: "u_2"}); !errors.Is(err, store.ErrTaken) {
		t.Errorf("somebody else's code: %v, want ErrTaken", err)
	}
	if got, err := st.Links.Referral(ctx, "K7QX2MPA"); err != nil || got != moved {
		t.Errorf("referral %+v, %v", got, err)
	}
	for _, odd := range []string{"", "K7QX2MPB", "ref.K7QX2MPA", "*", ">", "a b", "..", strings.Repeat("A", 5000), "\x00", "=41"} {
		if _, err := st.Links.Shared(ctx, odd); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Shared(%.20q): %v", odd, err)
		}
		if _, err := st.Links.Referral(ctx, odd); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Referral(%.20q): %v", odd, err)
		}
	}
	if err := st.Links.KeepReferral(ctx, "a.b", moved); err == nil {
		t.Error("a code that cannot be asked for was kept")
	}
}

func TestAPublishedEventIsOneThatCanBeRead(t *testing.T) {
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	at := monday.Add(123456789 * time.Nanosecond)
	properties := map[string]any{"send_id": "s1", "message": "welcome", "machine": true}
	for range 2 {
		done(t, st.Events.Publish(ctx, "auth0|7", "email.opened", "e1", at, properties))
	}
	stream, err := js.Stream(ctx, subjects.Stream)
	done(t, err)
	info, err := stream.Info(ctx)
	if err != nil || info.State.Msgs != 1 {
		t.Fatalf("%d messages, %v; want 1", info.State.Msgs, err)
	}
	msg, err := stream.GetMsg(ctx, 1)
	done(t, err)
	_, learner, name, err := subjects.ParseStored(msg.Subject)
	done(t, err)
	cat, err := catalog.Default()
	done(t, err)
	got, bad := cat.Decode(learner, name, msg.Data, msg.Time)
	if bad != nil {
		t.Fatalf("%s: %v", msg.Data, bad)
	}
	want := engine.Event{ID: "e1", Name: "email.opened", Learner: "auth0|7", Time: at, Properties: properties}
	got.Event.Learner = learner
	if diff := cmp.Diff(want, got.Event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	for _, bad := range [][3]string{{"", "email.opened", "e"}, {"u_1", "", "e"}, {"u_1", "email.opened", ""}, {"a\nb", "email.opened", "e"}} {
		if err := st.Events.Publish(ctx, bad[0], bad[1], bad[2], at, nil); err == nil {
			t.Errorf("%q was published", bad)
		}
	}
}

func TestPublishingWithoutAStreamSaysWhatToDo(t *testing.T) {
	_, js, st := natstest.Open(t)
	done(t, js.DeleteStream(t.Context(), subjects.Stream))
	err := st.Events.Publish(t.Context(), "u_1", "email.opened", "e1", monday, nil)
	if !errors.Is(err, store.ErrNoStream) || !strings.Contains(err.Error(), "homeroom serve") {
		t.Errorf("got %v", err)
	}
}

func TestNudgesWaitForThePlatform(t *testing.T) {
	_, js, _ := natstest.Open(t)
	ack, err := js.Publish(t.Context(), subjects.Nudge("auth0|7", "retry-after-failed-quiz"), []byte("{}"))
	if err != nil || ack.Stream != subjects.NudgeStream {
		t.Fatalf("ack %+v, %v", ack, err)
	}
	stream, err := js.Stream(t.Context(), subjects.NudgeStream)
	done(t, err)
	if age := stream.CachedInfo().Config.MaxAge; age != store.NudgesAge {
		t.Errorf("kept for %v, want %v", age, store.NudgesAge)
	}
	if _, err := stream.GetLastMsgForSubject(t.Context(), subjects.NudgesOf("auth0|7")); err != nil {
		t.Error(err)
	}
}
