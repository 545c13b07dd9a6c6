package stack

import (
	"errors"
	"fmt"

	"homeroom/dev/servers"
)

// Ports are where the servers listen on the loopback interface; 0 is a free port.
type Ports struct {
	NATS     int
	Temporal int
	UI       int
	Inbox    int
	Edge     int // Homeroom's own pages; see package instance
	Console  int // the console, which the caller serves
	API      int // events over HTTP; see package instance
}

// The servers, as errors name them.
const (
	ServerNATS     = "NATS server"
	ServerTemporal = "Temporal server"
	ServerUI       = "Temporal UI"
	ServerInbox    = "inbox"
	ServerEdge     = "learners' pages"
	ServerConsole  = "console"
	ServerAPI      = "API for events"
	serverPostgres = "PostgreSQL server"
)

// PortError says that a server cannot use its port. Server is one of the constants above.
type PortError struct {
	Server string
	Port   int
	Err    error
}

// Error names the server and the port.
func (e *PortError) Error() string { return fmt.Sprintf("the %s can't start: %v", e.Server, e.Err) }

// Unwrap returns the cause.
func (e *PortError) Unwrap() error { return e.Err }

// Check checks all ports before any server starts. The result joins one *PortError for each port that cannot be used.
func (p Ports) Check() error {
	var errs []error
	first := map[int]string{}
	for _, want := range []struct {
		server string
		port   int
	}{{ServerNATS, p.NATS}, {ServerTemporal, p.Temporal}, {ServerUI, p.UI}, {ServerInbox, p.Inbox}, {ServerEdge, p.Edge}, {ServerConsole, p.Console}, {ServerAPI, p.API}} {
		err := servers.CheckPort(want.port)
		if other, twice := first[want.port]; twice && want.port != 0 {
			err = fmt.Errorf("port %d is meant for the %s too", want.port, other)
		}
		if err != nil {
			errs = append(errs, &PortError{Server: want.server, Port: want.port, Err: err})
		}
		first[want.port] = want.server
	}
	return errors.Join(errs...)
}
