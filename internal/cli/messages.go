package cli

import (
	"context"

	"homeroom/admin"
	"homeroom/internal/printing"
)

// MessagesCmd is `homeroom messages`.
type MessagesCmd struct {
	List     MessagesListCmd     `cmd:"" help:"List a folder's messages, and which rules send them."`
	SendTest MessagesSendTestCmd `cmd:"" name:"send-test" help:"Send a message to yourself, with made-up data."`
}

// MessagesListCmd is `homeroom messages list`.
type MessagesListCmd struct {
	Dir    string `arg:"" name:"academy" help:"The academy folder."`
	Format string `help:"How to print: table or json." enum:"table,json" default:"table"`
}

// Help is shown by `homeroom messages list --help`.
func (*MessagesListCmd) Help() string {
	return `Lists the messages with their languages, their topic, the rules that send them, and their subject.

Example:
  homeroom messages list examples/academy`
}

// Run lists the messages.
func (c *MessagesListCmd) Run(_ context.Context, o IO) error {
	folder, err := openFolder(c.Dir)
	if err != nil {
		return err
	}
	messages, err := admin.Messages(folder)
	if err != nil {
		return err
	}
	return o.PrintResult(c.Format, messages, printing.MessagesText(messages))
}

// MessagesSendTestCmd is `homeroom messages send-test`.
type MessagesSendTestCmd struct {
	Message string `arg:"" name:"message" help:"The message's name."`
	To      string `required:"" help:"The address to send it to: yours." placeholder:"ADDRESS"`
	Academy string `type:"existingdir" env:"HOMEROOM_ACADEMY" default:"." help:"The academy folder. Default: this one." placeholder:"DIR"`
	Locale  string `help:"The learner's locale, such as de or de-AT." placeholder:"LOCALE"`
	With    string `help:"A YAML or JSON file with learner, course, trigger, time and vars to show instead of made-up ones (see homeroom rules render)." placeholder:"FILE"`
	AllowFlags
	SendGridFlags
}

// Help is shown by `homeroom messages send-test --help`.
func (*MessagesSendTestCmd) Help() string {
	return `Sends one mail through SendGrid, the way learners get it: the same text, sender and layout, "[test] " before its subject.
The data are made up: the links to unsubscribe lead nowhere, and share links show a certificate that nobody has. It needs
neither NATS nor Temporal, and counts in no cap and no report. At SendGrid it has the category homeroom-test.

Example:
  export SENDGRID_API_KEY=…
  homeroom messages send-test quiz-retry --to maya@academy.example --academy examples/academy --locale de`
}

// Run sends the message.
func (c *MessagesSendTestCmd) Run(ctx context.Context, o IO) error {
	if err := c.checkAllow(); err != nil {
		return err
	}
	folder, err := compileFolder(c.Academy)
	if err != nil {
		return err
	}
	overrides, err := readOverrides(c.With)
	if err != nil {
		return err
	}
	sent, err := admin.SendTest(ctx, folder, admin.SendTestOptions{
		PreviewOptions: admin.PreviewOptions{
			Message:   c.Message,
			Locale:    c.Locale,
			Overrides: overrides,
		},
		To:        c.To,
		Allow:     c.Allow,
		Now:       o.Now(),
		NewSender: func() (admin.TestSender, error) { return c.newSender() },
	})
	if err != nil {
		return err
	}
	return o.PrintText(printing.TestMailText(&sent, c.Sandbox))
}
