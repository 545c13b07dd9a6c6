package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"homeroom/dev/stack"
)

// addresses are where the parts that the stack does not know are found.
type addresses struct {
	console, pages, api, phones string
	key                         string // for api
	data                        string // folder of --data; empty: nothing is kept
}

// printBanner prints the addresses of all servers, in 80 columns.
func printBanner(out io.Writer, s *stack.Stack, at addresses) error {
	kept := "in memory, gone at the end (--data DIR keeps it)"
	if at.data != "" {
		kept = at.data
	}
	lines := []struct{ name, address, about string }{
		{"Console", at.console, "write, try and publish rules"},
		{"Inbox", s.InboxURL, "learners' mail; the SendGrid API"},
		{"Learners' pages", at.pages, "where the links in mails lead"},
		{"Events over HTTP", at.api, "POST /v1/events with the write key"},
		{"Write key", at.key, ""},
		{"Phones", at.phones + "/pushes", ""},
		{"Temporal UI", s.UIURL, "one workflow per learner"},
		{"Temporal", s.TemporalAddress, "namespace " + s.Namespace},
		{"NATS", s.NATSURL, "publish learning.<learner>.<event>"},
		{"Data", kept, ""},
	}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprint(w, "\nHomeroom is up, on this machine only. Ctrl-C stops it.\n\n")
	for _, l := range lines {
		if l.about == "" {
			_, _ = fmt.Fprintf(w, "  %s\t%s\n", l.name, l.address)
			continue
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\n", l.name, l.address, l.about)
	}
	_, _ = fmt.Fprintln(w)
	return w.Flush() // the writer remembers the first error
}
