package servers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
)

// PostgresPrograms are the programs of an installed PostgreSQL, and the account they run as.
type PostgresPrograms struct {
	dir string   // of initdb and postgres
	as  *account // nil: that of this process
}

// ErrNoPostgres says that PostgreSQL is not installed; test with errors.Is.
var ErrNoPostgres = errors.New("PostgreSQL is not installed")

// FindPostgres looks for PostgreSQL on PATH, and where Debian puts it. It returns ErrNoPostgres, or an error that says why what is installed cannot be run.
func FindPostgres() (*PostgresPrograms, error) {
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	sortNewestFirst(debian)
	dir := findPrograms(append(filepath.SplitList(os.Getenv("PATH")), debian...))
	if dir == "" {
		return nil, ErrNoPostgres
	}
	as, err := chooseAccount(os.Getuid(), user.Lookup)
	if err != nil {
		return nil, err
	}
	return &PostgresPrograms{dir: dir, as: as}, nil
}

// sortNewestFirst sorts directories such as /usr/lib/postgresql/15/bin by their version.
func sortNewestFirst(dirs []string) {
	version := func(dir string) float64 {
		number, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		return number
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
}

// findPrograms returns the first directory that has both programs; empty if none has.
func findPrograms(dirs []string) string {
	for _, dir := range dirs {
		if isProgram(filepath.Join(dir, "initdb")) && isProgram(filepath.Join(dir, "postgres")) {
			return dir
		}
	}
	return ""
}

func isProgram(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// account is a user of this machine.
type account struct {
	uid, gid int
}

// chooseAccount returns the account that runs PostgreSQL, which refuses to run as root: nil, which is that of this process, unless it is root.
func chooseAccount(uid int, lookup func(name string) (*user.User, error)) (*account, error) {
	if uid != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(found.Uid)
		gid, err2 := strconv.Atoi(found.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return &account{uid: uid, gid: gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and this machine has no user postgres and no user nobody to run it as")
}

// newCommand returns a command that runs one of the programs in dir.
func (p *PostgresPrograms) newCommand(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.dir, program), args...)
	cmd.Dir = dir
	cmd.SysProcAttr = processAttributes(p.as)
	return cmd
}

// giveToAccount makes the account of the programs the owner of a file or directory.
func (p *PostgresPrograms) giveToAccount(file string) error {
	if p.as == nil {
		return nil
	}
	if err := os.Chown(file, p.as.uid, p.as.gid); err != nil {
		return fmt.Errorf("a directory for PostgreSQL: %w", err)
	}
	return nil
}
