// Package edge is what Homeroom shows to the outside: the providers' webhooks, and the pages behind the links in mails.
//
//	POST      /webhooks/…   what became of the messages, for each of Options.Webhooks
//	GET       /u/{token}           a page with a button; a GET changes nothing, ever
//	POST      /u/{token}           leaves the topic: one-click (RFC 8058), or the page's own form
//	GET,POST  /p/{token}           the learner's preferences
//	GET,HEAD  /s/{token}           a share link: counted, then on to its declared target
//	GET,HEAD  /r/{code}            a referral link, likewise
//	GET       /healthz
//	GET       /p/homeroom-check    which installation this is, for the doctor
//
// The token is all the proof there is: no cookies, no login, no JavaScript. What a learner chooses is stored before it is
// confirmed; the event about it comes second and may fail.
//
// Addresses, tokens and names never enter the log. The package must not know NATS, Temporal or any provider:
// they come in through the interfaces of [Options].
package edge
