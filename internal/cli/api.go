package cli

import (
	"fmt"
	"net"

	"homeroom/app"
)

// APIFlags say how events are taken over HTTP.
type APIFlags struct {
	APIListen string `name:"api-listen" env:"HOMEROOM_API_LISTEN" default:":8081" help:"Where the role api takes events, for plain HTTP behind a proxy that has the certificate." placeholder:"[HOST]:PORT"`
}

// options opens the listener.
func (f APIFlags) options() (*app.APIOptions, error) {
	listener, err := net.Listen("tcp", f.APIListen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s for events: %w; choose another address with --api-listen", f.APIListen, err)
	}
	return &app.APIOptions{Listener: listener}, nil
}
