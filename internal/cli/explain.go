package cli

import (
	"context"
	"io"

	"homeroom/admin"
)

// RulesExplainCmd is `homeroom rules explain`.
type RulesExplainCmd struct {
	Dir  string `arg:"" name:"academy" help:"The academy folder."`
	Rule string `arg:"" name:"rule" help:"The rule's name."`
}

// Help is shown by `homeroom rules explain --help`.
func (*RulesExplainCmd) Help() string {
	return `Says a rule in words: when it starts and leaves, its steps as the program that runs, the messages it sends, what it
listens to, and which of those events wake a learner's workflow.

Example:
  homeroom rules explain examples/academy quiz-retry`
}

// Run prints the explanation.
func (c *RulesExplainCmd) Run(_ context.Context, o IO) error {
	folder, err := openFolder(c.Dir)
	if err != nil {
		return err
	}
	text, err := admin.ExplainRule(folder, c.Rule)
	if err != nil {
		return err
	}
	_, err = io.WriteString(o.Out, text)
	return err
}
