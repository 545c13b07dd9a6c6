// Package browser looks at Homeroom's pages and mails in a real browser, as a learner would: on a desk, on a phone, by day
// and by night, with the keyboard, without scripts. Its tests hold every message of the example academy and every page of
// the edge to the same checks, and take the pictures of docs/images:
//
//	go test -tags browser ./dev/browser
//	go test -tags browser ./dev/browser -run Pictures -write ../../docs/images
//
// They need Chromium (apt-get install chromium), or whatever HOMEROOM_BROWSER names, and fail without it; that is why they
// have a build tag. The checks are JavaScript, in check.js, evaluated in the page from outside, so that the pages' own
// content security policy stays in force; bad_test.go shows of each one that it can fail.
//
// The package knows pages by their address only. It must not know how they are made.
package browser
