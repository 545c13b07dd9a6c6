package safefiles_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"homeroom/internal/safefiles"
)

func TestOnlyRegularFilesInsideAreRead(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	write(t, outside, "secret")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "rules/a.yaml"), "a")
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("a.yaml", "rules/inside.yaml")
	link(outside, "rules/outside.yaml")
	link("../../../../../../../../proc/self/environ", "rules/environ.yaml")
	link(filepath.Dir(outside), "messages")
	link("/dev/zero", "rules/device.yaml")
	link("loop.yaml", "rules/loop.yaml")
	if err := syscall.Mkfifo(filepath.Join(dir, "rules/pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"rules/a.yaml":         "a",
		"rules/inside.yaml":    "a",
		"rules/outside.yaml":   "",
		"rules/environ.yaml":   "",
		"messages/secret.yaml": "",
		"rules/device.yaml":    "",
		"rules/loop.yaml":      "",
		"rules/pipe.yaml":      "",
		"../secret.yaml":       "",
		"/etc/passwd":          "",
		"missing.yaml":         "",
	} {
		got, err := fs.ReadFile(safefiles.Dir(dir), name)
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: read %q, error %v; want %q", name, got, err, want)
		}
	}
	if _, err := fs.ReadFile(safefiles.Dir(dir), "rules/pipe.yaml"); !errors.Is(err, safefiles.ErrNotRegular) {
		t.Errorf("a pipe: %v", err)
	}
	if _, err := fs.ReadDir(safefiles.Dir(filepath.Join(dir, "nowhere")), "."); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "body.json")
	write(t, file, "12345")
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		most int64
		want error
	}{
		{file, 5, nil}, {file, 4, safefiles.ErrTooLarge}, {pipe, 5, safefiles.ErrNotRegular}, {"/dev/zero", 5, safefiles.ErrNotRegular},
		{dir, 5, safefiles.ErrNotRegular}, {file + "x", 5, fs.ErrNotExist},
	} {
		if _, err := safefiles.ReadFile(tc.name, tc.most); !errors.Is(err, tc.want) {
			t.Errorf("%s, at most %d bytes: %v, want %v", tc.name, tc.most, err, tc.want)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
