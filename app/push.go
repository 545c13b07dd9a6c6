package app

import (
	"context"
	"fmt"
	"os"
	"time"

	"homeroom/delivery/push"
	"homeroom/profile"
	"homeroom/store"
)

// PushOptions are how the channel push reaches apps.
type PushOptions struct {
	Account PushAccount // who sends; the zero account: nothing is sent, and messages wait
	Host    string      // of Firebase, as a URL; default: Google's
}

// PushAccount is a service account of Google's.
type PushAccount = push.Account

// ReadPushAccount reads the file of a service account.
func ReadPushAccount(file string) (PushAccount, error) {
	f, err := os.Open(file)
	if err != nil {
		return PushAccount{}, fmt.Errorf("reading the service account: %w", err)
	}
	defer f.Close()
	account, err := push.ReadAccount(f)
	if err != nil {
		return PushAccount{}, fmt.Errorf("%s: %w", file, err)
	}
	return account, nil
}

// NewPusher returns the client that hands messages to apps. Its times are those of the machine, as Google's are.
func NewPusher(o PushOptions) (*push.Client, error) {
	return push.New(push.Options{Account: o.Account, Host: o.Host, Now: time.Now})
}

// pushTokens drops tokens in learners' profiles. It implements push.Tokens.
type pushTokens struct {
	profiles *store.Profiles
	now      func() time.Time
}

// DropToken implements push.Tokens.
func (t pushTokens) DropToken(ctx context.Context, learner, token string) error {
	return t.profiles.Change(ctx, learner, func(p *profile.Profile) bool { return p.DropToken(token, t.now()) })
}
