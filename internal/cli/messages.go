package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/rules"
)

// MessagesCmd is `homeroom messages`.
type MessagesCmd struct {
	List     MessagesListCmd     `cmd:"" help:"List a folder's messages, and which rules send them."`
	SendTest MessagesSendTestCmd `cmd:"" name:"send-test" help:"Send a message to yourself, with made-up data."`
}

// MessagesListCmd is `homeroom messages list`.
type MessagesListCmd struct {
	Dir string `arg:"" name:"academy" help:"The academy folder."`
}

// Run lists the messages.
func (c *MessagesListCmd) Run(_ context.Context, o IO) error {
	academy, err := loadAcademy(o, c.Dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(o.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MESSAGE\tLOCALES\tTOPIC\tSENT BY\tSUBJECT")
	for _, name := range academy.Library.Names() {
		locales := academy.Library.Locales(name)
		locales[0] = "default" // there always is one, and "" comes first
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", name, strings.Join(locales, ", "), cmp.Or(academy.Library.Topic(name), "-"),
			cmp.Or(strings.Join(senders(academy, name), ", "), "-"), academy.Library.Message(name, "").Subject)
	}
	return w.Flush()
}

// senders are the rules that send a message.
func senders(academy *rules.Academy, message string) []string {
	var names []string
	for _, r := range academy.Ruleset.Rules {
		for _, in := range r.Program {
			if in.Send != nil && in.Send.Message == message && !slices.Contains(names, r.Name) {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// MessagesSendTestCmd is `homeroom messages send-test`.
type MessagesSendTestCmd struct {
	Message string `arg:"" name:"message" help:"The message's name."`
	To      string `required:"" help:"The address to send it to: yours." placeholder:"ADDRESS"`
	Academy string `type:"existingdir" env:"HOMEROOM_ACADEMY" default:"." help:"The academy folder. Default: this one." placeholder:"DIR"`
	Locale  string `help:"The learner's locale, such as de or de-AT." placeholder:"LOCALE"`
	With    string `help:"A YAML or JSON file with learner, course, trigger, time and vars to show instead of made-up ones (see homeroom rules render)." placeholder:"FILE"`
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
	if parsed, err := mail.ParseAddress(c.To); err != nil || parsed.Address != c.To {
		return usage(fmt.Errorf("--to %s is not an address; write the bare one: maya@academy.example", c.To))
	}
	academy, err := loadAcademy(o, c.Academy)
	if err != nil {
		return err
	}
	if academy.Sender.From == "" {
		return usage(errors.New("settings.yaml names no sender; add sender: {from: hello@academy.example}, with an address that SendGrid has verified"))
	}
	vars, err := sampleFor(academy, c.Message, c.With, c.Locale)
	if err != nil {
		return err
	}
	rendered, err := academy.Library.Render(c.Message, vars.Learner.Locale, vars)
	if err != nil {
		return err
	}
	sender, err := c.sender()
	if err != nil {
		return err
	}
	defer sender.Close()
	email := testMail(academy.Library.Sender(), rendered, c.To, o.Now())
	receipt, err := sender.Send(ctx, email)
	if err != nil {
		return fmt.Errorf("%s was not sent: %w%s", c.Message, err, whatNext(err))
	}
	return c.tell(o, email, rendered.Locale, receipt)
}

// testMail addresses a rendered message as a test.
func testMail(from content.Sender, r content.Rendered, to string, now time.Time) delivery.Email {
	return delivery.Email{
		SendID:     "test-" + strconv.FormatInt(now.UnixNano(), 36),
		From:       from.From,
		FromName:   from.Name,
		ReplyTo:    from.ReplyTo,
		To:         to,
		Subject:    "[test] " + r.Subject,
		HTML:       r.HTML,
		Text:       r.Text,
		Categories: []string{"homeroom-test"},
		NoTracking: true,
	}
}

// whatNext is what to do about an error, as far as its kind tells.
func whatNext(err error) string {
	var e *delivery.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch {
	case e.Class == delivery.Uncertain:
		return "; look into the inbox before you try again"
	case e.Class == delivery.Retry && e.RetryAfter > 0:
		return fmt.Sprintf("; try again in %s", e.RetryAfter.Round(time.Second))
	case e.Class == delivery.Retry:
		return "; try again in a moment"
	case e.Status == 401:
		return "; is SENDGRID_API_KEY the whole key, and of this account?"
	default:
		return ""
	}
}

func (c *MessagesSendTestCmd) tell(o IO, m delivery.Email, locale string, receipt delivery.Receipt) error {
	what := fmt.Sprintf("%q (%s, %s) to %s from %s", m.Subject, c.Message, cmp.Or(locale, "default locale"), m.To, m.From)
	if c.Sandbox {
		_, err := fmt.Fprintf(o.Out, "SendGrid checked %s, and delivers nothing: sandbox mode.\n", what)
		return err
	}
	id := ""
	if receipt.MessageID != "" {
		id = " as " + receipt.MessageID
	}
	_, err := fmt.Fprintf(o.Out, "SendGrid took %s%s. It should be there in a minute.\n", what, id)
	return err
}
