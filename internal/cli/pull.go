package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"homeroom/admin"
	"homeroom/internal/narrate"
	"homeroom/rules"
)

// RulesPullCmd is `homeroom rules pull`.
type RulesPullCmd struct {
	Dir string `arg:"" name:"folder" help:"Where to write it: a new or an empty folder."`
	NATSFlags
	Revision string `default:"current" help:"Its number or its hash. Default: what is in force." placeholder:"REVISION"`
}

// Help is shown by `homeroom rules pull --help`.
func (*RulesPullCmd) Help() string {
	return `Writes a revision into a folder, as it was published, so that a change which was made in the console comes into git. It prints the
revision's hash, which is the base for homeroom rules publish --base: so nothing is undone that others publish meanwhile.

Example:
  homeroom rules pull academy
  homeroom rules pull academy-of-last-week --revision 7`
}

// Run writes the files.
func (c *RulesPullCmd) Run(ctx context.Context, o IO) error {
	entries, err := os.ReadDir(c.Dir)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case len(entries) > 0:
		return usage(fmt.Errorf("%s is not empty; name a new folder, and compare the two (git diff --no-index)", c.Dir))
	}
	academy, err := askInstallation(ctx, o, c, "homeroom rules", func(i *admin.Installation) (*rules.Academy, error) { return i.Revision(ctx, c.Revision) })
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(academy.Files)) {
		file := filepath.Join(c.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, academy.Files[name], 0o644); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(o.Out, "%s of %s written to %s. Once you have changed something:\n  homeroom rules publish %s --base %s\n", narrate.Count(len(academy.Files), "file"),
		narrate.ShortHash(academy.Ruleset.Hash), c.Dir, c.Dir, narrate.ShortHash(academy.Ruleset.Hash))
	return err
}
