package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"homeroom/dev/stack"
)

// printBanner prints the addresses of all servers.
func printBanner(out io.Writer, s *stack.Stack, console, pages, api, key, data string) error {
	kept := "in memory, gone at the end (--data DIR keeps it)"
	if data != "" {
		kept = data
	}
	lines := []struct{ name, address, about string }{
		{"Console", console, "write rules, try them, publish them, see what they did"},
		{"Inbox", s.InboxURL, "what learners would get; also the SendGrid API"},
		{"Learners' pages", pages, "unsubscribe, preferences, share links: follow them from the inbox"},
		{"Events over HTTP", api, "POST /v1/events with the write key " + key},
		{"Temporal UI", s.UIURL, "one workflow per learner"},
		{"Temporal", s.TemporalAddress, "namespace " + s.Namespace},
		{"NATS", s.NATSURL, "publish to learning.<learner>.<event>"},
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
