package cli

import (
	"context"
	"fmt"
	"strings"

	"homeroom/admin"
	"homeroom/internal/cells"
)

// DoctorCmd is `homeroom doctor`.
type DoctorCmd struct {
	NATSFlags
	SendGridFlags
	PushFlags
	PublicURL string `env:"HOMEROOM_PUBLIC_URL" help:"Where learners reach Homeroom's pages. Default: not checked." placeholder:"URL"`
	Format    string `help:"How to print: text or json." enum:"text,json" default:"text"`
}

// Help is shown by `homeroom doctor --help`.
func (*DoctorCmd) Help() string {
	return `Reaches everything that serve would reach, with the same flags and variables, and says what is wrong and what to do: NATS,
its streams and consumers, the rules in force and who runs them, the kill switch, dead letters, Temporal, its namespace and
search attributes, SendGrid's key and the sender, and the service account of channel: push if there is one. It changes nothing and sends nothing. It ends with exit code 1 if
something is wrong (✗); warnings (!) are for people.

Example:
  homeroom doctor --nats nats://nats.internal:4222 --public-url https://learn.example.org
  homeroom doctor --format json | jq '.checks[] | select(.verdict != "ok")'`
}

// Run examines and prints.
func (c *DoctorCmd) Run(ctx context.Context, o IO) error {
	report := admin.Doctor(ctx, admin.DoctorOptions{
		NATS: c.natsOptions(),
		Mail: func() (admin.Mail, error) {
			sender, err := c.newSender()
			if err != nil {
				return nil, err
			}
			return sender, nil
		},
		MailHost:  c.SendGridHost,
		Push:      c.pushCheck(),
		PublicURL: c.PublicURL,
		Now:       o.Now,
	})
	if err := printDoctorReport(o, c.Format, report); err != nil {
		return err
	}
	if !report.Healthy {
		return ExitError{Code: 1}
	}
	return nil
}

func printDoctorReport(o IO, format string, report admin.DoctorReport) error {
	if format == "json" {
		return printJSON(o.Out, report)
	}
	_, err := fmt.Fprint(o.Out, doctorText(o, report.Checks))
	return err
}

// doctorColumns is how many columns the doctor's lines have at most.
const doctorColumns = 80

// wrapLines breaks each line of a text between words into lines of at most so many columns.
func wrapLines(text string, most int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, cells.Wrap(line, most)...)
	}
	return lines
}

// doctorText writes a line for each check, and below it what to do.
func doctorText(o IO, findings []admin.Finding) string {
	signs := map[admin.FindingStatus]string{
		admin.StatusOK:         o.paint("32", "✓"),
		admin.StatusWarning:    o.paint("33", "!"),
		admin.StatusFailed:     o.paint("31", "✗"),
		admin.StatusNotChecked: o.paint("2", "–"),
	}
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Check))
	}
	var b strings.Builder
	counts := map[admin.FindingStatus]int{}
	indent := "\n" + strings.Repeat(" ", width+4)
	for _, f := range findings {
		counts[f.Status]++
		lines := wrapLines(f.Says, doctorColumns-width-4)
		if f.Do != "" {
			for i, line := range wrapLines(f.Do, doctorColumns-width-6) {
				arrow := "→ "
				if i > 0 {
					arrow = "  "
				}
				lines = append(lines, arrow+line)
			}
		}
		fmt.Fprintf(&b, "%s %-*s  %s\n", signs[f.Status], width, f.Check, strings.Join(lines, indent))
	}
	fmt.Fprintf(&b, "\n%d fine, %d to know about, %d wrong", counts[admin.StatusOK], counts[admin.StatusWarning], counts[admin.StatusFailed])
	if n := counts[admin.StatusNotChecked]; n > 0 {
		fmt.Fprintf(&b, ", %d not checked", n)
	}
	b.WriteString(".\n")
	return b.String()
}
