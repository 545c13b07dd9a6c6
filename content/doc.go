// Package content turns message files into mails: Liquid and Markdown in, subject, preheader, HTML and text out.
//
// A message is a file `<name>.md`, or `<name>.<locale>.md` for a translation:
//
//	---
//	subject: "{{ learner.first_name | default: 'Hello' }}, another try?"
//	preheader: Most people pass the second time.
//	topic: progress
//	---
//	You scored **{{ trigger.score_pct | round }} %**. That is close.
//
//	{% button "Try again" course.url %}
//
// Templates see these variables and no others:
//
//	learner.id, learner.first_name, learner.locale, learner.timezone, learner.traits.<name>
//	course.id, course.title, course.url
//	trigger.<property> and trigger.time (in the learner's time zone): the event that started the run
//	vars.<name>: what the rule's step passes with `with`
//	links.<name>: the links of settings.yaml, rendered with the trigger's properties
//	share, share.linkedin_profile, share.linkedin_post, share.x, share.facebook, share.whatsapp
//	referral.code, referral.url: the learner's own invitation; it needs links.referral, in which {{ referral.code }} stands
//	sender.name, sender.from, sender.reply_to, sender.postal_address, unsubscribe_url, preferences_url
//
// Besides Liquid's own tags there are `{% button "Text" url %}` and `{% share %}`, the row of share links for a
// certificate. Both stand in a paragraph of their own. Share links need links.certificate. They and the referral link
// are never offered to minors (traits.is_minor): share and referral are then nil, so `{% if share %}` and
// `{% if referral %}` guard the words around them.
//
// Where links lead is the message's; how they lead there is [Outward]'s: share and referral links may go through an
// address that counts clicks, and the academy's own links carry its campaign.
//
// An undefined variable is an error, never empty text: it is asked after with `{% if %}` or given a `| default:`.
// Values are text, whatever they contain: a learner named `<b>**x**` reads exactly so. Inside a link they are
// percent-encoded, unless the link begins with them. HTML in a message is refused.
//
// The package must not know where messages come from or where mails go to.
package content
