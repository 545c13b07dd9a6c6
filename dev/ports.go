package main

import (
	"errors"
	"fmt"

	"homeroom/dev/stack"
)

// portFlags are the flags for the servers' ports. Every command that may meet a taken port embeds them.
type portFlags struct {
	NATSPort     int `name:"nats-port" default:"4222" placeholder:"PORT" help:"Port of NATS; 0 takes a free one. Default: ${default}."`
	TemporalPort int `name:"temporal-port" default:"7233" placeholder:"PORT" help:"Port of Temporal. Default: ${default}."`
	UIPort       int `name:"ui-port" default:"8233" placeholder:"PORT" help:"Port of the Temporal UI. Default: ${default}."`
	EdgePort     int `name:"edge-port" default:"8026" placeholder:"PORT" help:"Port of the learners' pages: unsubscribe, preferences, share links. Default: ${default}."`
	ConsolePort  int `name:"console-port" default:"8024" placeholder:"PORT" help:"Port of the console, where rules are written, tried and published. Default: ${default}."`
	APIPort      int `name:"api-port" default:"8081" placeholder:"PORT" help:"Port on which events are taken over HTTP. Default: ${default}."`
	InboxPort    int `name:"inbox-port" default:"8025" placeholder:"PORT" help:"Port of the inbox and the stand-in SendGrid API. Default: ${default}."`
}

func (p portFlags) stackPorts() stack.Ports {
	return stack.Ports{NATS: p.NATSPort, Temporal: p.TemporalPort, UI: p.UIPort, Inbox: p.InboxPort, Edge: p.EdgePort, Console: p.ConsolePort, API: p.APIPort}
}

// flagOf holds the flag that changes a server's port, by server.
var flagOf = map[string]string{
	stack.ServerNATS: "--nats-port", stack.ServerTemporal: "--temporal-port", stack.ServerUI: "--ui-port", stack.ServerInbox: "--inbox-port", stack.ServerEdge: "--edge-port",
	stack.ServerConsole: "--console-port", stack.ServerAPI: "--api-port",
}

// explainPorts adds to every *stack.PortError the flag that chooses another port.
func explainPorts(err error) error {
	if err == nil {
		return nil
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	for i, err := range list {
		var taken *stack.PortError
		if errors.As(err, &taken) {
			list[i] = fmt.Errorf("%w; choose another with %s", err, flagOf[taken.Server])
		}
	}
	return errors.Join(list...)
}
