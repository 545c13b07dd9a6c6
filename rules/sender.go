package rules

import (
	"slices"
	"strings"

	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/mailaddress"
	"homeroom/internal/spelling"
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
	readOneSender(d, v, "sender", &s.sender)
}

// readSenders reads the senders that messages may name: name: {from: …, name: …, reply_to: …}.
func readSenders(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, "write tutors: {from: tutors@academy.example}", "senders must be a block of keys, not %s", v.Kind)
		s.sendersUnread = true
		return
	}
	for _, p := range v.Pairs {
		name, ok := d.readName(p.Key, "a sender")
		if !ok {
			s.sendersUnread = true
			continue
		}
		if _, twice := s.senders[name]; twice {
			d.Fail(p.Key.At, "keep one of them", "the sender %s stands twice", name)
			continue
		}
		var one Sender
		readOneSender(d, p.Value, "senders."+name, &one)
		s.senders[name] = one
	}
}

// allSenders returns the senders that messages may name. A name and a postal address that one leaves out are those of the folder's sender; replies go to its own address.
func (s *settingsSpec) allSenders() map[string]content.Sender {
	all := map[string]content.Sender{}
	for name, one := range s.senders {
		if one.Name == "" {
			one.Name = s.sender.Name
		}
		if one.PostalAddress == "" {
			one.PostalAddress = s.sender.PostalAddress
		}
		all[name] = content.Sender(one)
	}
	return all
}

// checkMessageSender holds the sender in a message's front matter against those of settings.yaml.
func checkMessageSender(d *decoder, m *content.Message, settings *settingsSpec) {
	if settings.sendersUnread {
		return
	}
	checkSenderName(d, "sender", m.Sender, settings)
	checkSenderName(d, "reply_to", m.ReplyTo, settings)
	for _, name := range m.CcNames() {
		checkSenderName(d, "cc", name, settings)
	}
}

// checkSenderName holds one name of a sender in a message's front matter against those of settings.yaml. What is no name of one is no address either: mail goes only to and
// from addresses that the team has declared.
func checkSenderName(d *decoder, key, name string, settings *settingsSpec) {
	if _, declared := settings.senders[name]; name == "" || declared {
		return
	}
	fix := "declare it under senders in settings.yaml, or take it out"
	near := spelling.Nearest(name, sortedKeys(settings.senders))
	if near != "" {
		fix = "did you mean " + near + "? Or " + fix
	}
	at := frontMatterAt(d, key)
	if key == "cc" {
		d.Fail(at, fix, "there is no sender %s", name) // one of several: an editor cannot replace it
		return
	}
	d.FailReplace(at, near, fix, "there is no sender %s", name)
}

// checkCopies refuses copies of a mail that holds what only the learner may follow, and warns of copies on channels that have none. channels are those of one step.
func (c *compiler) checkCopies(d *decoder, message *yamlfile.Node, channels []string, transactional bool) {
	if len(c.library.CopiesOf(message.Text)) == 0 {
		return
	}
	if !slices.Contains(channels, engine.ChannelEmail) {
		d.Warn(message.At, LintCopiesByMail, "take cc out of the message, or send it by email", "message %s has copies (cc), but goes by %s, where nobody gets a copy",
			message.Text, strings.Join(channels, " and "))
		return
	}
	if transactional {
		return
	}
	d.Fail(message.At, "add transactional: true if it is one, send it to: staff.NAME, or take cc out of the message",
		"message %s has copies (cc), and each would hold the link by which the learner unsubscribes", message.Text)
}

// copyWords says who gets a copy of a message, if the rule mails it.
func (e *explainer) copyWords(message string) string {
	mailed := slices.ContainsFunc(e.rule.Program, func(in engine.Instr) bool {
		if in.Send == nil || in.Send.Message != message {
			return false
		}
		channel, _ := engine.ChannelNamed(in.Send.Channel)
		return channel.Name == engine.ChannelEmail
	})
	copies := e.academy.Library.CopiesOf(message)
	if !mailed || len(copies) == 0 {
		return ""
	}
	return ", copies to " + strings.Join(copies, ", ")
}

// frontMatterAt is where the value of a key of a message's front matter begins.
func frontMatterAt(d *decoder, name string) yamlfile.Position {
	for i, line := range d.Source.Lines {
		if strings.HasPrefix(line, name+":") {
			return yamlfile.Position{Line: i + 1, Col: len(name) + len(": ") + 1}
		}
	}
	return yamlfile.Position{Line: 1, Col: 1}
}

// readOneSender reads a sender. called is what the block is called.
func readOneSender(d *decoder, v *yamlfile.Node, called string, into *Sender) {
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
	if !readKeys(d, v, called, []key[Sender]{
		text("from", true, func(s *Sender) *string { return &s.From }),
		text("name", false, func(s *Sender) *string { return &s.Name }),
		text("reply_to", true, func(s *Sender) *string { return &s.ReplyTo }),
		text("postal_address", false, func(s *Sender) *string { return &s.PostalAddress }),
	}, into) {
		return
	}
	if v.Get("from") == nil {
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
