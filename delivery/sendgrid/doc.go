// Package sendgrid is the provider Twilio SendGrid: [Sender] hands emails to it (POST /v3/mail/send, one request per
// message), and [Webhook] takes in what it reports of them.
//
// It uses sendgrid-go's helpers/mail for the body, but neither its shared client, which is a data race between
// concurrent sends, nor its default HTTP client, which has no timeout, nor its retry helpers: when to try again is
// the business of package delivery. What an answer means is decided by whether the message can have been accepted:
//
//	200, 202                                      accepted (200: sandbox mode)
//	429, 500, 503, no connection                  retry: certainly not accepted
//	502, 504, no answer after bytes were written  uncertain: perhaps accepted, never sent again
//	401, 403                                      refused: certainly not accepted, and no other message will be either
//	other 4xx, 3xx                                final, with SendGrid's own words
//
// [Sender.ReadList] reads SendGrid's suppression lists, and [ReadListFile] those that its pages export.
//
// The package must not know learners, rules or the ledger. The API key comes from Options only and appears in no error.
//
// A post of the webhook is verified by its signature (ECDSA on P-256), read item by item and handed to
// [delivery.Reports]. It is answered with 204 when everything in it has been handled, else with 503, so that SendGrid
// posts it again as a whole. Addresses never enter the log.
package sendgrid
