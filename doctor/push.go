package doctor

import (
	"context"

	"homeroom/delivery"
)

// Push is what is asked of the service account of the channel push; *push.Client answers. Nothing is sent.
type Push interface {
	// Check asks for an access token. Its errors are of type *[delivery.Error].
	Check() error
}

// checkPush looks at the service account, and sends nothing. Without one nothing is said.
func (e *examination) checkPush(context.Context) {
	if e.opts.Push == nil {
		return
	}
	const check = "push-account"
	account, err := e.opts.Push()
	if err != nil {
		e.reportFailure(check, err.Error(), "take the file as the Firebase console makes it: Project settings, Service accounts, Generate new private key")
		return
	}
	err = account.Check()
	class, _ := delivery.Classify(err)
	switch {
	case err == nil:
		e.reportOK(check, "Google gives the service account access")
	case class == delivery.Refused:
		e.reportFailure(check, err.Error(), "set this machine's clock by NTP if it is wrong; otherwise make a new key in the Firebase console, and see that the account is not disabled")
	default:
		e.reportFailure(check, err.Error(), "see that this machine reaches the token_uri of the service account over HTTPS, through HTTPS_PROXY if need be")
	}
}
