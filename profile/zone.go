package profile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the same zones on every machine
)

// fixedOffset is a time zone that is written as whole hours from UTC: UTC+2, GMT-03:00, +0100.
var fixedOffset = regexp.MustCompile(`^(?i:UTC|GMT|Etc/UTC|Etc/GMT)? ?([+-])(\d{1,2})(?::?00)?$`)

// maxZone is the longest text that is looked for among the time zones, in bytes.
const maxZone = 64

// ZoneName returns the IANA name of the time zone that a publisher means: the name as it is, in whatever case, or Etc/GMT… for an offset of whole hours. ok is false if
// there is none; offsets with minutes have none.
func ZoneName(text string) (name string, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxZone || strings.EqualFold(text, "local") {
		return "", false
	}
	if m := fixedOffset.FindStringSubmatch(text); m != nil && !strings.HasPrefix(text, "Etc/GMT") { // whose signs are the other way round
		return offsetZone(m[1], m[2])
	}
	for _, candidate := range []string{text, capitalizeZone(text), strings.ToUpper(text)} {
		if _, err := time.LoadLocation(candidate); err == nil {
			return candidate, true
		}
	}
	return "", false
}

// offsetZone returns the zone that is so many hours ahead of UTC, or behind. In the names of these zones the sign says how far UTC is ahead.
func offsetZone(sign, hours string) (name string, ok bool) {
	n, err := strconv.Atoi(hours)
	switch {
	case err != nil:
		return "", false
	case n == 0:
		return "UTC", true
	case sign == "+" && n <= 14:
		return fmt.Sprintf("Etc/GMT-%d", n), true
	case sign == "-" && n <= 12:
		return fmt.Sprintf("Etc/GMT+%d", n), true
	}
	return "", false
}

// capitalizeZone writes a name as IANA does: america/NEW_york is America/New_York. The small words of Port_of_Spain and its like stay small.
func capitalizeZone(text string) string {
	var b strings.Builder
	start := true
	lower := strings.ToLower(text)
	for i := 0; i < len(lower); i++ {
		c := lower[i]
		switch {
		case c == '/', c == '_', c == '-':
			start = true
		case start:
			start = false
			word := lower[i:]
			if end := strings.IndexAny(word, "/_-"); end >= 0 {
				word = word[:end]
			}
			if word != "of" && word != "es" && word != "au" && 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
