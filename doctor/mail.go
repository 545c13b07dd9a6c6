package doctor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"homeroom/content"
	"homeroom/delivery/sendgrid"
)

// euHint is the advice about a key that is right although the host that was asked does not know it.
const euHint = "keys of EU subusers are known at " + sendgrid.HostEU + " only (--sendgrid-host)"

// checkMail looks at the key and the sender, and sends nothing.
func (e *examination) checkMail(ctx context.Context) {
	mail, err := e.opts.Mail()
	if err != nil && e.standIn {
		e.reportNotChecked("mail goes to a stand-in of the provider, on a developer's machine", "sendgrid-key", "sender")
		return
	}
	if err != nil {
		e.reportFailure("sendgrid-key", err.Error(), "make a key with the permission Mail Send in SendGrid (Settings, API Keys), and give it as SENDGRID_API_KEY or in a file (--sendgrid-key-file)")
		e.reportNotChecked("there is no key", "sender")
		return
	}
	permissions, err := mail.Permissions(ctx)
	switch {
	case errors.Is(err, sendgrid.ErrKeyUnknown):
		e.reportFailure("sendgrid-key", err.Error(), "check that the whole key was copied and has not been deleted; "+euHint)
	case errors.Is(err, sendgrid.ErrNotPermitted):
		e.reportFailure("sendgrid-key", err.Error(), "the account may be suspended, or limited to certain IP addresses (Settings, IP Access Management)")
	case err != nil:
		e.reportFailure("sendgrid-key", err.Error(), "see that this machine reaches "+e.opts.MailHost+" over HTTPS, through HTTPS_PROXY if need be")
	default:
		e.checkPermissions(permissions)
		e.checkSenders(ctx, mail)
		return
	}
	e.reportNotChecked("the key comes first (see sendgrid-key)", "sender")
}

func (e *examination) checkPermissions(permissions []string) {
	switch {
	case !slices.Contains(permissions, sendgrid.PermissionSend):
		e.reportFailure("sendgrid-key", "the key is known and may not send mail", "give it the permission Mail Send (Settings, API Keys), or make one that has it")
	case slices.ContainsFunc(permissions, func(s string) bool { return strings.HasPrefix(s, "api_keys.") || strings.HasPrefix(s, "user.") }):
		e.reportWarning("sendgrid-key", "the key may send, and much else besides", "make a key with restricted access and the permission Mail Send only: whoever steals this one owns the account")
	default:
		e.reportOK("sendgrid-key", "the key may send")
	}
}

// senderAddresses are the addresses that a folder's mail comes from, sorted.
func senderAddresses(site content.Site) []string {
	var all []string
	for _, sender := range append(slices.Collect(maps.Values(site.Senders)), site.Sender) {
		if sender.From != "" {
			all = append(all, sender.From)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (e *examination) checkSenders(ctx context.Context, mail Mail) {
	if len(e.senders) == 0 {
		e.reportNotChecked("no rules could be read that name a sender", "sender")
	}
	for _, sender := range e.senders {
		e.checkSender(ctx, mail, sender)
	}
}

func (e *examination) checkSender(ctx context.Context, mail Mail, sender string) {
	may, err := mail.MaySendAs(ctx, sender)
	switch {
	case errors.Is(err, sendgrid.ErrNotPermitted):
		e.addFinding("sender", NotChecked, "a key that may only send, as it should be, may not ask whether "+sender+" is verified",
			"look once at Settings, Sender Authentication in SendGrid")
	case err != nil:
		e.reportWarning("sender", err.Error(), "ask again later, or look at Settings, Sender Authentication in SendGrid")
	case !may:
		e.reportFailure("sender", "SendGrid does not know "+sender+" as a sender of this account: it refuses the mail", "authenticate the domain, or verify the address (Settings, Sender Authentication)")
	default:
		e.reportOK("sender", sender+" is verified")
	}
}
