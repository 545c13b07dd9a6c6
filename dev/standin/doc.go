// Package standin is a stand-in SendGrid for a developer's machine: it takes what the real Mail Send API takes, refuses
// what that refuses, fails on demand, reports what comes of the mail as the real Event Webhook does, reads the mail as
// people do, and shows it on an inbox page as the person it was meant for would see it. Nothing ever leaves the machine:
// webhooks and links that lead elsewhere are not followed, whatever their names resolve to.
//
//	POST   /v3/mail/send        the API (shapes and limits: SendGrid's "Mail Send" and "Errors" reference)
//	GET    /                    the inbox; ?q= filters by address, name, subject, category or send id
//	GET    /mail/{id}           one mail and what came of it; ?view=html|text|headers
//	POST   /mail/{id}/{button}  its buttons: open, spam, unsubscribe (RFC 8058)
//
// For tests, and people in a hurry; an {id} is a message id or a send id:
//
//	GET    /_standin/messages                {"counts":{…},"messages":[…]}, newest first; ?q= and ?limit=
//	DELETE /_standin/messages                forgets mail and counts
//	GET    /_standin/messages/{id}           one mail, with its events
//	POST   /_standin/messages/{id}/{button}  open, spam, unsubscribe, or click with {"url":"…"}; answers the mail
//	GET    /_standin/faults                  the faults that are still to come
//	POST   /_standin/faults                  one [Fault] or an array of them
//	DELETE /_standin/faults                  no more faults; requests that are held go on
//	POST   /_standin/release                 requests that are held go on
//	POST   /_standin/events                  one {"message":"{id}","event":"bounce",…} or an array: the provider tells of it
//	GET    /_standin/webhooks                {"url","public_key","disorder":{…},"counts":{…}}
//	POST   /_standin/webhooks                a [Disorder], and a new "url" if there is one
//
// It keeps the newest 2,000 mails and counts all of them, repeats included: the real API knows no idempotency key, so a
// send id (custom argument homeroom_send) that arrives twice is a learner who was written to twice.
//
// The package imports the standard library only and must not know Homeroom's rules, NATS or Temporal.
package standin
