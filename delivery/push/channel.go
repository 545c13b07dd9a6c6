package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/profile"
)

// Tokens keeps which tokens are of no use any more.
type Tokens interface {
	// DropToken records that no app answers to a token of a learner any more, as of now. It may be called again.
	DropToken(ctx context.Context, learner, token string) error
}

// Channel pushes messages. It implements delivery.Channel.
type Channel struct {
	pusher Pusher
	tokens Tokens
	now    func() time.Time
}

// NewChannel returns the channel push over a pusher.
func NewChannel(pusher Pusher, tokens Tokens, now func() time.Time) Channel {
	return Channel{pusher: pusher, tokens: tokens, now: now}
}

// Name implements delivery.Channel.
func (Channel) Name() string { return engine.ChannelPush }

// Medium implements delivery.Channel.
func (Channel) Medium() string { return engine.ChannelPush }

// Address implements delivery.Channel: the tokens of the learner's apps that may answer.
func (Channel) Address(to delivery.Recipient) string {
	return strings.Join(profile.PushTokens(to.Profile.Traits), " ")
}

// RefusesAddress implements delivery.Channel: what cannot be a token is none of the address.
func (Channel) RefusesAddress(string) string { return "" }

// RecognizesRepeatFor implements delivery.Channel: Firebase recognizes no repeat.
func (Channel) RecognizesRepeatFor() time.Duration { return 0 }

// Hears implements delivery.Channel: the platform's apps publish what became of a message, with the send_id that came with it.
func (Channel) Hears() []string { return engine.NudgeAnswers() }

// Prepare implements delivery.Channel.
func (c Channel) Prepare(s engine.Send, to delivery.Recipient, m delivery.Message, _ content.Outward) func(context.Context) (delivery.Receipt, error) {
	composed, err := newMessage(s, m, c.now())
	tokens := profile.PushTokens(to.Profile.Traits)
	return func(ctx context.Context) (delivery.Receipt, error) {
		if err != nil {
			return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Message: err.Error(), Err: err}
		}
		results := make([]result, len(tokens))
		var all sync.WaitGroup
		for i, token := range tokens {
			all.Go(func() { results[i] = c.pushTo(ctx, composed, token) })
		}
		all.Wait()
		for _, r := range results {
			if errors.Is(r.err, errTokenGone) {
				_ = c.tokens.DropToken(ctx, s.Learner, r.token) // the next message finds out again
			}
		}
		return outcomeOf(results)
	}
}

// pushTo hands the message to one app.
func (c Channel) pushTo(ctx context.Context, m message, token string) result {
	m.Token = token
	body, err := json.Marshal(struct {
		Message message `json:"message"`
	}{m})
	if err != nil {
		return result{token: token, err: &delivery.Error{Class: delivery.Final, Message: fmt.Sprintf("the message cannot be written as JSON: %v", err), Err: err}}
	}
	receipt, err := c.pusher.Push(ctx, Push{Token: token, Body: body})
	return result{token: token, receipt: receipt, err: err}
}
