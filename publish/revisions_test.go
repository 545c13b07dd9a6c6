package publish_test

import (
	"errors"
	"testing"

	"homeroom/internal/natstest"
	"homeroom/publish"
	"homeroom/store"
)

func TestFindRevision(t *testing.T) {
	_, _, st := natstest.Open(t)
	if _, err := publish.FindRevision(t.Context(), st.Rulesets, "current"); !errors.Is(err, publish.ErrNothingInForce) {
		t.Errorf("before the first publication: got %v", err)
	}
	var revision uint64
	for i, hash := range []string{"aaaaaaaa1111", "aaaaaaaa2222"} {
		if err := st.Rulesets.Put(t.Context(), store.Bundle{Hash: hash}); err != nil {
			t.Fatal(err)
		}
		pointer, err := st.Rulesets.SetCurrent(t.Context(), store.Pointer{Number: i + 1, Hash: hash, Revision: revision})
		if err != nil {
			t.Fatal(err)
		}
		revision = pointer.Revision
	}
	for ref, want := range map[string]string{
		"current":   "aaaaaaaa2222",
		"1":         "aaaaaaaa1111",
		"AAAAAAAA1": "aaaaaaaa1111",
	} {
		got, err := publish.FindRevision(t.Context(), st.Rulesets, ref)
		if err != nil || got.Hash != want {
			t.Errorf("%s: got %s, %v, want %s", ref, got.Hash, err, want)
		}
	}
	for _, ref := range []string{"7", "aaaa", "aaaaaaaa", "bbbbbbbb"} {
		var unknown *publish.RevisionError
		if _, err := publish.FindRevision(t.Context(), st.Rulesets, ref); !errors.As(err, &unknown) {
			t.Errorf("%s: got %v, want a RevisionError", ref, err)
		}
	}
}
