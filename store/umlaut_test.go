package store_test

import (
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// Providers report the form in which mail was sent: it suppresses the learner whose address was published in another.
func TestAnInternationalDomainIsOneAddress(t *testing.T) {
	_, _, st := natstest.Open(t)
	ctx := t.Context()
	if _, err := st.Profiles.Merge(ctx, "u1", map[string]any{"email": "Ada@EXÄMPLE.org"}, monday); err != nil {
		t.Fatal(err)
	}
	if err := st.Suppressions.Add(ctx, "ada@xn--exmple-cua.org", store.ReasonBounced, minute(1)); err != nil {
		t.Fatal(err)
	}
	seen, err := st.Profiles.Profile(ctx, "u1")
	if err != nil || !seen.Reach[engine.ChannelEmail].Suppressed {
		t.Errorf("the learner is seen as %+v, %v; want suppressed", seen.Reach, err)
	}
	for _, spelled := range []string{"ada@exämple.org", "ADA@xn--exmple-cua.org"} {
		status, err := st.People.AddressStatus(ctx, spelled)
		if err != nil || !status.Suppressed || len(status.Owners) != 1 {
			t.Errorf("%s: %+v, %v; want suppressed, of one learner", spelled, status, err)
		}
	}
	records, err := st.People.ListSuppressions(ctx)
	if err != nil || len(records) != 1 || len(records[0].Learners) != 1 {
		t.Errorf("listed: %+v, %v", records, err)
	}
	if err := st.Suppressions.Lift(ctx, "ada@exämple.org", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if has, err := st.Suppressions.Has(ctx, "ada@xn--exmple-cua.org"); err != nil || has {
		t.Errorf("after it was lifted: suppressed %v, %v", has, err)
	}
}
