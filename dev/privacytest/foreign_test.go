package privacytest

import (
	"fmt"
	"testing"
	"time"

	"homeroom/catalog"
	"homeroom/dev/harness"
	"homeroom/privacy"
	"homeroom/sources"
	"homeroom/subjects"
)

// TestErasingForeignBodies: an address that only a body of another format holds, here one that became a dead letter, is suppressed when its
// learner is erased.
func TestErasingForeignBodies(t *testing.T) {
	w := open(t)
	known, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := sources.Shipped(known)
	if err != nil {
		t.Fatal(err)
	}
	w.privacy, err = privacy.New(privacy.Options{
		JS:          w.instance.JS,
		Store:       w.instance.App.Store(),
		Temporal:    w.instance.Temporal,
		Namespace:   w.stack.Namespace,
		Sources:     []catalog.Translator{shipped},
		Now:         w.instance.Clock.Now,
		SearchPause: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"id":"` + ada.marker + `","resource":"enrollment","action":"created","payload":{"course":{"id":7},"user":{"id":1,"email":"` + ada.address + `"}}}`
	w.platform.raw(subjects.Publish(ada.id, "enrollment.created"), ada.marker, []byte(body))
	harness.Eventually(t, w.ctx, "the dead letter", func() error {
		if dead := w.traces(ada.marker)[subjects.DeadStream]; dead != 1 {
			return fmt.Errorf("%d dead letters, want 1", dead)
		}
		return nil
	})
	receipt, err := w.privacy.Erase(w.ctx, ada.id, "tester", time.Now())
	if err != nil || !receipt.Complete {
		t.Fatalf("erased: %+v, %v", receipt, err)
	}
	if found := w.traces(ada.marker); len(found) > 0 {
		t.Errorf("traces are left: %v", found)
	}
	if has, err := w.instance.App.Store().Suppressions.Has(w.ctx, ada.address); !has || err != nil {
		t.Errorf("the address is not suppressed: %v, %v", has, err)
	}
}
