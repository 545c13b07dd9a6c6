package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// openDrafts returns the drafts of a fresh installation.
func openDrafts(t *testing.T) (*store.Drafts, jetstream.JetStream) {
	t.Helper()
	_, js, _ := natstest.Open(t)
	drafts, err := store.OpenDrafts(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	return drafts, js
}

// TestTwoPeopleOnOneDraft: who saves second is told, and overwrites and deletes nothing.
func TestTwoPeopleOnOneDraft(t *testing.T) {
	drafts, _ := openDrafts(t)
	first := store.Draft{ID: "maya", Author: "maya", Files: map[string][]byte{"rules/a.yaml": []byte("a")}, SavedAt: time.Unix(1, 0).UTC()}
	revision, err := drafts.Put(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drafts.Put(t.Context(), first); !errors.Is(err, store.ErrDraftMoved) {
		t.Errorf("a draft that exists was made again: %v", err)
	}
	mayas := first
	mayas.Revision = revision
	mayas.Files = map[string][]byte{"rules/a.yaml": []byte("b")}
	if _, err := drafts.Put(t.Context(), mayas); err != nil {
		t.Fatal(err)
	}
	lees := first
	lees.Revision = revision
	if _, err := drafts.Put(t.Context(), lees); !errors.Is(err, store.ErrDraftMoved) {
		t.Errorf("got %v, want ErrDraftMoved", err)
	}
	if err := drafts.Delete(t.Context(), "maya", revision); !errors.Is(err, store.ErrDraftMoved) {
		t.Errorf("a draft that somebody saved meanwhile was deleted: %v", err)
	}
	now, err := drafts.Get(t.Context(), "maya")
	if err != nil || !bytes.Equal(now.Files["rules/a.yaml"], []byte("b")) {
		t.Fatalf("got %+v, %v", now, err)
	}
	if err := drafts.Delete(t.Context(), "maya", now.Revision); err != nil {
		t.Fatal(err)
	}
	if _, err := drafts.Get(t.Context(), "maya"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if _, err := drafts.Put(t.Context(), first); err != nil {
		t.Errorf("a draft cannot be begun again after it was deleted: %v", err)
	}
}

// TestDamagedDraftsHideNoOthers: what cannot be read is named, and the rest is listed.
func TestDamagedDraftsHideNoOthers(t *testing.T) {
	drafts, js := openDrafts(t)
	if _, err := drafts.Put(t.Context(), store.Draft{ID: "good"}); err != nil {
		t.Fatal(err)
	}
	bucket, err := js.KeyValue(t.Context(), store.BucketDrafts)
	if err != nil {
		t.Fatal(err)
	}
	for i, damage := range damages {
		key := "bad-" + string(rune('a'+i))
		if _, err := bucket.Put(t.Context(), key, damage.do([]byte(`{"id":"x"}`))); err != nil {
			t.Fatal(err)
		}
		if _, err := drafts.Get(t.Context(), key); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", damage.name, err)
		}
	}
	all, err := drafts.List(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != "good" {
		t.Errorf("got %+v, %v", all, err)
	}
	for _, id := range []string{"", "-a", "A", "a.b", "a/b", "../x", "a b", "ä"} {
		if store.ValidDraftID(id) {
			t.Errorf("%q is accepted", id)
		}
	}
}
