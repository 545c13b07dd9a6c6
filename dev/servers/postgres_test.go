package servers

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFindPrograms(t *testing.T) {
	root := t.TempDir()
	create := func(dir, name string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	create("client", "psql", 0o700)
	create("half", "initdb", 0o700)
	create("text", "initdb", 0o600)
	create("text", "postgres", 0o600)
	create("whole", "initdb", 0o700)
	create("whole", "postgres", 0o700)
	create("other", "initdb", 0o700)
	create("other", "postgres", 0o700)
	for _, test := range []struct {
		dirs []string
		want string
	}{
		{nil, ""},
		{[]string{"missing", "client", "half", "text"}, ""},
		{[]string{"half", "whole", "other"}, "whole"},
		{[]string{"other", "whole"}, "other"},
	} {
		var dirs []string
		for _, dir := range test.dirs {
			dirs = append(dirs, filepath.Join(root, dir))
		}
		got := strings.TrimPrefix(findPrograms(dirs), root+string(filepath.Separator))
		if got != test.want {
			t.Errorf("%v: got %q, want %q", test.dirs, got, test.want)
		}
	}
}

func TestSortNewestFirst(t *testing.T) {
	dirs := []string{"/usr/lib/postgresql/9.6/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin"}
	sortNewestFirst(dirs)
	want := []string{"/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/9.6/bin"}
	if !slices.Equal(dirs, want) {
		t.Errorf("got %v, want %v", dirs, want)
	}
}

func TestChooseAccount(t *testing.T) {
	lookup := func(users ...*user.User) func(string) (*user.User, error) {
		return func(name string) (*user.User, error) {
			for _, u := range users {
				if u.Username == name {
					return u, nil
				}
			}
			return nil, user.UnknownUserError(name)
		}
	}
	postgres := &user.User{Username: "postgres", Uid: "101", Gid: "104"}
	nobody := &user.User{Username: "nobody", Uid: "65534", Gid: "65534"}
	for _, test := range []struct {
		name   string
		uid    int
		lookup func(string) (*user.User, error)
		want   *account
		fails  bool
	}{
		{"somebody runs it as they are", 1000, lookup(), nil, false},
		{"root runs it as postgres", 0, lookup(nobody, postgres), &account{uid: 101, gid: 104}, false},
		{"root runs it as nobody", 0, lookup(nobody), &account{uid: 65534, gid: 65534}, false},
		{"root alone cannot", 0, lookup(), nil, true},
		{"a second name of root is root", 0, lookup(&user.User{Username: "postgres", Uid: "0", Gid: "0"}), nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := chooseAccount(test.uid, test.lookup)
			same := got == test.want || got != nil && test.want != nil && *got == *test.want
			if !same || (err != nil) != test.fails {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), "no user postgres") {
				t.Errorf("%v does not say what is missing", err)
			}
		})
	}
}

func TestIsReady(t *testing.T) {
	status := "4711\n/tmp/homeroom-postgres-1/data\n1790000000\n12345\n\n127.0.0.1\n  6553601         3\n"
	for text, want := range map[string]bool{
		status + "starting\n": false,
		status + "ready   \n": true,
		status:                false,
		"":                    false,
	} {
		if isReady(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

func TestParsePostgresVersion(t *testing.T) {
	for said, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": "15.18",
		"postgres (PostgreSQL) 18beta1\n":                        "18beta1",
		"something else":                                         "",
	} {
		if got := parsePostgresVersion(said); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}

// TestProgramsThatFail: the error has what the program said, and no directory is left.
func TestProgramsThatFail(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir()
	for name, script := range map[string]string{
		"postgres": "#!/bin/sh\necho 'postgres (PostgreSQL) 15.18'\n",
		"initdb":   "#!/bin/sh\necho 'no space left'\nexit 1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, err := StartPostgres(t.Context(), &PostgresPrograms{dir: dir})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
