package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"homeroom/internal/natstest"
	"homeroom/store"
)

func TestAnInstallationMakesOneSecret(t *testing.T) {
	_, js, _ := natstest.Open(t)
	ctx := t.Context()
	if _, err := store.InstallationSecrets(ctx, js, nil); !errors.Is(err, store.ErrSecretUnknown) {
		t.Fatalf("nothing is made by reading: %v", err)
	}
	made, err := store.EnsureSecrets(ctx, js, nil)
	if err != nil || len(made) != 1 || len(made[0]) < store.MinSecretSize {
		t.Fatalf("made %d secrets, %v", len(made), err)
	}
	again, err := store.EnsureSecrets(ctx, js, nil)
	if err != nil || len(again) != 1 || !bytes.Equal(again[0], made[0]) {
		t.Errorf("the second start has another secret: %v", err)
	}
	given := [][]byte{[]byte("sixteen bytes or more"), []byte("what came before that")}
	cases := []struct {
		name  string
		given [][]byte
		want  [][]byte
	}{
		{"none given", nil, made},
		{"given ones come first", given, append([][]byte{given[0], given[1]}, made[0])},
		{"the made one is given", [][]byte{given[0], made[0]}, [][]byte{given[0], made[0]}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := store.InstallationSecrets(ctx, js, c.given)
			if err != nil || !bytes.Equal(bytes.Join(got, []byte("|")), bytes.Join(c.want, []byte("|"))) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestSecretFiles(t *testing.T) {
	long := filepath.Join(t.TempDir(), "long")
	short := filepath.Join(t.TempDir(), "short")
	for file, text := range map[string]string{long: "sixteen bytes or more", short: "short"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.ReadSecretFiles([]string{long, ""})
	if err != nil || len(got) != 1 || string(got[0]) != "sixteen bytes or more" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = store.ReadSecretFiles([]string{long, short})
	if !errors.Is(err, store.ErrSecretTooShort) || !strings.Contains(err.Error(), "holds 5 bytes") {
		t.Errorf("a short secret: %v", err)
	}
}
