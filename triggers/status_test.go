package triggers_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	"homeroom/triggers"
)

// TestAnEventThatLooksLikeAnAnswerOfTheServer: the client library takes a message without a body and with the header Status for the server's own. Such an
// event is a dead letter all the same, and holds nobody up.
func TestAnEventThatLooksLikeAnAnswerOfTheServer(t *testing.T) {
	w := newWorld(t)
	run := w.run()
	statuses := [][2]string{
		{"404", "No Messages"}, {"408", "Request Timeout"}, {"400", "Bad Request"}, {"409", "Consumer Deleted"}, {"409", "Server Shutdown"},
		{"423", "Nats-Wrong-Pin-Id"}, {"503", ""}, {"100", "Idle Heartbeat"}, {"200", ""},
	}
	for i, status := range statuses {
		msg := nats.NewMsg(fmt.Sprintf("learning.u_%d.lesson.completed", i))
		msg.Header.Set("Status", status[0])
		msg.Header.Set("Description", status[1])
		if _, err := w.js.PublishMsg(context.Background(), msg); err != nil {
			t.Fatal(err)
		}
		w.lesson(fmt.Sprintf("u_%d", i), i)
	}
	for _, letter := range w.deadLetters(len(statuses)) {
		if reason := letter.Header.Get(triggers.HeaderReason); reason != "unreadable" {
			t.Errorf("%s is a dead letter because of %q, want unreadable", letter.Subject, reason)
		}
	}
	w.until("the others' events", func() bool { return w.learn.distinct() == len(statuses) })
	w.until("an empty consumer", func() bool { return w.unfinished() == 0 })
	if s := run.Stats(); s.Dead != int64(len(statuses)) {
		t.Errorf("%d dead letters, want %d", s.Dead, len(statuses))
	}
}
