// Package webhook posts messages to targets that a growth team declares in settings.yaml: to providers of push messages, SMS and chat, or to the platform itself.
//
// A post is a CloudEvent in JSON with the headers of Standard Webhooks (https://www.standardwebhooks.com): webhook-id is the send's id, webhook-timestamp the
// time of this attempt in seconds, and webhook-signature a list of v1 signatures, one for each secret of the target. The id and the body's id stay the same however often a message is
// posted, and a target does what a message asks for once for each id. That is the contract on which this channel posts again after an answer that was lost.
//
// Addresses come from a folder that people edit in a browser, so that they are not trusted: a post goes to public addresses only, except to hosts that the process is told of, follows no
// redirect, uses no proxy, and is bounded in time and size. Secrets are the process's and in no folder.
//
// The package must not know who is asked before a message goes out, or what the ledger says; that is package delivery's.
package webhook
