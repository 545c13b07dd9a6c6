package engine

import (
	"slices"
	"time"
)

// The names of the channels. A new channel adds its name here and to [Channels].
const (
	ChannelEmail   = "email"
	ChannelInApp   = "inapp"
	ChannelWebhook = "webhook"
	ChannelPush    = "push"
)

// Channel is a way to reach a learner, as far as deciding goes. How a message is composed and handed over is in package delivery.
type Channel struct {
	Name string
	// NeedsAddress says that a learner can be reached only if an address of theirs is known; see Profile.Reach.
	NeedsAddress bool
	// ReportsDelivery says that the provider reports what became of a message.
	ReportsDelivery bool
	// HearsSeen says that the platform publishes whether somebody saw a message, so that another channel may follow where nobody did.
	HearsSeen bool
	// CarriedOutside says that messages leave the platform: nobody gets them who left everything, and the recipient allow-list of a staging
	// system holds for them, by the learner's mail address whatever the channel.
	CarriedOutside bool
}

// Channels lists the channels in the order in which people read them. The first is that of a send that names none.
func Channels() []Channel {
	return []Channel{
		{Name: ChannelEmail, NeedsAddress: true, ReportsDelivery: true, CarriedOutside: true},
		{Name: ChannelInApp, HearsSeen: true},
		{Name: ChannelWebhook, CarriedOutside: true},
		{Name: ChannelPush, NeedsAddress: true, HearsSeen: true, CarriedOutside: true},
	}
}

// ChannelNames lists the channels' names.
func ChannelNames() []string {
	var names []string
	for _, c := range Channels() {
		names = append(names, c.Name)
	}
	return names
}

// ChannelNamed returns the channel of a send; ok is false if there is none of that name.
func ChannelNamed(name string) (c Channel, ok bool) {
	all := Channels()
	if name == "" {
		return all[0], true
	}
	i := slices.IndexFunc(all, func(c Channel) bool { return c.Name == name })
	if i < 0 {
		return Channel{}, false
	}
	return all[i], true
}

// channelName is the name of the channel of a send; one that names none goes by the first.
func channelName(channel string) string {
	if channel == "" {
		return ChannelEmail
	}
	return channel
}

// recordedChannel is a send's channel as a state records it: most messages are mails, so nothing is written for them.
func recordedChannel(channel string) string {
	if channelName(channel) == ChannelEmail {
		return ""
	}
	return channel
}

// Reach is what is known of a learner's address for a channel.
type Reach struct {
	Known      bool // there is an address
	Suppressed bool // it must not be written to: it bounced, complained, or the learner left everything
	// Unusable says for people why nobody can carry anything to the address; empty: somebody can. It counts as no address.
	Unusable string
	// SuppressedUntil is when the suppression ends by itself; zero: it does not. It is for words.
	SuppressedUntil time.Time
}

// ReachedBy is the reach of a learner whose addresses for these channels are known and not suppressed.
func ReachedBy(channels ...string) map[string]Reach {
	reach := map[string]Reach{}
	for _, name := range channels {
		reach[name] = Reach{Known: true}
	}
	return reach
}
