package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"homeroom/admin"
	"homeroom/internal/clitest"
	"homeroom/internal/writekey"
	"homeroom/store"
)

// TestKeysAreMadeAndRevoked: a key is shown once, kept as a hash, listed, revoked within a moment for who follows the bucket, and all of
// it is recorded.
func TestKeysAreMadeAndRevoked(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	if out := runKeys(w, 0, "list"); !strings.Contains(out, "There is no write key") {
		t.Errorf("got\n%s", out)
	}
	var made admin.NewWriteKey
	if err := json.Unmarshal([]byte(runKeys(w, 0, "create", "course platform", "--scope", "events", "--limit", "50", "--format", "json")), &made); err != nil {
		t.Fatal(err)
	}
	if id, ok := writekey.Parse(made.Key); !ok || id != made.ID {
		t.Fatalf("made %+v", made)
	}
	keys, err := store.OpenWriteKeys(t.Context(), w.JS)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	if kept, ok := keys.Find(made.ID); !ok || !writekey.Matches(made.Key, kept.Hash) || kept.PerSecond != 50 || !kept.RevokedAt.IsZero() {
		t.Errorf("kept %+v", kept)
	}
	list := runKeys(w, 0, "list")
	if !strings.Contains(list, made.ID) || !strings.Contains(list, "course platform") || !strings.Contains(list, "50/s") || strings.Contains(list, made.Key) {
		t.Errorf("got\n%s", list)
	}
	if out := runKeys(w, 2, "revoke", made.ID); !strings.Contains(out, "--yes") {
		t.Errorf("without a terminal: %s", out)
	}
	if out := runKeys(w, 0, "revoke", made.ID, "--yes"); !strings.Contains(out, "Revoked.") {
		t.Errorf("got %s", out)
	}
	w.Until("the key is revoked for who follows", func() bool {
		key, _ := keys.Find(made.ID)
		return !key.RevokedAt.IsZero()
	})
	if out := runKeys(w, 0, "revoke", made.Key, "--yes"); !strings.Contains(out, "already") {
		t.Errorf("again: %s", out)
	}
	for _, wrong := range [][]string{{"revoke", "abcdefgh", "--yes"}, {"revoke", "../x", "--yes"}, {"create", "x", "--scope", "all"}, {"create", " "}, {"create", "x", "--limit", "-1"}} {
		runKeys(w, 2, wrong...)
	}
	audit := w.MustRun(0, "audit")
	if strings.Count(audit, "create_write_key") != 1 || strings.Count(audit, "revoke_write_key") != 2 || strings.Contains(audit, made.Key) {
		t.Errorf("recorded:\n%s", audit)
	}
}

func runKeys(w *clitest.Installation, code int, args ...string) string {
	w.T.Helper()
	return w.MustRun(code, append([]string{"keys"}, args...)...)
}
