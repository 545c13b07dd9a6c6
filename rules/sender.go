package rules

import (
	"strings"

	"homeroom/internal/mailaddress"
	"homeroom/internal/yamlfile"
)

// Sender is who the folder's mail comes from.
type Sender struct {
	From          string // address
	Name          string
	ReplyTo       string // address; empty: From
	PostalAddress string
}

func readSender(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	text := func(name string, address bool, into func(*Sender) *string) key[Sender] {
		return key[Sender]{
			name: name,
			read: func(d *decoder, to *Sender, _, v *yamlfile.Node) {
				value, ok := d.Text(v, name)
				if !ok {
					return
				}
				if strings.ContainsAny(value, "\r\n") && address {
					d.Fail(v.At, "write it in one line", "%s has several lines", name)
					return
				}
				if value == "…" || value == "..." { // copied from an example and not filled in
					d.Warn(v.At, LintPlaceholder, "fill it in, or take it out", "%s is still a placeholder; it counts as not set", name)
					return
				}
				if address {
					if value, ok = d.readAddress(v, name, value); !ok {
						return
					}
				}
				*into(to) = strings.TrimSpace(value)
			},
		}
	}
	readKeys(d, v, "sender", []key[Sender]{
		text("from", true, func(s *Sender) *string { return &s.From }),
		text("name", false, func(s *Sender) *string { return &s.Name }),
		text("reply_to", true, func(s *Sender) *string { return &s.ReplyTo }),
		text("postal_address", false, func(s *Sender) *string { return &s.PostalAddress }),
	}, &s.sender)
	if v.Kind == yamlfile.Mapping && v.Get("from") == nil {
		d.Fail(v.At, "add from: with an address", "the sender has no from")
	}
}

// readAddress returns the form of an address that mail is sent from.
func (d *decoder) readAddress(v *yamlfile.Node, name, value string) (form string, ok bool) {
	if !mailaddress.IsBare(value) {
		d.Fail(v.At, "write the bare address: hello@academy.example", "%s is not an e-mail address: %q", name, value)
		return "", false
	}
	form, why := mailaddress.Deliverable(value)
	if why != "" {
		d.Fail(v.At, "write one that mail can be sent to: hello@academy.example", "%s: %s", name, why)
		return "", false
	}
	return form, true
}
