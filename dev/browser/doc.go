// Package browser checks Homeroom's pages and mails in a real browser: on a desktop and on phones, in light and dark colors,
// with the keyboard, and without scripts. Its tests run the same checks on every message of the example academy and every
// page of the edge, and take the pictures of docs/images:
//
//	go test -tags browser ./dev/browser
//	go test -tags browser ./dev/browser -run Pictures -write ../../docs/images
//
// With the rules of axe-core for accessible pages, on every page of the console:
//
//	(cd dev/browser/axe && npm ci --ignore-scripts)
//	go test -tags "browser axe" ./dev/browser -run Accessible
//
// They need Chromium (apt-get install chromium) or the browser that HOMEROOM_BROWSER names, and fail without one; that is
// why they have a build tag. The checks are JavaScript, in check.js. The browser evaluates them from outside the page, so
// that the page's content security policy stays in force. bad_test.go shows that each check can fail.
//
// The package knows pages by their address only. It must not know how they are made.
package browser
