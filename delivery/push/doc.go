// Package push hands messages to the apps on learners' phones and in their browsers, through Firebase Cloud Messaging's HTTP API v1
// (https://firebase.google.com/docs/cloud-messaging/send/v1-api), with a service account that signs for its access tokens.
//
// A learner's apps are known by their tokens, the trait push_tokens; a message goes to each of them. The learner is reached when one of them took it. A token to which no app
// answers any more is dropped; which answers say so is decided in answer.go. Firebase recognizes no repeat: a call of which nobody saw the end leaves the send uncertain, and it is not
// made again. Each device that got a message twice all the same would show it once, because a notification replaces one of the same send.
//
// The package must not know who is asked before a message goes out, or what the ledger says; that is package delivery's. No token, no key and no word of a message is in an error.
package push
