package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// LearnerExportCmd is `homeroom learner export`.
type LearnerExportCmd struct {
	InstallationFlags
	Learner string `arg:"" help:"The learner's id, as the platform publishes it."`
	Out     string `help:"Write to this file, for its owner's eyes only, and not to the screen." placeholder:"FILE"`
}

// Help is shown by `homeroom learner export --help`.
func (*LearnerExportCmd) Help() string {
	return `Collects everything that is held about a learner, wherever it is, into one JSON document that explains itself: profile,
standing, events, dead letters, decisions, nudges, sends, links, suppressed addresses, and the state of the workflow.

Example:
  homeroom learner export u_42 --out u_42.json`
}

// Run writes the document.
func (c *LearnerExportCmd) Run(ctx context.Context, o IO) error {
	doc, err := askInstallation(ctx, o, c, "homeroom learner", func(i *admin.Installation) (*admin.LearnerDocument, error) {
		return i.ExportLearner(ctx, c.Learner, o.PrintStage)
	})
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	data = append(data, '\n')
	if c.Out == "" {
		_, err := o.Out.Write(data)
		return err
	}
	if err := writePrivate(c.Out, data); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	_, err = fmt.Fprintf(o.Err, "Wrote %s: %s.\n", c.Out, printing.DescribeSections(doc))
	return err
}

// writePrivate writes a file that only its owner can read, all of it or none.
func writePrivate(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".homeroom-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
