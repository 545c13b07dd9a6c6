package main

import (
	"bytes"
	"errors"
	"fmt"

	"homeroom/app"
	"homeroom/delivery/push"
	"homeroom/dev/campus"
	"homeroom/dev/stack"
	"homeroom/internal/pushstandin"
)

// phones are the apps of the campus, behind a stand-in Firebase.
type phones struct {
	url  string // of the stand-in
	push app.PushOptions
}

// startPhones starts a stand-in Firebase that runs as long as the stack. The apps on old phones of the term answer no more.
func startPhones(s *stack.Stack, term []termEvent) (phones, error) {
	firebase, err := pushstandin.New(pushstandin.Options{})
	if err != nil {
		return phones{}, err
	}
	listener, err := firebase.Start("127.0.0.1:0")
	if err != nil {
		return phones{}, err
	}
	s.OnStop("the stand-in Firebase", listener.Stop)
	firebase.Expire(campus.OldTokens(term)...)
	file, err := listener.Account()
	account, err2 := push.ReadAccount(bytes.NewReader(file))
	if err := errors.Join(err, err2); err != nil {
		return phones{}, fmt.Errorf("making a service account: %w", err)
	}
	return phones{url: listener.URL(), push: app.PushOptions{Account: account, Host: listener.URL()}}, nil
}
