package cli

import "homeroom/app"

// TargetFlags say what the process knows of the targets that messages are posted to.
type TargetFlags struct {
	TargetSecrets string   `name:"target-secrets-file" env:"HOMEROOM_TARGET_SECRETS_FILE" type:"existingfile" help:"The secrets of the targets that channel: webhook posts to: lines of a target's name and whsec_…. A target without one is not posted to." placeholder:"FILE"`
	TargetPrivate []string `name:"target-private" env:"HOMEROOM_TARGET_PRIVATE" help:"Hosts of targets that may have addresses that are not public, and no TLS. Default: none." placeholder:"HOST[:PORT]"`
}

// targetOptions reads the secrets.
func (f TargetFlags) targetOptions() (app.TargetOptions, error) {
	o := app.TargetOptions{PrivateHosts: f.TargetPrivate}
	if f.TargetSecrets == "" {
		return o, nil
	}
	var err error
	if o.Secrets, err = app.ReadTargetSecrets(f.TargetSecrets); err != nil {
		return o, usage(err)
	}
	return o, nil
}
