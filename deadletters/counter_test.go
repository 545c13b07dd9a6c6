package deadletters_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/nats-io/nats.go"

	"homeroom/deadletters"
	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// TestCounter: what is kept of earlier looks says what counting everything says, whatever came and went between: new letters, deleted ones, an emptied
// stream and one that was made anew.
func TestCounter(t *testing.T) {
	for _, directly := range []bool{false, true} {
		_, js, _ := natstest.Open(t)
		letters := deadletters.New(js, directly)
		counter := deadletters.NewCounter(letters)
		refuse := func(n int, reason string) {
			t.Helper()
			for i := range n {
				m := nats.NewMsg(fmt.Sprintf("dead.u_%d.lesson.complete", i))
				m.Data = []byte(`{}`)
				m.Header.Set(triggers.HeaderReason, reason)
				if _, err := js.PublishMsg(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
		}
		compare := func(want int) {
			t.Helper()
			for _, reason := range []string{"", "unknown_event", "nothing"} {
				all, err := letters.List(t.Context(), deadletters.ListOptions{Selection: deadletters.Selection{Reason: reason}, Limit: 50})
				if err != nil {
					t.Fatal(err)
				}
				kept, err := counter.List(t.Context(), reason, 50)
				if err != nil || !reflect.DeepEqual(kept, all) || reason == "" && kept.Total != want {
					t.Errorf("directly %t, reason %q: %d are kept, with %d of the newest; %d are there, want %d; %v", directly, reason, kept.Total, len(kept.Letters), all.Total, want, err)
				}
				if len(kept.Letters) > 0 { // whoever changes an answer changes nothing that is kept
					kept.Letters[0].Learner = ""
					kept.Reasons[0].Events["lesson.complete"] = 0
				}
			}
		}
		compare(0)
		refuse(60, "unknown_event")
		refuse(60, "invalid_json")
		compare(120)
		refuse(2, "unknown_event")
		compare(122)
		newest, err := counter.List(t.Context(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.NewDeadLetters(js).Delete(t.Context(), newest.Letters[0].Sequence); err != nil {
			t.Fatal(err)
		}
		refuse(1, "invalid_json")
		compare(122)
		stream, err := js.Stream(t.Context(), subjects.DeadStream)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		compare(0)
		refuse(3, "invalid_json")
		compare(3)
		if err := js.DeleteStream(t.Context(), subjects.DeadStream); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), stream.CachedInfo().Config); err != nil {
			t.Fatal(err)
		}
		refuse(3, "unknown_event")
		compare(3)
	}
}
