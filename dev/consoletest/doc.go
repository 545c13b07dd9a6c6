// Package consoletest walks through the console as a growth team does, in Chromium, with nothing made up behind it: real NATS, real Temporal, Homeroom itself, and
// the stand-in SendGrid with its inbox.
//
//	go test -tags browser ./dev/consoletest
//
// It needs Chromium (apt-get install chromium) or the browser that HOMEROOM_BROWSER names, and fails without one; that is why it has a build tag. Each step ends
// after browser.MaxWait, and the test with its context, so that a browser that hangs ends it. The pages themselves are held to their checks in dev/browser.
package consoletest
