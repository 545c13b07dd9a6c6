package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/email"
	"homeroom/internal/mailaddress"
	"homeroom/rules"
	"homeroom/store"
)

// MessageInfo describes one message of a folder.
type MessageInfo struct {
	Name    string   `json:"name"`
	Locales []string `json:"locales"`                   // "" is the default, which comes first
	Missing []string `json:"missing_locales,omitempty"` // locales of other messages that this one is not written in
	Topic   string   `json:"topic,omitempty"`
	SentBy  []string `json:"sent_by"` // rules
	Subject string   `json:"subject"` // Liquid, of the default locale
}

// Messages lists the messages of a folder by name.
func Messages(f *Folder) ([]MessageInfo, error) {
	academy, err := f.Compiled()
	if err != nil {
		return nil, err
	}
	messages := []MessageInfo{}
	for _, name := range academy.Library.Names() {
		messages = append(messages, MessageInfo{
			Name:    name,
			Locales: academy.Library.Locales(name),
			Missing: academy.Library.MissingLocales(name),
			Topic:   academy.Library.Topic(name),
			SentBy:  rulesThatSend(academy, name),
			Subject: academy.Library.Message(name, "").Subject,
		})
	}
	return messages, nil
}

// rulesThatSend returns the names of the rules that send a message, in the order of the ruleset.
func rulesThatSend(academy *rules.Academy, message string) []string {
	names := []string{}
	for _, r := range academy.Ruleset.Rules {
		for _, in := range r.Program {
			if in.Send != nil && in.Send.Message == message && !slices.Contains(names, r.Name) {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// PreviewOptions say which message to render, and for whom.
type PreviewOptions struct {
	Message   string
	Locale    string     // the learner's; empty: of the sample data
	Overrides *Overrides // replace parts of the sample data; nil: none
}

// Preview is a message as a learner would get it.
type Preview struct {
	Message   string `json:"message"`
	Locale    string `json:"locale,omitempty"` // of the version that was rendered; empty: the default
	Subject   string `json:"subject"`
	Preheader string `json:"preheader,omitempty"`
	HTML      string `json:"html"`
	Text      string `json:"text"`
}

// PreviewMessage renders a message of a folder with sample data.
func PreviewMessage(f *Folder, opts PreviewOptions) (Preview, error) {
	academy, err := f.Compiled()
	if err != nil {
		return Preview{}, err
	}
	rendered, err := renderSample(academy, opts)
	if err != nil {
		return Preview{}, err
	}
	return Preview{
		Message:   opts.Message,
		Locale:    rendered.Locale,
		Subject:   rendered.Subject,
		Preheader: rendered.Preheader,
		HTML:      rendered.HTML,
		Text:      rendered.Text,
	}, nil
}

func renderSample(academy *rules.Academy, opts PreviewOptions) (content.Rendered, error) {
	if !academy.Library.Has(opts.Message) {
		return content.Rendered{}, inputError(fmt.Errorf("there is no message %s%s", opts.Message, suggest(opts.Message, academy.Library.Names())))
	}
	vars := academy.Sample(opts.Message)
	if opts.Overrides != nil {
		opts.Overrides.apply(&vars)
	}
	if opts.Locale != "" {
		vars.Learner.Locale = opts.Locale
	}
	return academy.Library.Render(opts.Message, vars.Learner.Locale, vars)
}

// TestMail is a message that was sent to a member of the team.
type TestMail struct {
	Message   string `json:"message"`
	Locale    string `json:"locale,omitempty"`
	Subject   string `json:"subject"`
	From      string `json:"from"`
	To        string `json:"to"`
	MessageID string `json:"message_id,omitempty"` // the provider's
}

// SendTestOptions say which message to send to whom.
type SendTestOptions struct {
	PreviewOptions
	To string // a bare address
	// Allow are the only addresses and domains that mail goes to, as on a staging system; empty: every one.
	Allow []string
	Now   time.Time
	// NewSender makes what carries the mail. It is called once everything else is in order; SendTest closes what it returns.
	NewSender func() (TestSender, error)
}

// AddressOf returns the mail address that a person's name is; empty: it is none.
func AddressOf(name string) string {
	if !mailaddress.IsBare(name) {
		return ""
	}
	return name
}

// SendTest is [SendTest] from an installation: it is recorded, and refused while sending is paused, because a pause is of everything.
func (i *Installation) SendTest(ctx context.Context, f *Folder, opts SendTestOptions) (TestMail, error) {
	state, err := i.KillSwitch(ctx)
	if err != nil {
		return TestMail{}, err
	}
	if state.Paused {
		return TestMail{}, inputError(fmt.Errorf("nothing is sent, no test either, while sending is paused: by %s", DescribePause(state)))
	}
	opts.Now = i.opts.Now()
	var sent TestMail
	err = i.recordAddress(ctx, store.ActionTestMail, opts.To, func() (err error) {
		sent, err = SendTest(ctx, f, opts)
		return err
	})
	return sent, err
}

// checkAllowed refuses an address that an allow-list does not name.
func checkAllowed(entries []string, to string) error {
	if len(entries) == 0 {
		return nil
	}
	allow, err := delivery.NewAllowList(entries)
	if err != nil {
		return inputError(err)
	}
	if !allow.Allows(to) {
		return inputError(fmt.Errorf("nothing is sent to %s here: the recipient allow-list (--allow, HOMEROOM_ALLOW) does not name it", to))
	}
	return nil
}

// TestSender carries one mail.
type TestSender interface {
	email.Sender
	Close()
}

// SendTest sends one message with sample data to an address of the team, "[test] " before its subject. It needs no
// installation, and counts in no cap and no report.
func SendTest(ctx context.Context, f *Folder, opts SendTestOptions) (TestMail, error) {
	if !mailaddress.IsBare(opts.To) {
		return TestMail{}, inputError(fmt.Errorf("%s is not an address; write the bare one: maya@academy.example", opts.To))
	}
	to, why := mailaddress.Deliverable(opts.To)
	if why != "" {
		return TestMail{}, inputError(fmt.Errorf("nothing can be sent to %s: %s", opts.To, why))
	}
	if err := checkAllowed(opts.Allow, to); err != nil {
		return TestMail{}, err
	}
	academy, err := f.Compiled()
	if err != nil {
		return TestMail{}, err
	}
	if academy.Sender.From == "" {
		return TestMail{}, inputError(errors.New("settings.yaml names no sender; add sender: {from: hello@academy.example}, with an address that SendGrid has verified"))
	}
	rendered, err := renderSample(academy, opts.PreviewOptions)
	if err != nil {
		return TestMail{}, err
	}
	sender, err := opts.NewSender()
	if err != nil {
		return TestMail{}, err
	}
	defer sender.Close()
	email := newTestMail(academy.Library.SenderOf(opts.Message), rendered, to, opts.Now)
	receipt, err := sender.Send(ctx, email)
	if err != nil {
		return TestMail{}, fmt.Errorf("%s was not sent: %w%s", opts.Message, err, adviseOnSendError(err))
	}
	return TestMail{
		Message:   opts.Message,
		Locale:    rendered.Locale,
		Subject:   email.Subject,
		From:      email.From,
		To:        email.To,
		MessageID: receipt.MessageID,
	}, nil
}

// newTestMail addresses a rendered message as a test.
func newTestMail(from content.Sender, r content.Rendered, to string, now time.Time) email.Email {
	return email.Email{
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

// adviseOnSendError returns what to do about an error, as far as its class says.
func adviseOnSendError(err error) string {
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
	case e.Class == delivery.Refused && e.Status == 401:
		return "; is SENDGRID_API_KEY the whole key, and of this account?"
	default:
		return ""
	}
}
