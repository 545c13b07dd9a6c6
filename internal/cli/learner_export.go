package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/privacy"
	"homeroom/store"
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
	return c.with(ctx, o, func(p *privacy.Privacy) error {
		doc, err := p.Export(ctx, c.Learner)
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
		_, err = fmt.Fprintf(o.Err, "Wrote %s: %s.\n", c.Out, sectionLine(doc))
		return err
	})
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

func sectionLine(doc *privacy.Document) string {
	line := ""
	for _, s := range doc.Sections {
		if len(s.Items) > 0 {
			line += fmt.Sprintf(", %s %d", s.Name, len(s.Items))
		}
	}
	if line == "" {
		return "nothing is held about this learner"
	}
	return line[2:]
}

// with connects and hands over what the commands about one learner need.
func (f InstallationFlags) with(ctx context.Context, o IO, do func(*privacy.Privacy) error) error {
	nc, js, err := f.connect("homeroom learner")
	if err != nil {
		return err
	}
	defer nc.Close()
	secrets, err := f.secrets(ctx, js)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, js, store.OpenOptions{Secret: secrets[0], OldSecrets: secrets[1:]})
	if err != nil {
		return err
	}
	defer st.Control.Close()
	temporal, namespace, err := dialTemporal(ctx, f.Keys...)
	if err != nil {
		return err
	}
	defer temporal.Close()
	p, err := privacy.New(privacy.Options{
		JS:        js,
		Store:     st,
		Temporal:  temporal,
		Namespace: namespace,
		Now:       o.Now,
		Progress:  func(said string) { fmt.Fprintln(o.Err, said) },
	})
	if err != nil {
		return err
	}
	return do(p)
}

// secrets returns the installation's secrets, the one in use first.
func (f SecretFlags) secrets(ctx context.Context, js jetstream.JetStream) ([][]byte, error) {
	given, err := readSecrets(f.Secrets)
	if err != nil {
		return nil, err
	}
	secrets, err := store.InstallationSecrets(ctx, js, given)
	if errors.Is(err, store.ErrSecretUnknown) {
		return nil, usage(err)
	}
	return secrets, err
}
