package triggers_test

import (
	"testing"

	"github.com/nats-io/nats.go"

	"homeroom/catalog"
	"homeroom/sources"
	"homeroom/triggers"
)

// TestForeignBodies: what a source reads, or is named by the message to read, becomes an event, what it ignores is acknowledged and nothing else, and the rest are dead letters.
func TestForeignBodies(t *testing.T) {
	w := newWorld(t)
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	set, problems := sources.Compile("sources.yaml", []byte(`
sources:
  lms:
    recognise: has(body.kind)
    event: body.kind
    learner: body.user
    id: body.ref
    events:
      lesson_done: {as: lesson.completed, properties: {lesson_id: body.lesson}}
    ignore: ["page_*"]
  hook:
    recognise: has(body.never)
    event: body.topic
    learner: body.user
    events:
      done: {as: lesson.completed, properties: {lesson_id: body.lesson}}
`), known)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	w.tune = func(o *triggers.Options) {
		reading := known.WithTranslator(set)
		o.Catalog = func() *catalog.Catalog { return reading }
	}
	run := w.run()
	w.publishRaw("learning.7.lesson_done", []byte(`{"kind":"lesson_done","user":7,"ref":"a","lesson":"l1"}`))
	w.publishRaw("learning.7.page_close", []byte(`{"kind":"page_close","user":7}`))
	w.publishRaw("learning._.page_open", []byte(`{"kind":"page_open"}`))
	w.publishRaw("learning.7.lesson_lost", []byte(`{"kind":"lesson_lost","user":7}`))
	w.publishRaw("learning.8.lesson_done", []byte(`{"kind":"lesson_done","user":7,"lesson":"l1"}`))
	named := map[string][]string{sources.HeaderSource: {"hook"}}
	for _, m := range []nats.Msg{
		{Subject: "learning.9.hook", Header: named, Data: []byte(`{"topic":"done","user":9,"lesson":"l1"}`)},
		{Subject: "learning.9.hook", Header: named, Data: []byte(`{"topic":"danced","user":9}`)},
	} {
		if _, err := w.js.PublishMsg(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for _, letter := range w.deadLetters(3) {
		got[letter.Subject] = letter.Header.Get(triggers.HeaderReason)
	}
	if got["dead.7.lesson_lost"] != "unknown_event" || got["dead.8.lesson_done"] != "learner_mismatch" || got["dead.9.hook"] != "unknown_event" {
		t.Errorf("dead letters: %v", got)
	}
	w.until("the rest", func() bool {
		s := run.Stats()
		return s.HandedOver == 2 && s.Ignored+s.NoLearner == 2
	})
	if ev := w.learn.of("9")[0]; ev.Name != "lesson.completed" {
		t.Errorf("handed over %+v", ev)
	}
	if ev := w.learn.of("7")[0]; ev.Name != "lesson.completed" || ev.ID != "a" {
		t.Errorf("handed over %+v", ev)
	}
}
