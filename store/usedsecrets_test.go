package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestAnotherSecretIsRefused: the one in use has to be among those that are given, also by processes that all agree; a new one takes its
// place in front of it.
func TestAnotherSecretIsRefused(t *testing.T) {
	first := []byte("the first secret of it")
	second := []byte("the second secret of it")
	third := []byte("nobody knows this secret")
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	type step struct {
		name  string
		given [][]byte
		inUse string // since when; empty: it is refused
	}
	_, js, st := natstest.Open(t)
	ctx := t.Context()
	for n, s := range []step{
		{"the first start", [][]byte{first}, "2026-03-02T10:00:00Z"},
		{"again", [][]byte{first}, "2026-03-02T10:00:00Z"},
		{"another", [][]byte{third}, ""},
		{"none", nil, ""},
		{"a new one is known beforehand", [][]byte{first, second}, "2026-03-02T10:00:00Z"},
		{"a new one replaces it", [][]byte{second, first}, "2026-03-02T10:05:00Z"},
		{"a process that does not know the new one", [][]byte{first}, ""},
		{"one that has not put it in front", [][]byte{first, second}, "2026-03-02T10:05:00Z"},
		{"a third, without them", [][]byte{third}, ""},
		{"a third, behind the first", [][]byte{third, first}, ""},
		{"the new one alone", [][]byte{second}, "2026-03-02T10:05:00Z"},
	} {
		t.Run(s.name, func(t *testing.T) {
			secrets, err := store.EnsureSecrets(ctx, js, s.given)
			if err == nil {
				err = store.RecordSecrets(ctx, js, secrets, "north-1-aa", at.Add(time.Duration(n)*time.Minute))
			}
			var other *store.OtherSecretError
			if s.inUse == "" {
				if !errors.As(err, &other) || !strings.Contains(err.Error(), "used first by north-1-aa") || !strings.Contains(err.Error(), "--secret-file") {
					t.Errorf("got %v, want a refusal that says which secret is lacking", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, known, err := st.Control.ReadSecretInUse(ctx)
			if err != nil || !known || got.Since.Format(time.RFC3339) != s.inUse {
				t.Errorf("in use since %s, known %t, %v; want %s", got.Since, known, err, s.inUse)
			}
		})
	}
	kv, err := js.KeyValue(ctx, store.BucketControl)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Get(ctx, "secret"); err == nil {
		t.Error("a process that was given none has made one")
	}
	entry, err := kv.Get(ctx, "used_secrets")
	if err != nil || bytes.Contains(entry.Value(), first) {
		t.Errorf("the record is %s, %v", entry.Value(), err)
	}
	if _, err := kv.Put(ctx, "used_secrets", []byte("{")); err != nil {
		t.Fatal(err)
	}
	if err := store.RecordSecrets(ctx, js, [][]byte{third}, "north-1-aa", at); err != nil {
		t.Errorf("a damaged record: %v", err)
	}
	if err := kv.Delete(ctx, "used_secrets"); err != nil {
		t.Fatal(err)
	}
	if err := store.RecordSecrets(ctx, js, [][]byte{second}, "north-1-aa", at); err != nil {
		t.Errorf("after the record was removed on purpose: %v", err)
	}
}

// TestAFileInFrontOfTheSecretThatWasMade: it replaces it, and is needed from then on.
func TestAFileInFrontOfTheSecretThatWasMade(t *testing.T) {
	_, js, _ := natstest.Open(t)
	ctx := t.Context()
	now := time.Now()
	start := func(given ...[]byte) error {
		secrets, err := store.EnsureSecrets(ctx, js, given)
		if err != nil {
			return err
		}
		return store.RecordSecrets(ctx, js, secrets, "north-1-aa", now)
	}
	file := []byte("sixteen bytes or more")
	if err := start(); err != nil {
		t.Fatal(err)
	}
	if err := start(); err != nil {
		t.Errorf("a second start: %v", err)
	}
	if err := start(file); err != nil {
		t.Errorf("with a file: %v", err)
	}
	var other *store.OtherSecretError
	if err := start(); !errors.As(err, &other) {
		t.Errorf("without the file again: %v", err)
	}
	if _, err := store.InstallationSecrets(ctx, js, nil); !errors.As(err, &other) {
		t.Errorf("a command without the file: %v", err)
	}
}
