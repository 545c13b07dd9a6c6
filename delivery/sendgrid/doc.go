// Package sendgrid hands emails to Twilio SendGrid: POST /v3/mail/send, one request per message.
//
// It uses sendgrid-go's helpers/mail for the body, but neither its shared client, which is a data race between
// concurrent sends, nor its default HTTP client, which has no timeout, nor its retry helpers: when to try again is
// the business of package delivery. What an answer means is decided by whether the message can have been accepted:
//
//	200, 202                                      accepted (200: sandbox mode)
//	429, 500, 503, no connection                  retry: certainly not accepted
//	502, 504, no answer after bytes were written  uncertain: perhaps accepted, never sent again
//	other 4xx, 3xx                                final, with SendGrid's own words
//
// The package must not know learners, rules or the ledger. The API key comes from Options only and appears in no error.
package sendgrid
