package rules

import (
	"fmt"

	"homeroom/content"
	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// checkPush says of a message that goes by the channel push whether phones can get it whole. What a message says for sample learners is measured; a value may be longer.
func (c *compiler) checkPush(d *decoder, message *yamlfile.Node, channel string, from origin, handed map[string]handover) {
	if channel != engine.ChannelPush || c.stored {
		return
	}
	vars := content.SampleVars(sampleProperties(c.lang.types.events[from.name].Properties))
	vars.With = sampleWith(handed)
	vars.Awaited = from.sampleAwaited(nil)
	vars.Samples = true
	vars.Outward.Campaign = c.library.Campaign(d.Rule, message.Text)
	if vars.Outward.Campaign.Medium != "" {
		vars.Outward.Campaign.Medium = engine.ChannelPush
	}
	for _, locale := range c.library.SoundLocales(message.Text) {
		written, err := c.library.Render(message.Text, locale, vars)
		if err != nil {
			continue // said of the message itself
		}
		if size := written.Push.Size(); size > content.MaxNotification {
			d.Fail(message.At, "shorten its subject, push in its front matter, or the link of its first button",
				"message %s%s has %d bytes as a notification, and phones get at most %d", message.Text, localeWords(locale), size, content.MaxNotification)
		}
	}
}

// localeWords names a translation; empty for the original.
func localeWords(locale string) string {
	if locale == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", locale)
}
