package activities

import (
	"fmt"
	"strings"
	"time"

	"homeroom/internal/narrate"
)

// cardStyle writes a decision for the card: names of messages in italics, what came from outside so that Markdown shows
// it as it is, and instants in UTC.
var cardStyle = narrate.Style{
	Message: func(name string) string { return "*" + plainText(name) + "*" },
	Text:    func(text string) string { return plainText(clipText(text, maxDetail)) },
	Time:    formatMoment,
}

// maxDetail is the length, in bytes, of the longest detail that a card shows.
const maxDetail = 160

// formatMoment writes an instant in UTC, with seconds only if they are not zero.
func formatMoment(t time.Time) string {
	t = t.UTC()
	if t.Second() != 0 {
		return t.Format("Mon 2 Jan 2006 15:04:05 UTC")
	}
	return t.Format("Mon 2 Jan 2006 15:04 UTC")
}

// localTime writes the same instant in the learner's time zone, for instance " (in their zone 15:00 Berlin)". It is empty
// if the zone is unknown or its clocks show the same time as UTC.
func localTime(t time.Time, zone string) string {
	if zone == "" {
		return ""
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return ""
	}
	there := t.In(place)
	if _, offset := there.Zone(); offset == 0 {
		return ""
	}
	layout := "15:04"
	if there.Weekday() != t.UTC().Weekday() {
		layout = "Mon 15:04"
	}
	name := zone[strings.LastIndexByte(zone, '/')+1:]
	return fmt.Sprintf(" (in their zone %s %s)", there.Format(layout), plainText(strings.ReplaceAll(name, "_", " ")))
}

// markdown are the characters that would format text instead of being read.
var markdown = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`,
	"#", `\#`, "|", `\|`, "\n", " ", "\r", " ")

// plainText escapes text that came from outside, so that Markdown shows it as it is, and clips it to 200 bytes.
func plainText(s string) string { return markdown.Replace(clipText(s, 200)) }

// clipText cuts text to at most n bytes, between two characters.
func clipText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[:n-len("…")]
	return strings.ToValidUTF8(s, "") + "…"
}
