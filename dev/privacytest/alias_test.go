package privacytest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/engine"
)

// TestErasingOneIDErasesBoth: a learner who had two ids is found whole by either of them, in an export and in an erasure.
func TestErasingOneIDErasesBoth(t *testing.T) {
	w := open(t)
	w.platform.life(ada)
	w.platform.life(bob)
	w.settled(ada)
	w.settled(bob)
	w.platform.publish(ada, engine.EventAliased, map[string]any{engine.KeyPrevious: bob.id})
	harness.Eventually(t, w.ctx, "both are one", func() error {
		st, err := w.instance.App.Store().Standings.Get(w.ctx, bob.id)
		if err == nil && st.MergedInto != ada.id {
			err = fmt.Errorf("bob goes on as %q", st.MergedInto)
		}
		return err
	})
	w.platform.publish(bob, "lesson.completed", map[string]any{"course_id": "crs_" + bob.marker, "lesson_id": "l2"})
	doc, err := w.privacy.Export(w.ctx, bob.id)
	if err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if !mentions(written, ada.marker) || !mentions(written, bob.address) {
		t.Error("the export by one id lacks what is held under the other")
	}
	receipt, err := w.privacy.Erase(w.ctx, bob.id, "tester", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !receipt.Complete || receipt.OtherIDs != 1 {
		t.Errorf("the receipt: %+v", receipt)
	}
	for _, who := range []person{ada, bob} {
		if found := w.traces(who.marker); len(found) > 0 {
			t.Errorf("traces of %s are left: %v", who.id, found)
		}
		if _, there, err := w.instance.App.Store().Suppressions.Tombstone(w.ctx, who.id); err != nil || !there {
			t.Errorf("the tombstone of %s: %v, %v", who.id, there, err)
		}
	}
	w.refused(ada.address, bob.address)
}
