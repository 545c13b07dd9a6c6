package readmodel

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func inFiles(t *testing.T, path, text string) bool {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), text) {
			return true
		}
	}
	return false
}

func TestADamagedFileIsMadeAnew(t *testing.T) {
	i := sampleInstallation()
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, path string)
	}{
		{"the log", func(t *testing.T, path string) { execute(t, path, "UPDATE log SET data = zeroblob(9) WHERE first = 1") }},
		{"records", func(t *testing.T, path string) { execute(t, path, "UPDATE piece SET data = zeroblob(9)") }},
		{"a summary", func(t *testing.T, path string) { execute(t, path, "UPDATE summary SET data = zeroblob(9)") }},
		{"a position", func(t *testing.T, path string) { execute(t, path, "UPDATE stream SET taken_at = 1") }},
		{"no log", func(t *testing.T, path string) { execute(t, path, "DELETE FROM log") }},
		{"a newer version", func(t *testing.T, path string) { execute(t, path, "DROP TABLE log; PRAGMA user_version = 99") }},
		{"an older version", func(t *testing.T, path string) { execute(t, path, "PRAGMA user_version = -1") }},
		{"pages", func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for at := 100; at < len(data); at++ {
				data[at] = 0xa5
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"cut short", func(t *testing.T, path string) {
			if err := os.Truncate(path, 5000); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.db")
			m := openModel(t, path)
			m.reportOf(t, i, firstLook())
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			tt.damage(t, path)
			checkSame(t, openModel(t, path), i)
		})
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	m := openModel(t, path)
	if _, err := m.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFileOfSomebodyElseStaysAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("dear diary"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrForeign) {
		t.Errorf("Open = %v, want ErrForeign", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "dear diary" {
		t.Errorf("the file is %q, %v now", data, err)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.db")
	openModel(t, path)
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrInUse) {
		t.Errorf("Open = %v, want ErrInUse", err)
	}
}

func TestAFullDiskIsSaid(t *testing.T) {
	i := sampleInstallation()
	m := openModel(t, filepath.Join(t.TempDir(), "report.db"))
	if _, err := m.db.ExecContext(t.Context(), "PRAGMA max_page_count = 20"); err != nil {
		t.Fatal(err)
	}
	_, err := m.Count(t.Context(), i.sources(), firstLook().query())
	if err == nil || !strings.Contains(err.Error(), "disk of the read model is full") {
		t.Errorf("Count = %v", err)
	}
	if _, err := m.db.ExecContext(t.Context(), "PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	checkSame(t, m, i) // room was made
}
