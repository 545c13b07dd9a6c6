package privacytest

import (
	"fmt"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/subjects"
)

// TestPersonalDataOfNoLearner: a publisher that forgets the id puts a person's data under "_". They can be found, exported and erased, and the person whose
// address it was is written to as before.
func TestPersonalDataOfNoLearner(t *testing.T) {
	w := open(t)
	w.platform.raw(subjects.Publish(subjects.NoLearner, "user.signed_up"), ada.marker+"-1", []byte(`{"id":"`+ada.marker+`-1","traits":{"email":"`+ada.address+`"}}`))
	w.platform.raw(subjects.Publish(subjects.NoLearner, "content.published"), ada.marker+"-2", []byte(`{"id":"`+ada.marker+`-2","properties":{"content_id":"c1","by":"`+ada.marker+`"}}`))
	w.platform.publish(bob, "lesson.completed", map[string]any{"lesson_id": "l1"})
	w.platform.raw("learning._.lesson.completed", ada.marker+"-3", []byte(`{"by":"`+ada.marker+`"`)) // no JSON
	harness.Eventually(t, w.ctx, "what is about a learner is a dead letter", func() error {
		if dead := w.traces(ada.marker)[subjects.DeadStream]; dead != 2 {
			return fmt.Errorf("%d dead letters, want 2", dead)
		}
		return nil
	})
	bobBefore := w.traces(bob.marker)[subjects.Stream]
	doc, err := w.privacy.Export(w.ctx, subjects.NoLearner)
	if err != nil {
		t.Fatal(err)
	}
	if events := items(doc, "events"); len(events) != 3 {
		t.Errorf("exported: %d events, want 3", len(events))
	}
	receipt, err := w.privacy.Erase(w.ctx, subjects.NoLearner, "tester", time.Now())
	if err != nil || !receipt.Complete || receipt.Suppressed != 0 {
		t.Fatalf("erased: %+v, %v", receipt, err)
	}
	if found := w.traces(ada.marker); len(found) > 0 {
		t.Errorf("traces are left: %v", found)
	}
	suppressions := w.instance.App.Store().Suppressions
	if has, err := suppressions.Has(w.ctx, ada.address); has || err != nil {
		t.Errorf("the address of a learner who asked for nothing is suppressed: %v, %v", has, err)
	}
	if _, there, err := suppressions.Tombstone(w.ctx, subjects.NoLearner); there || err != nil {
		t.Errorf("nobody has a tombstone: %v, %v", there, err)
	}
	if after := w.traces(bob.marker)[subjects.Stream]; after != bobBefore {
		t.Errorf("another learner was touched: %d events before, %d after", bobBefore, after)
	}
}
