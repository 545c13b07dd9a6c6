// Package email is the channel email: it composes mails and hands them to a provider's [Sender]. It knows no provider: delivery/sendgrid is one.
package email
