package rules

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

const (
	// maxTargets is how many targets a folder may declare.
	maxTargets = 50
	// maxTargetURL bounds a target's address, in bytes.
	maxTargetURL = 2000
)

// readTargets reads where the channel webhook posts messages: name: {url: …, traits: […]}.
func readTargets(d *decoder, s *settingsSpec, _, v *yamlfile.Node) {
	if v.Kind != yamlfile.Mapping {
		d.Fail(v.At, `write chat: {url: "https://…"}`, "targets must be a block of keys, not %s", v.Kind)
		s.targetsUnread = true
		return
	}
	if len(v.Pairs) > maxTargets {
		d.Fail(v.At, "take some out", "there are more than %d targets", maxTargets)
	}
	for _, p := range v.Pairs {
		name, ok := d.readName(p.Key, "a target")
		if !ok {
			s.targetsUnread = true
			continue
		}
		if _, twice := s.targets[name]; twice {
			d.Fail(p.Key.At, "keep one of them", "the target %s stands twice", name)
			continue
		}
		target := content.Target{Name: name}
		if readKeys(d, p.Value, "targets."+name, targetKeys, &target) && p.Value.Get("url") == nil {
			d.Fail(p.Key.At, `write {url: "https://…"}`, "the target %s has no url", name)
		}
		slices.Sort(target.Traits)
		s.targets[name] = target
	}
}

var targetKeys = []key[content.Target]{
	{
		name: "url",
		read: func(d *decoder, t *content.Target, _, v *yamlfile.Node) {
			if text, ok := d.Text(v, "url"); ok {
				t.URL = text
				checkTargetURL(d, v, text)
			}
		},
	},
	{
		name: "traits",
		read: func(d *decoder, t *content.Target, _, v *yamlfile.Node) {
			d.readList(v, "traits", func(item *yamlfile.Node) {
				name, ok := d.readName(item, "a trait")
				switch {
				case !ok:
				case slices.Contains(t.Traits, name):
					d.Fail(item.At, "keep one of them", "the trait %s stands twice", name)
				default:
					t.Traits = append(t.Traits, name)
				}
			})
		},
	},
}

// checkTargetURL says what is wrong with a target's address. That it leads to the public internet is checked at each post.
func checkTargetURL(d *decoder, v *yamlfile.Node, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(text, "{} \t\r\n"):
		d.Fail(v.At, "write it like https://hooks.academy.example/homeroom", "the target's url is not a web address: %q", text)
	case len(text) > maxTargetURL:
		d.Fail(v.At, "shorten it", "the target's url has more than %d characters", maxTargetURL)
	case u.User != nil:
		d.Fail(v.At, "take it out: posts are signed with the process's secret for this target", "the target's url holds a name or a password")
	case u.Scheme == "http" && !isNearby(u.Hostname()):
		d.Fail(v.At, "begin with https://", "messages to the target would travel unencrypted")
	}
}

// isNearby reports whether a host is in a network of one's own, where TLS may be missing. A process posts there only if it is told to.
func isNearby(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback() || addr.IsPrivate()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".localhost")
}

// checkMessageTarget holds the target in a message's front matter against those of settings.yaml.
func checkMessageTarget(d *decoder, m *content.Message, settings *settingsSpec) {
	if _, declared := settings.targets[m.Target]; m.Target == "" || declared || settings.targetsUnread {
		return
	}
	fix := "declare it under targets in settings.yaml"
	near := spelling.Nearest(m.Target, sortedKeys(settings.targets))
	if near != "" {
		fix = "did you mean " + near + "? Or " + fix
	}
	d.FailReplace(frontMatterAt(d, "target"), near, fix, "there is no target %s", m.Target)
}

// checkTarget says of a message that goes by the channel webhook whether it is clear where it is posted.
func (c *compiler) checkTarget(d *decoder, message *yamlfile.Node, channel string) {
	if channel != engine.ChannelWebhook || c.settings.targetsUnread || !c.library.Has(message.Text) {
		return
	}
	m := c.library.Message(message.Text, "")
	switch {
	case m == nil || m.Target != "": // said of the message itself
	case len(c.settings.targets) == 0:
		d.Fail(message.At, `declare one in settings.yaml: targets: {chat: {url: "https://…"}}`, "message %s goes by webhook, but there is no target", message.Text)
	case len(c.settings.targets) > 1:
		d.Fail(message.At, "add target: "+strings.Join(sortedKeys(c.settings.targets), " or target: ")+" to the front matter of "+m.File,
			"message %s goes by webhook, but does not say to which target", message.Text)
	}
}

// targetWords says where a message is posted, if the rule posts it.
func (e *explainer) targetWords(message string) string {
	posted := slices.ContainsFunc(e.rule.Program, func(in engine.Instr) bool {
		return in.Send != nil && in.Send.Message == message && in.Send.Channel == engine.ChannelWebhook
	})
	target, ok := e.academy.Library.Target(message)
	if !posted || !ok {
		return ""
	}
	text := ", to the target " + target.Name
	if u, err := url.Parse(target.URL); err == nil {
		text += " at " + u.Host
	}
	if len(target.Traits) > 0 {
		text += ", with the learner's " + strings.Join(target.Traits, ", ")
	}
	return text
}
