// Package console is the growth team's room in a browser: rules are read, written, tried, proposed, approved and published there, and
// operators look up one learner. It has no logic of its own: every page prints what package admin answers, and every form asks
// package admin to do something.
//
//	console.go    options, the handler and what surrounds every request
//	routes.go     every address, with the role that it needs
//	people.go     who is asking: nobody but this machine, or people with tokens; ways.go takes several ways to sign in together
//	oidc.go       people whom an identity provider signs in; signin.go is the page, sessions.go keeps their sessions
//	proxy.go      people whom a proxy in front has signed in; grants.go gives the roles of their groups
//	page.go       a page as HTML, or as JSON for who asks for it
//	overview.go   is anything wrong, what is in force, what waits; the kill switch
//	rules.go      rules and messages: the editor, the flow, tests, simulation, previews
//	tryout.go     a draft's rules on one learner's events, and a test made of that
//	assist.go     what the editor asks while somebody types: problems, completions, words
//	drafts.go     drafts: what changed, propose, approve, comment, publish
//	steps.go      what runs did at each step of a rule; kept.go keeps answers that take long
//	schedule.go   drafts that are put in force at a time
//	backtest.go   what a draft would have changed; backtestjobs.go runs it while the page is looked at
//	revisions.go  what was in force, differences, rolling back
//	learners.go   one learner: the story, and what a draft would do
//	audit.go      who did what; peoplepage.go is who may what, and the settings in force
//	lift.go       what the rules achieve
//	events.go     which events have been seen, and which the rules wait for
//	broadcasts.go  what reaches many: how far it has come, dry runs, starting, pausing
//	messages.go   messages and their previews; testmail.go sends one as a test
//	deadletters.go  events that were refused, published again when they are mended
//	functions.go  words and numbers of the pages
//
// The package must not know NATS, Temporal or how a rule is evaluated.
package console
