package printing

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"homeroom/admin"
	"homeroom/internal/cells"
	"homeroom/internal/narrate"
	"homeroom/rules"
)

// WriteFolderCheck prints what is wrong with a folder, of which folder is the name, and what it has.
func WriteFolderCheck(o IO, folder string, check *admin.FolderCheck) error {
	if err := check.Problems.Format(o.Out, o.Color); err != nil {
		return err
	}
	var b strings.Builder
	found := "no problems"
	if len(check.Problems) > 0 {
		b.WriteString("\n")
		found = countProblems(check.Problems)
	}
	for _, missing := range check.Untranslated {
		fmt.Fprintf(&b, "note: not written in %s: %s\n", missing.Locale, strings.Join(missing.Messages, ", "))
	}
	for _, note := range check.NeedsEvents {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	if check.OK {
		fmt.Fprintf(&b, "%s: %s, %s, %s known, ", folder, narrate.Count(check.Rules, "rule"), narrate.Count(check.Messages, "message"), narrate.Count(check.Events, "event"))
	}
	b.WriteString(found + "\n")
	_, err := io.WriteString(o.Out, b.String())
	return err
}

// countProblems counts problems and warnings in words.
func countProblems(problems rules.Problems) string {
	errors := problems.Errors()
	warnings := problems.Warnings()
	switch {
	case warnings == 0:
		return narrate.Count(errors, "problem")
	case errors == 0:
		return narrate.Count(warnings, "warning")
	}
	return narrate.Count(errors, "problem") + ", " + narrate.Count(warnings, "warning")
}

// WriteTestRun prints a line for each file of tests, the timelines of those that failed, and the sum.
func WriteTestRun(o IO, run *admin.TestRun) error {
	failed := 0
	for _, file := range run.Files() {
		sign := o.paint("32", "ok  ")
		count := narrate.Count(file.Tests, "test")
		if file.Failed > 0 {
			sign = o.paint("31", "FAIL")
			count = fmt.Sprintf("%d of %s", file.Failed, count)
		}
		fmt.Fprintf(o.Out, "%s  %s  %s\n", sign, file.Name, count)
		for _, result := range file.Failures {
			fmt.Fprintln(o.Out)
			if err := result.Write(o.Out, o.Color); err != nil {
				return err
			}
			fmt.Fprintln(o.Out)
		}
		failed += file.Failed
	}
	if err := run.Problems.Format(o.Out, o.Color); err != nil {
		return err
	}
	total := len(run.Results) + len(run.Sources)
	sum := fmt.Sprintf("%d of %s failed", failed, narrate.Count(total, "test"))
	switch {
	case len(run.Problems) > 0:
		sum += fmt.Sprintf(", %s in test files", narrate.Count(len(run.Problems), "problem"))
	case total == 0:
		sum = "no tests to run"
	case failed == 0:
		sum = narrate.Count(total, "test") + " passed"
	}
	_, err := fmt.Fprintln(o.Out, sum)
	return err
}

// MessagesText lists messages.
func MessagesText(messages []admin.MessageInfo) string {
	return Table(func(row func(...any)) {
		row("MESSAGE", "LOCALES", "TOPIC", "SENT BY", "SUBJECT")
		for _, m := range messages {
			locales := slices.Clone(m.Locales)
			locales[0] = "default" // there always is one, and "" comes first
			row(m.Name, strings.Join(locales, ", "), cmp.Or(m.Topic, "-"), cmp.Or(strings.Join(m.SentBy, ", "), "-"), m.Subject)
		}
	})
}

// TestMailText says what became of a test mail; sandbox: SendGrid only checked it.
func TestMailText(m *admin.TestMail, sandbox bool) string {
	what := fmt.Sprintf("%q (%s, %s) to %s from %s", m.Subject, cells.Printable(m.Message), cmp.Or(cells.Printable(m.Locale), "default locale"), cells.Printable(m.To), cells.Printable(m.From))
	if sandbox {
		return fmt.Sprintf("SendGrid checked %s, and delivers nothing: sandbox mode.", what)
	}
	id := ""
	if m.MessageID != "" {
		id = " as " + cells.Printable(m.MessageID)
	}
	return fmt.Sprintf("SendGrid took %s%s. It should be there in a minute.", what, id)
}

// PreviewText writes a message as plain text, its subject and preheader first.
func PreviewText(p *admin.Preview) string {
	head := "Subject:   " + p.Subject + "\n"
	if p.Preheader != "" {
		head += "Preheader: " + p.Preheader + "\n"
	}
	return fmt.Sprintf("%s\n%s\n", head, strings.TrimRight(p.Text, "\n"))
}
