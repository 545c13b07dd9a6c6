package cli

import (
	"fmt"
	"net"

	"homeroom/app"
)

// APIFlags say how events are taken over HTTP.
type APIFlags struct {
	APIListen     string `name:"api-listen" env:"HOMEROOM_API_LISTEN" default:":8081" help:"Where the role api takes events, for plain HTTP behind a proxy that has the certificate. Default: ${default}." placeholder:"[HOST]:PORT"`
	SourceSecrets string `name:"source-secrets-file" env:"HOMEROOM_SOURCE_SECRETS_FILE" type:"existingfile" help:"The secrets with which platforms sign what they post to /v1/sources/NAME: lines of a source's name and its secret. Without one, a write key is needed." placeholder:"FILE"`
}

// options opens the listener.
func (f APIFlags) options() (*app.APIOptions, error) {
	var secrets app.SourceSecrets
	if f.SourceSecrets != "" {
		var err error
		if secrets, err = app.ReadSourceSecrets(f.SourceSecrets); err != nil {
			return nil, usage(err)
		}
	}
	listener, err := net.Listen("tcp", f.APIListen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s for events: %w; choose another address with --api-listen", f.APIListen, err)
	}
	return &app.APIOptions{Listener: listener, Secrets: secrets}, nil
}
