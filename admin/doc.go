// Package admin holds everything that an operator or a growth team can ask or do, apart from serving. The command line is one way to ask; a
// page can be another. A question is a function or a method with a context, an options struct and a result struct; the result is what --format json
// prints. Progress is a callback, who asks is an argument, and a mistake in what was asked is an [InputError].
//
// An [Installation] is one Homeroom with its NATS and Temporal:
//
//	installation.go   connect to one, and close it
//	setup.go          make its streams, buckets and search attributes
//	doctor.go         examine it, with advice
//	pause.go          the kill switch: ask, pause, resume
//	emit.go           publish one event, as a platform does
//	import.go         bring learners in whom the platform had before
//	publish.go        put a folder in force in steps that can be looked at first; publish_words.go says what would change
//	revisions.go      what is in force, what was, and how two revisions differ
//	drafts.go         folders that somebody edits: read, save, compare, rebase
//	proposals.go      drafts that are proposed, approved and put in force; schedule.go puts them in force at a time
//	overview.go       what somebody wants to know first; the rules of a folder, and one of them
//	ruletests.go      the rule tests that are about one rule
//	tryout.go         a folder's rules on one learner's recorded events
//	report.go         counts and lift per rule, reportcsv.go for a spreadsheet; steps.go counts runs step by step
//	story.go          what happened to a learner, what was decided and why
//	whynot.go         why a learner has not been sent what the rules send; whynot_words.go and whynot_needs.go say it in words
//	setaside.go       learners whose events wait, and trying them again
//	deadletters.go    events that were refused: list, check, mend, publish again, delete
//	suppressions.go   addresses that are not written to, and lifting that
//	audit.go          who did what: recorded when it is done, and listed
//	privacy.go        export and erase a learner
//	recorded.go       the stored events, as the others read them
//
// A [Folder] is a growth team's folder, on a disk or in memory, which needs no installation:
//
//	folder.go         check, test, simulate and explain it
//	messages.go       list and preview its messages, and send one to oneself; overrides.go reads the values that a preview uses
//
// errors.go has the error of whoever asked for something that does not exist.
//
// The package must not know a terminal, the command line's library or net/http, and it opens no files: it is given contents or an fs.FS.
package admin
