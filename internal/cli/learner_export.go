package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"homeroom/admin"
)

// SecretFlags say which secrets an installation was given.
type SecretFlags struct {
	Secrets []string `name:"secret-file" env:"HOMEROOM_SECRET_FILE" type:"existingfile" help:"The file that serve was given as its secret, then the older ones; without it, the secret that is kept in NATS." placeholder:"FILE"`
}

// InstallationFlags say where an installation keeps its data, and its secret.
type InstallationFlags struct {
	NATSFlags
	SecretFlags
	Keys []string `name:"encryption-key-file" env:"HOMEROOM_ENCRYPTION_KEY_FILE" type:"existingfile" help:"The keys that serve encrypts with, if it does." placeholder:"FILE"`
}

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
	installation, err := c.connectInstallation(ctx, o, "homeroom learner", 0)
	if err != nil {
		return err
	}
	defer installation.Close()
	doc, err := installation.ExportLearner(ctx, c.Learner, o.printStage)
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
	_, err = fmt.Fprintf(o.Err, "Wrote %s: %s.\n", c.Out, sectionsText(doc))
	return err
}

// printStage prints what is being done, a line for each stage.
func (o IO) printStage(words string) { fmt.Fprintln(o.Err, words) }

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

// sectionsText lists the sections that hold something, with how many items each has.
func sectionsText(doc *admin.LearnerDocument) string {
	line := ""
	for _, s := range doc.Sections {
		if len(s.Items) > 0 {
			line += fmt.Sprintf(", %s %d", s.Name, len(s.Items))
		}
	}
	if line == "" {
		return "nothing is held: no such learner, or erased. " + admin.LearnerIDAdvice
	}
	return line[2:]
}
