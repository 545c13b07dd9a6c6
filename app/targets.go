package app

import (
	"fmt"
	"os"
	"time"

	"homeroom/delivery/webhook"
)

// TargetOptions are what a process knows of the targets of the channel webhook. Their addresses are in settings.yaml.
type TargetOptions struct {
	Secrets      TargetSecrets // a target without one is not posted to
	PrivateHosts []string      // that may be posted to although their addresses are not public: "host" or "host:port"
}

// TargetSecrets are the secrets with which posts are signed, by target.
type TargetSecrets = webhook.Secrets

// ReadTargetSecrets reads a file of lines "target whsec_…".
func ReadTargetSecrets(file string) (TargetSecrets, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the secrets of targets: %w", err)
	}
	defer f.Close()
	secrets, err := webhook.ReadSecrets(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return secrets, nil
}

// newTargets returns the client that posts to targets. Posts are signed with the time of the machine: targets compare it with theirs.
func newTargets(o TargetOptions) (*webhook.Client, error) {
	return webhook.New(webhook.Options{Secrets: o.Secrets, PrivateHosts: o.PrivateHosts, Now: time.Now})
}
