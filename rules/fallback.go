package rules

import (
	"fmt"

	"homeroom/engine"
	"homeroom/internal/yamlfile"
)

// What follows the name of a send with fallback_after in the names of its wait and of the message in its place.
const (
	unseenSuffix   = ".unseen"
	fallbackSuffix = ".fallback"
)

// readChannel reads a channel, or [inapp, email]: the second where nobody saw the first, or nobody could be shown it.
func readChannel(d *decoder, s *stepSpec, _, v *yamlfile.Node) {
	if v.Kind != yamlfile.Sequence {
		s.channel, _ = d.oneOf(v, "channel", engine.ChannelNames()...)
		return
	}
	before := len(*d.Problems)
	var names []string
	d.readList(v, "channel", func(item *yamlfile.Node) {
		if name, ok := d.oneOf(item, "channel", engine.ChannelNames()...); ok {
			names = append(names, name)
		}
	})
	switch {
	case len(*d.Problems) > before:
	case len(names) != 2 || !hearsSeen(names[0]) || names[1] == names[0]:
		d.Fail(v.At, "write one channel, or [inapp, email] or [push, email] with fallback_after: 12h, say", "only in the app and by push it is heard whether a message was seen, so a list of channels is inapp or push and one other")
	default:
		s.channel = names[0]
		s.fallback = names[1]
	}
}

// hearsSeen reports whether it is heard whether a message on a channel was seen.
func hearsSeen(name string) bool {
	channel, _ := engine.ChannelNamed(name)
	return channel.HearsSeen
}

// checkFallback looks at how the channels and the time of a send go together.
func checkFallback(d *decoder, n *yamlfile.Node, s *stepSpec) {
	switch {
	case s.fallback != "" && s.dur == 0:
		d.Fail(keyAt(n, "channel"), "add fallback_after: 12h, say", "the message has a second channel, but does not say when it takes that")
	case s.fallback == "" && s.dur > 0:
		d.Fail(keyAt(n, "fallback_after"), "write channel: [inapp, email], or take it out", "fallback_after needs two channels")
	}
}

// addFallback adds, behind a nudge, the wait for somebody to see it and the same message on the other channel.
func (b *builder) addFallback(s *stepSpec, id string, nudge *engine.SendStep) {
	for _, name := range engine.NudgeAnswers() {
		b.c.keep.add(name, engine.KeySend)
	}
	b.places[id+unseenSuffix] = s.at
	b.places[id+fallbackSuffix] = s.at
	wait := b.addInstr(engine.Instr{Op: engine.OpFallback, ID: id + unseenSuffix, Dur: s.dur, Nudge: id})
	second := *nudge
	second.Channel = s.fallback
	b.addInstr(engine.Instr{Op: engine.OpSend, ID: id + fallbackSuffix, Send: &second})
	b.out[wait].Else = len(b.out)
}

// fallbackWords puts the wait for a nudge to be seen into words.
func fallbackWords(in *engine.Instr) string {
	return fmt.Sprintf("wait %s for the nudge of step %s to be seen, clicked or dismissed; if it is, or was not sent, go to %d; without an address for it, go on at once", engine.FormatDuration(in.Dur), in.Nudge, in.Else)
}
