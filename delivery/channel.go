package delivery

import (
	"context"
	"fmt"
	"time"

	"homeroom/content"
	"homeroom/engine"
)

// Channel is one way to reach a learner, such as delivery/email. The Deliverer keeps the ledger, asks the kill switch, the profile and the allow-list, and
// composes the text; a channel says what is special about it.
type Channel interface {
	// Name is one of the engine's channels.
	Name() string
	// Medium names the channel in the links of a campaign (utm_medium); empty: what the academy says.
	Medium() string
	// Address is the recipient's address for this channel; empty if none is known, or if the channel needs none.
	Address(to Recipient) string
	// RefusesAddress returns for people why an address cannot be one of this channel; empty: it can.
	RefusesAddress(address string) string
	// Prepare composes what is handed over and returns the call that does it. The call makes one attempt and comes back within its own
	// timeouts; its errors are of type *[Error], any other error counts as [Uncertain].
	Prepare(s engine.Send, to Recipient, m Message, o content.Outward) func(ctx context.Context) (Receipt, error)
	// RecognizesRepeatFor is for how long after a call the other side recognizes a repeat of the same send; 0: never. Within it, a call of which
	// nobody saw the end is made again; after it the send is uncertain.
	RecognizesRepeatFor() time.Duration
	// Hears lists the catalog's events that come back from this channel.
	Hears() []string
}

// Channels are the channels that are set up, by name.
type Channels map[string]Channel

// NewChannels registers channels. A name that the engine does not know, or that comes twice, is an error.
func NewChannels(channels ...Channel) (Channels, error) {
	registered := Channels{}
	for _, c := range channels {
		name := c.Name()
		if _, known := engine.ChannelNamed(name); !known || name == "" {
			return nil, fmt.Errorf("delivery: the engine knows no channel %q", name)
		}
		if registered[name] != nil {
			return nil, fmt.Errorf("delivery: the channel %q is registered twice", name)
		}
		registered[name] = c
	}
	return registered, nil
}

// channelOf returns the channel of a send, or for people why there is none.
func (c Channels) channelOf(s engine.Send) (channel Channel, why string) {
	known, ok := engine.ChannelNamed(s.Channel)
	if !ok {
		return nil, fmt.Sprintf("there is no channel %q", s.Channel)
	}
	channel = c[known.Name]
	if channel == nil {
		return nil, fmt.Sprintf("the channel %s is not set up here", known.Name)
	}
	return channel, ""
}
