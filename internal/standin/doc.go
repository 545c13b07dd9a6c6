// Package standin is a stand-in SendGrid for a developer's machine. It accepts and refuses the same requests as the real
// Mail Send API, fails on demand, reports events as the real Event Webhook does, simulates people who read their mail, and
// shows the mail on an inbox page as its recipient would see it. Nothing leaves the machine: webhooks and links to other
// machines are not followed, whatever their names resolve to.
//
//	POST   /v3/mail/send        the API (shapes and limits: SendGrid's "Mail Send" and "Errors" reference)
//	GET    /v3/scopes …         the key's permissions, domains and senders of the account
//	GET    /v3/suppression/…    the suppression lists, see lists.go; DELETE takes addresses off. Mail to an address on one is
//	                            accepted and dropped, with the reason, and bounces, blocks and complaints put addresses on them
//	GET    /                    the inbox; ?q= filters by address, name, subject, category or send id
//	GET    /mail/{id}           one mail and what came of it; ?view=html|text|headers
//	POST   /mail/{id}/{button}  its buttons: open, spam, unsubscribe (RFC 8058)
//
// These routes are for tests and for trying things out; an {id} is a message id or a send id:
//
//	GET    /_standin/messages                {"counts":{…},"messages":[…]}, newest first; ?q= and ?limit=
//	DELETE /_standin/messages                forgets mail and counts
//	GET    /_standin/messages/{id}           one mail, with its events
//	POST   /_standin/messages/{id}/{button}  open, spam, unsubscribe, or click with {"url":"…"}; answers the mail
//	GET    /_standin/faults                  the faults that no request has met yet
//	POST   /_standin/faults                  one [Fault] or an array of them
//	DELETE /_standin/faults                  no more faults; requests that are held go on
//	POST   /_standin/release                 requests that are held go on
//	POST   /_standin/events                  one {"message":"{id}","event":"bounce",…} or an array, to be reported
//	GET    /_standin/lists                   the suppression lists
//	POST   /_standin/lists/{list}            an address for a list: {"email","created","reason"}, or an array of them
//	GET    /_standin/webhooks                {"url","public_key","disorder":{…},"counts":{…}}
//	POST   /_standin/webhooks                a [Disorder], and a new "url" if there is one
//
// It keeps the newest 2,000 mails and counts all of them, repeats included: the real API has no idempotency key, so a send
// id (custom argument homeroom_send) that arrives twice means that a learner got the mail twice.
//
// The package imports the standard library only and must not know Homeroom's rules, NATS or Temporal.
package standin
