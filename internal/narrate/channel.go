package narrate

import "homeroom/engine"

// Channel returns how a message reaches a learner, in words: "by mail", "in the app". A channel of a newer version is returned as it is.
func Channel(name string) string {
	switch name {
	case engine.ChannelEmail:
		return "by mail"
	case engine.ChannelInApp:
		return "in the app"
	case engine.ChannelPush:
		return "as a push"
	case engine.ChannelWebhook:
		return "by webhook"
	}
	return name
}
