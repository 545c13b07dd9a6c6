package privacytest

import (
	"strings"
	"testing"

	"homeroom/admin"
	"homeroom/store"
)

// TestRequestsAreCarriedOut: what a console left as a request is carried out with an operator's rights. The request goes with the learner, and the records of who
// asked hold no id.
func TestRequestsAreCarriedOut(t *testing.T) {
	w := open(t)
	w.platform.life(ada)
	w.settled(ada)
	connect := func(who string, way store.Way) *admin.Installation {
		t.Helper()
		i, err := admin.Connect(w.ctx, admin.ConnectOptions{
			Name:        who,
			NATS:        admin.NATSOptions{URL: w.stack.NATSURL},
			NeedsSecret: true,
			Temporal:    w.instance.Temporal,
			Namespace:   w.stack.Namespace,
			Actor:       admin.Actor{Name: who, Way: way},
			Now:         w.instance.Clock.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(i.Close)
		return i
	}
	maya := connect("maya", admin.WayConsole)
	for _, kind := range []admin.RequestKind{admin.RequestExport, admin.RequestErase} {
		if err := maya.AskForLearner(w.ctx, kind, ada.id, ada.id); err != nil {
			t.Fatal(err)
		}
	}
	operator := connect("root", admin.WayCLI)
	exported := 0
	done, err := operator.CarryOutRequests(w.ctx, admin.CarryOutOptions{
		AtMost:  10,
		OnStage: func(said string) { t.Log(said) },
		WriteExport: func(r admin.LearnerRequest, doc *admin.LearnerDocument) error {
			for _, s := range doc.Sections {
				exported += len(s.Items)
			}
			return nil
		},
	})
	if err != nil || len(done) != 2 || done[0].Problem+done[1].Problem != "" || exported == 0 {
		t.Fatalf("%+v, %v; %d items were exported", done, err, exported)
	}
	if receipt := done[1].Receipt; receipt == nil || !receipt.Complete || receipt.By != "maya" {
		t.Errorf("%+v", receipt)
	}
	if left, err := operator.LearnerRequests(w.ctx); err != nil || len(left) > 0 {
		t.Errorf("%+v wait, %v", left, err)
	}
	if found := w.traces(ada.marker); len(found) > 0 {
		t.Errorf("traces are left: %v", found)
	}
	log, err := operator.AuditLog(w.ctx, admin.AuditOptions{Learner: ada.id})
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, r := range log.Records {
		acts = append(acts, r.Who+" "+string(r.Action))
	}
	if got, want := strings.Join(acts, ", "), "root erase_learner, root export_learner, maya ask_erase_learner, maya ask_export_learner"; got != want {
		t.Errorf("recorded is %s, want %s", got, want)
	}
}
