// Package standin is a stand-in SendGrid for a developer's machine: it takes what the real Mail Send API takes, refuses
// what that refuses, fails on demand, and shows the mail on an inbox page as the person it was meant for would see it.
// Nothing ever leaves the machine.
//
//	POST   /v3/mail/send        the API (shapes and limits: SendGrid's "Mail Send" and "Errors" reference)
//	GET    /                    the inbox; ?q= filters by address, name, subject, category or send id
//	GET    /mail/{id}           one mail; ?view=html|text|headers
//	GET    /_standin/messages   {"counts":{…},"messages":[…]}, newest first; ?q= and ?limit=
//	DELETE /_standin/messages   forgets mail and counts
//	GET    /_standin/faults     the faults that are still to come
//	POST   /_standin/faults     one [Fault] or an array of them
//	DELETE /_standin/faults     no more faults; requests that are held go on
//	POST   /_standin/release    requests that are held go on
//
// It keeps the newest 2,000 mails and counts all of them, repeats included: the real API knows no idempotency key, so a
// send id (custom argument homeroom_send) that arrives twice is a learner who was written to twice.
//
// The package imports the standard library only and must not know Homeroom's rules, NATS or Temporal.
package standin
