package cli

import "homeroom/app"

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
