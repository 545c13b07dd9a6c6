package cli

import (
	"homeroom/admin"
	"homeroom/app"
)

// PushFlags say how the process hands messages to learners' apps.
type PushFlags struct {
	PushAccount string `name:"push-account-file" env:"HOMEROOM_PUSH_ACCOUNT_FILE" type:"existingfile" help:"The service account that channel: push sends with, as the Firebase console makes the file. Without it, messages on that channel wait." placeholder:"FILE"`
	PushURL     string `name:"push-url" env:"HOMEROOM_PUSH_URL" help:"Where Firebase Cloud Messaging is. Default: Google's. Its token server is the service account's to say." placeholder:"URL"`
}

// pushOptions reads the service account.
func (f PushFlags) pushOptions() (app.PushOptions, error) {
	o := app.PushOptions{Host: f.PushURL}
	if f.PushAccount == "" {
		return o, nil
	}
	var err error
	if o.Account, err = app.ReadPushAccount(f.PushAccount); err != nil {
		return o, usage(err)
	}
	return o, nil
}

// pushCheck returns what the doctor asks the service account by; nil: there is none.
func (f PushFlags) pushCheck() func() (admin.Push, error) {
	if f.PushAccount == "" {
		return nil
	}
	return func() (admin.Push, error) {
		account, err := app.ReadPushAccount(f.PushAccount)
		if err != nil {
			return nil, err
		}
		return app.NewPusher(app.PushOptions{Account: account, Host: f.PushURL})
	}
}
