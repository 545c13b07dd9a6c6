package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/app"
	"homeroom/doctor"
)

// DoctorCmd is `homeroom doctor`.
type DoctorCmd struct {
	NATSFlags
	SendGridFlags
	PublicURL string `env:"HOMEROOM_PUBLIC_URL" help:"Where learners reach Homeroom's pages. Default: not checked." placeholder:"URL"`
	Format    string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom doctor --help`.
func (*DoctorCmd) Help() string {
	return `Reaches everything that serve would reach, with the same flags and variables, and says what is wrong and what to do: NATS,
its streams and consumers, the rules in force and who runs them, the kill switch, dead letters, Temporal, its namespace and
search attributes, SendGrid's key and the sender. It changes nothing and sends nothing. It ends with exit code 1 if
something is wrong (✗); warnings (!) are for people.

Example:
  homeroom doctor --nats nats://nats.internal:4222 --public-url https://learn.example.org
  homeroom doctor --format json | jq '.checks[] | select(.verdict != "ok")'`
}

// doctorReport is what --format json prints.
type doctorReport struct {
	Healthy bool             `json:"healthy"`
	Checks  []doctor.Finding `json:"checks"`
}

// Run examines and prints.
func (c *DoctorCmd) Run(ctx context.Context, o IO) error {
	findings := doctor.Examine(ctx, doctor.Options{
		NATS: func() (*nats.Conn, jetstream.JetStream, error) { return c.connect("homeroom doctor") },
		Temporal: func(ctx context.Context) (client.Client, string, error) {
			return dialTemporal(ctx)
		},
		Mail: func() (doctor.Mail, error) {
			sender, err := c.newSender()
			if err != nil {
				return nil, err
			}
			return sender, nil
		},
		MailHost:         c.SendGridHost,
		SearchAttributes: app.SearchAttributes(),
		PublicURL:        c.PublicURL,
		HTTP:             &http.Client{Timeout: 10 * time.Second},
		Now:              o.Now,
	})
	healthy := doctor.Healthy(findings)
	if c.Format == "json" {
		encoder := json.NewEncoder(o.Out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(doctorReport{healthy, findings}); err != nil {
			return err
		}
	} else if _, err := fmt.Fprint(o.Out, doctorText(o, findings)); err != nil {
		return err
	}
	if !healthy {
		return ExitError{Code: 1}
	}
	return nil
}

// doctorText is one line per check, and below it what to do.
func doctorText(o IO, findings []doctor.Finding) string {
	signs := map[doctor.Verdict]string{
		doctor.OK: o.paint("32", "✓"), doctor.Warning: o.paint("33", "!"), doctor.Failed: o.paint("31", "✗"), doctor.NotChecked: o.paint("2", "–"),
	}
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Check))
	}
	var b strings.Builder
	counts := map[doctor.Verdict]int{}
	indent := "\n" + strings.Repeat(" ", width+4)
	for _, f := range findings {
		counts[f.Verdict]++
		fmt.Fprintf(&b, "%s %-*s  %s", signs[f.Verdict], width, f.Check, strings.ReplaceAll(f.Says, "\n", indent))
		if f.Do != "" {
			b.WriteString(indent + "→ " + f.Do)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\n%d fine, %d to know about, %d wrong", counts[doctor.OK], counts[doctor.Warning], counts[doctor.Failed])
	if n := counts[doctor.NotChecked]; n > 0 {
		fmt.Fprintf(&b, ", %d not checked", n)
	}
	b.WriteString(".\n")
	return b.String()
}
