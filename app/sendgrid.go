package app

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"os"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/email"
	"homeroom/delivery/sendgrid"
	"homeroom/doctor"
)

// SendGridOptions say how to reach SendGrid.
type SendGridOptions struct {
	Key     string // the API key; not used if there is a KeyFile
	KeyFile string // holds the API key
	Host    string // of the API, as a URL
	Sandbox bool   // SendGrid checks every mail and delivers none
}

// MailSender hands mails to a provider, and reads and changes its suppression lists, until it is closed.
type MailSender interface {
	email.Sender
	doctor.Mail
	delivery.ProviderLists
	// RemoveListed takes an address off a list; see [sendgrid.Sender.RemoveListed].
	RemoveListed(ctx context.Context, list sendgrid.List, address string) (removed bool, err error)
	Close()
}

// ErrNoSendGridKey says that options name no API key.
var ErrNoSendGridKey = errors.New("no SendGrid key")

// NewSendGridSender returns a sender of mails through SendGrid. An error without a key is or wraps [ErrNoSendGridKey].
func NewSendGridSender(o SendGridOptions) (MailSender, error) {
	key := []byte(o.Key)
	if o.KeyFile != "" {
		var err error
		if key, err = os.ReadFile(o.KeyFile); err != nil {
			return nil, fmt.Errorf("reading the SendGrid key: %w", err)
		}
		key = bytes.TrimPrefix(key, []byte("\xef\xbb\xbf")) // a byte order mark, as editors on Windows write it
	}
	key = bytes.TrimSpace(key)
	if len(key) == 0 {
		return nil, ErrNoSendGridKey
	}
	sender, err := sendgrid.New(sendgrid.Options{
		APIKey:  string(key),
		Host:    o.Host,
		Sandbox: o.Sandbox,
		Now:     time.Now,
	})
	if err != nil {
		return nil, err
	}
	return sender, nil
}

// ParseWebhookKey reads the public key that SendGrid's settings show for its signed event webhook.
func ParseWebhookKey(text string) (*ecdsa.PublicKey, error) { return sendgrid.ParsePublicKey(text) }
