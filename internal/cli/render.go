package cli

import (
	"context"
	"fmt"

	"homeroom/admin"
	"homeroom/internal/printing"
	"homeroom/internal/safefiles"
)

// RulesRenderCmd is `homeroom rules render`.
type RulesRenderCmd struct {
	Dir     string `arg:"" name:"academy" help:"The academy folder."`
	Message string `arg:"" name:"message" help:"The message's name."`
	Locale  string `help:"The learner's locale, such as de or de-AT." placeholder:"LOCALE"`
	With    string `help:"A YAML or JSON file with learner, course, trigger, time, vars and awaited (events by the names that rules give them) to show instead of made-up ones." placeholder:"FILE"`
	Format  string `help:"How to print: text, html or json (subject, preheader, html and text)." enum:"text,html,json" default:"text"`
}

// Help is shown by `homeroom rules render --help`.
func (*RulesRenderCmd) Help() string {
	return `Renders a message as a learner would get it, with a made-up learner and trigger. --with says what is different:

  learner: {first_name: Ada, timezone: Europe/Berlin, traits: {is_minor: true}}
  course: {title: Go for teachers, url: https://academy.example/go}
  trigger: {score_pct: 40}        # null takes a property away
  time: 2026-03-02T10:00:00Z
  vars: {plan: pro}

Examples:
  homeroom rules render examples/academy quiz-retry --locale de
  homeroom rules render examples/academy certificate-ready --format html > mail.html`
}

// Run renders the message.
func (c *RulesRenderCmd) Run(_ context.Context, o IO) error {
	folder, err := compileFolder(c.Dir)
	if err != nil {
		return err
	}
	overrides, err := readOverrides(c.With)
	if err != nil {
		return err
	}
	preview, err := admin.PreviewMessage(folder, admin.PreviewOptions{Message: c.Message, Locale: c.Locale, Overrides: overrides})
	if err != nil {
		return err
	}
	if c.Format == "html" {
		return o.PrintText(preview.HTML)
	}
	return o.PrintResult(c.Format, preview, printing.PreviewText(&preview))
}

// readOverrides reads the file of --with; nil: there is none.
func readOverrides(file string) (*admin.Overrides, error) {
	if file == "" {
		return nil, nil
	}
	src, err := safefiles.ReadFile(file, maxInputFile)
	if err != nil {
		return nil, usage(fmt.Errorf("--with: %w", err))
	}
	overrides, err := admin.ParseOverrides(file, src)
	if err != nil {
		return nil, fmt.Errorf("--with: %w", err)
	}
	return overrides, nil
}
