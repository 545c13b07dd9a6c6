package privacytest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/internal/clock"
	"homeroom/privacy"
	"homeroom/store"
	"homeroom/subjects"
)

var (
	ada = person{id: "zq7merkwort4711|ada's", marker: "zq7merkwort4711", address: "zq7merkwort4711@learners.example"}
	bob = person{id: "xk5kennwort0815|bob's", marker: "xk5kennwort0815", address: "xk5kennwort0815@learners.example"}
)

// everywhere are the places in which a learner's life leaves their marker; the keys of the other buckets are hashes.
var everywhere = []string{
	subjects.Stream, subjects.DeadStream, subjects.DecisionStream, subjects.NudgeStream,
	"KV_" + store.BucketProfiles, "KV_" + store.BucketStanding, "KV_" + store.BucketSends, "KV_" + store.BucketLinks,
	"KV_" + store.BucketRetired,
	"Temporal visibility", "Temporal executions", "Temporal histories",
}

// world is Homeroom on a stack, with two learners who did the same.
type world struct {
	*testing.T
	ctx      context.Context
	stack    *stack.Stack
	instance *instance.Instance
	platform *platform
	privacy  *privacy.Privacy
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, ctx: harness.Deadline(t)}
	w.stack = servers(t, w.ctx)
	var err error
	// Learners rest at once, so that their lives have several runs.
	w.instance, err = instance.Open(w.ctx, w.stack, instance.Options{Academy: folder(t), Clock: clock.Real(), RestAfter: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.instance.Close)
	w.platform = &platform{t: t, ctx: w.ctx, js: w.instance.JS}
	w.privacy, err = privacy.New(privacy.Options{
		JS:          w.instance.JS,
		Store:       w.instance.App.Store(),
		Temporal:    w.instance.Temporal,
		Namespace:   w.stack.Namespace,
		Now:         w.instance.Clock.Now,
		SearchPause: time.Second,
		Progress:    func(said string) { t.Log(said) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) traces(marker string) map[string]int {
	w.Helper()
	return traces(w.T, w.ctx, w.instance.JS, w.instance.Temporal, w.stack.Namespace, marker)
}

// settled waits until a life has left its traces everywhere and the learner rests; traces no longer change then. The learner has
// also retired once, long ago.
func (w *world) settled(who person) {
	w.Helper()
	memory := engine.State{Version: engine.StateVersion, Learner: who.id, Recent: []engine.Decision{{Learner: who.id, Detail: who.marker}}}
	if kept, err := w.instance.App.Store().Retired.Put(w.ctx, who.id, memory, w.instance.Clock.Now()); err != nil || !kept {
		w.Fatalf("what was remembered is kept: %v, %v", kept, err)
	}
	harness.Eventually(w.T, w.ctx, who.id+" settles", func() error {
		found := w.traces(who.marker)
		for _, place := range everywhere {
			if found[place] == 0 {
				return fmt.Errorf("no trace in %s yet: %v", place, found)
			}
		}
		if found[subjects.DeadStream] < 2 || found["Temporal visibility"] < 2 {
			return fmt.Errorf("two dead letters and two runs were expected: %v", found)
		}
		return nil
	})
}

// isOfSetAside reports whether a place holds only what belongs to learners who are set aside. Nobody is here; the tests of package store remove what is held of
// somebody who was.
func isOfSetAside(place string) bool {
	return place == subjects.SetAsideStream || place == store.BucketControl
}

// TestErasedIsGone is row 12 of the guarantees.
func TestErasedIsGone(t *testing.T) {
	w := open(t)
	w.platform.life(ada)
	w.platform.life(bob)
	w.settled(ada)
	w.settled(bob)
	bobBefore := w.traces(bob.marker)
	counts, err := w.privacy.Find(w.ctx, ada.id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Count == 0 && !isOfSetAside(c.Place) {
			t.Errorf("before: %s is said to hold nothing", c.Place)
		}
	}

	receipt, err := w.privacy.Erase(w.ctx, ada.id, "tester", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	written, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if !receipt.Complete || len(receipt.Remaining)+len(receipt.Warnings) > 0 {
		t.Errorf("the erasure was not complete:\n%s", written)
	}
	if !strings.Contains(string(written), subjects.AuditStream) {
		t.Errorf("the receipt does not say that it stays recorded who looked at the learner:\n%s", written)
	}
	if mentions(written, ada.marker) {
		t.Errorf("the receipt tells who it was:\n%s", written)
	}
	for _, c := range receipt.Removed {
		if c.Count == 0 && !isOfSetAside(c.Place) {
			t.Errorf("nothing was removed from %s", c.Place)
		}
	}
	if found := w.traces(ada.marker); len(found) > 0 {
		t.Errorf("traces are left: %v", found)
	}
	if bobAfter := w.traces(bob.marker); !maps.Equal(bobBefore, bobAfter) {
		t.Errorf("another learner was touched: %v before, %v after", bobBefore, bobAfter)
	}
	w.refused(ada.address, "old-"+ada.address, strings.ToUpper(ada.address))
	if _, has, err := w.instance.App.Store().Suppressions.Get(w.ctx, bob.address); has || err != nil {
		t.Errorf("another learner's address: suppressed %v, %v", has, err)
	}
	stone, there, err := w.instance.App.Store().Suppressions.Tombstone(w.ctx, ada.id)
	if err != nil || !there || stone.By != "tester" {
		t.Errorf("the tombstone is %+v, %v, %v", stone, there, err)
	}
	t.Run("a new life", func(t *testing.T) { w.in(t).newLife(bobBefore) })
}

func (w *world) in(t *testing.T) *world {
	sub := *w
	p := *w.platform
	p.t = t
	sub.T = t
	sub.platform = &p
	return &sub
}

// refused checks that nobody writes to the addresses any more.
func (w *world) refused(addresses ...string) {
	w.Helper()
	for _, address := range addresses {
		s, has, err := w.instance.App.Store().Suppressions.Get(w.ctx, address)
		if err != nil || !has || s.Reason != store.ReasonErased {
			w.Errorf("%s is suppressed: %v, as %q, %v; want erased", address, has, s.Reason, err)
		}
	}
}

// newLife: what is published afterwards is taken in, nothing is sent to the old address, and it can be erased again.
func (w *world) newLife(bobBefore map[string]int) {
	mails := w.stack.Mail.Counts().Accepted
	w.platform.publish(ada, "certificate.earned", map[string]any{"certificate_id": "cert_again"})
	harness.Eventually(w.T, w.ctx, "the mail is skipped", func() error {
		doc, err := w.privacy.Export(w.ctx, ada.id)
		if err != nil {
			return err
		}
		for _, d := range section[engine.Decision](w.T, doc, "decisions") {
			if d.Kind == engine.KindSkipped && d.Reason == engine.ReasonSuppressed {
				return nil
			}
		}
		return fmt.Errorf("decided: %v", items(doc, "decisions"))
	})
	if now := w.stack.Mail.Counts().Accepted; now != mails {
		w.Errorf("%d mails went out after the erasure", now-mails)
	}
	receipt, err := w.privacy.Erase(w.ctx, ada.id, "tester", time.Now())
	if err != nil || !receipt.Complete {
		w.Errorf("erasing again: %+v, %v", receipt, err)
	}
	if found := w.traces(ada.marker); len(found) > 0 {
		w.Errorf("traces of the new life are left: %v", found)
	}
	if after := w.traces(bob.marker); !maps.Equal(bobBefore, after) {
		w.Errorf("another learner was touched: %v before, %v after", bobBefore, after)
	}
}

// TestErasingWhileEventsComeIn: the platform has stopped, but the stream, the triggers and the deliveries are still busy.
func TestErasingWhileEventsComeIn(t *testing.T) {
	w := open(t)
	for range 20 {
		w.platform.life(ada)
	}
	receipt, err := w.privacy.Erase(w.ctx, ada.id, "tester", time.Now())
	if err != nil || !receipt.Complete {
		t.Fatalf("%+v, %v", receipt, err)
	}
	t.Logf("%d rounds", receipt.Rounds)
	if found := w.traces(ada.marker); len(found) > 0 {
		t.Errorf("traces are left: %v", found)
	}
	w.refused(ada.address, "old-"+ada.address)
}

// TestExportHoldsEverything: what the search finds of a learner is in their export, and nothing of anybody else.
func TestExportHoldsEverything(t *testing.T) {
	w := open(t)
	w.platform.life(ada)
	w.platform.life(bob)
	w.settled(ada)
	w.settled(bob)
	doc, err := w.privacy.Export(w.ctx, ada.id)
	if err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if mentions(written, bob.marker) {
		t.Error("the export holds another learner's data")
	}
	held := w.traces(ada.marker)
	for name, place := range map[string]string{
		"events": subjects.Stream, "dead_letters": subjects.DeadStream, "decisions": subjects.DecisionStream, "nudges": subjects.NudgeStream,
		"profile": "KV_" + store.BucketProfiles, "standing": "KV_" + store.BucketStanding, "sends": "KV_" + store.BucketSends, "links": "KV_" + store.BucketLinks,
	} {
		if got := len(items(doc, name)); got < held[place] || got == 0 {
			t.Errorf("%s: %d items for %d messages in %s", name, got, held[place], place)
		}
	}
	for _, s := range doc.Sections {
		if s.About == "" || s.Where == "" {
			t.Errorf("%s does not explain itself", s.Name)
		}
	}
	workflows := items(doc, "workflow")
	if len(workflows) != 1 || workflows[0].(privacy.Workflow).State == nil || len(workflows[0].(privacy.Workflow).Runs) != held["Temporal visibility"] {
		t.Errorf("the workflow is told as %+v, want its state and %d runs", workflows, held["Temporal visibility"])
	}
	if s := items(doc, "suppression"); len(s) != 0 {
		t.Errorf("suppressed: %v", s)
	}
	stranger, err := w.privacy.Export(w.ctx, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stranger.Sections {
		if len(s.Items) > 0 {
			t.Errorf("%s of a stranger holds %v", s.Name, s.Items)
		}
	}
}

func items(doc *privacy.Document, name string) []any {
	i := slices.IndexFunc(doc.Sections, func(s privacy.Section) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return doc.Sections[i].Items
}

// section reads the bodies of a section.
func section[T any](t *testing.T, doc *privacy.Document, name string) []T {
	t.Helper()
	var bodies []T
	for _, i := range items(doc, name) {
		var v T
		if err := json.Unmarshal(i.(privacy.StoredRecord).Body, &v); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, v)
	}
	return bodies
}
